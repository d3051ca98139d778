import type { Clock } from '@cc/kernel';
import type { Delivery, Reported } from './deliveries';
import type { Pace } from './pace';
import type { SimulatedCall } from './simulated-call';
import type { Timers } from './timers';

interface Waiting {
  readonly occurredAt: number;
  readonly callOff: () => void;
}

const IDLE_SECONDS = 0.05;

/** Hands the callbacks of every call to `deliver` when they are due, those of one call one after the other, each once. */
export class CallbackSchedule<N extends Reported> {
  private readonly waiting = new Map<string, Set<Waiting>>();
  private readonly sending = new Map<string, Promise<void>>();

  /** @param deliver never rejects. */
  constructor(
    private readonly tools: { readonly clock: Clock; readonly timers: Timers; readonly pace: Pace },
    private readonly deliver: (notification: N, call: SimulatedCall) => Promise<void>,
  ) {}

  plan(call: SimulatedCall, deliveries: readonly Delivery<N>[]): void {
    // One moment for all: what is due at the same time then goes in the order of the list.
    const nowMs = this.tools.clock.nowMs();
    for (const delivery of deliveries) this.planOne(delivery, call, nowMs);
  }

  /** What would report something after `atMs` is never sent. */
  callOffAfter(call: SimulatedCall, atMs: number): void {
    const waiting = this.waiting.get(call.id) ?? new Set();
    for (const one of waiting) {
      if (one.occurredAt <= atMs) continue;
      one.callOff();
      waiting.delete(one);
    }
  }

  private planOne({ notification, sendAt }: Delivery<N>, call: SimulatedCall, nowMs: number): void {
    const waiting = this.waiting.get(call.id) ?? new Set();
    this.waiting.set(call.id, waiting);
    const due = (): void => {
      waiting.delete(one);
      if (waiting.size === 0) this.waiting.delete(call.id);
      this.enqueue(notification, call);
    };
    const one: Waiting = { occurredAt: notification.occurredAt, callOff: this.tools.timers.after(sendAt - nowMs, due) };
    waiting.add(one);
  }

  private enqueue(notification: N, call: SimulatedCall): void {
    const before = this.sending.get(call.id) ?? Promise.resolve();
    const sent = before.then(() => this.deliver(notification, call)).then(() => this.tools.timers.pause(this.tools.pace.ms(IDLE_SECONDS)));
    this.sending.set(call.id, sent);
    void sent.then(() => {
      if (this.sending.get(call.id) === sent) this.sending.delete(call.id);
    });
  }
}
