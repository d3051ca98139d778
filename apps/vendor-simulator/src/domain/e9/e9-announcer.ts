import type { Clock, Log } from '@cc/kernel';
import type { Pace } from '../pace';
import type { SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import type { Timers } from '../timers';
import type { CallbackSender } from './callback-sender';
import { arrangeDeliveries, notificationXml, notificationsOf, type E9Delivery, type E9Notification } from './e9-notification';

export interface AnnouncerTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly log: Log;
}

interface Waiting {
  readonly notification: E9Notification;
  readonly callOff: () => void;
}

const IDLE_SECONDS = 0.05;

/** Sends the callbacks of every call when they are due, those of one call one after the other, each once. */
export class E9Announcer {
  private readonly waiting = new Map<string, Set<Waiting>>();
  private readonly sending = new Map<string, Promise<void>>();

  constructor(
    private readonly tools: AnnouncerTools,
    private readonly sender: CallbackSender,
    private readonly appId: string,
  ) {}

  /** Plans every callback of a new call. */
  announce(call: SimulatedCall): void {
    for (const delivery of arrangeDeliveries(notificationsOf(call), call.scenario.callbacks, this.tools.pace)) this.plan(delivery, call);
  }

  /** The call ended before its time: what will not happen is not reported, the end is. */
  announceEnd(call: SimulatedCall): void {
    const waiting = this.waiting.get(call.id) ?? new Set();
    for (const one of waiting) {
      if (one.notification.occurredAt <= call.times.endedAt) continue;
      one.callOff();
      waiting.delete(one);
    }
    const end = notificationsOf(call).filter(({ action }) => action === 'Hangup');
    for (const delivery of arrangeDeliveries(end, call.scenario.callbacks, this.tools.pace)) this.plan(delivery, call);
  }

  private plan({ notification, sendAt }: E9Delivery, call: SimulatedCall): void {
    const waiting = this.waiting.get(call.id) ?? new Set();
    this.waiting.set(call.id, waiting);
    const due = (): void => {
      waiting.delete(one);
      if (waiting.size === 0) this.waiting.delete(call.id);
      this.enqueue(notification, call);
    };
    const one: Waiting = { notification, callOff: this.tools.timers.after(sendAt - this.tools.clock.nowMs(), due) };
    waiting.add(one);
  }

  private enqueue(notification: E9Notification, call: SimulatedCall): void {
    const before = this.sending.get(call.id) ?? Promise.resolve();
    const sent = before.then(() => this.send(notification, call));
    this.sending.set(call.id, sent);
    void sent.then(() => {
      if (this.sending.get(call.id) === sent) this.sending.delete(call.id);
    });
  }

  private async send(notification: E9Notification, call: SimulatedCall): Promise<void> {
    const { log, pace, tally, timers } = this.tools;
    const outcome = await this.sender.send(notificationXml(notification, call, this.appId));
    const result = outcome.kind === 'failed' ? 'failed' : outcome.status === 200 ? 'acknowledged' : 'refused';
    tally.add(`e9.callback.${result}`);
    if (result !== 'acknowledged') log.warn('callback was not taken and is not repeated', { callId: call.id, action: notification.action, outcome });
    await timers.pause(pace.ms(IDLE_SECONDS));
  }
}
