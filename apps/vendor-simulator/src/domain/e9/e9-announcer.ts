import type { Clock, Log } from '@cc/kernel';
import { CallbackSchedule } from '../callback-schedule';
import type { CallbackSender } from '../callback-sender';
import { arrangeDeliveries } from '../deliveries';
import type { Pace } from '../pace';
import type { SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import type { Timers } from '../timers';
import { notificationXml, notificationsOf, type E9Notification } from './e9-notification';

export interface AnnouncerTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly log: Log;
}

/** Sends the callbacks of every call when they are due, those of one call one after the other, each once. */
export class E9Announcer {
  private readonly schedule: CallbackSchedule<E9Notification>;

  constructor(
    private readonly tools: AnnouncerTools,
    private readonly sender: CallbackSender,
    private readonly appId: string,
  ) {
    this.schedule = new CallbackSchedule(tools, (notification, call) => this.send(notification, call));
  }

  /** Plans every callback of a new call. */
  announce(call: SimulatedCall): void {
    this.schedule.plan(call, arrangeDeliveries(notificationsOf(call), call.scenario.callbacks, this.tools.pace));
  }

  /** The call ended before its time: what will not happen is not reported, the end is. */
  announceEnd(call: SimulatedCall): void {
    this.schedule.callOffAfter(call, call.times.endedAt);
    const end = notificationsOf(call).filter(({ action }) => action === 'Hangup');
    this.schedule.plan(call, arrangeDeliveries(end, call.scenario.callbacks, this.tools.pace));
  }

  private async send(notification: E9Notification, call: SimulatedCall): Promise<void> {
    const { log, tally } = this.tools;
    const outcome = await this.sender.send(notificationXml(notification, call, this.appId));
    const result = outcome.kind === 'failed' ? 'failed' : outcome.status === 200 ? 'acknowledged' : 'refused';
    tally.add(`e9.callback.${result}`);
    if (result !== 'acknowledged') log.warn('callback was not taken and is not repeated', { callId: call.id, action: notification.action, outcome });
  }
}
