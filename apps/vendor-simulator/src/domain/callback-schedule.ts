import type { Clock } from '@cc/kernel';
import type { Delivery, Reported } from './deliveries';
import type { Pace } from './pace';
import type { SimulatedCall } from './simulated-call';
import type { Timers } from './timers';

interface Waiting {
  readonly occurredAt: number;
  readonly callOff: () => void;
}

/** The callbacks of one call. */
interface Course {
  /** As it was planned last: what is sent speaks of it. */
  call: SimulatedCall;
  readonly waiting: Set<Waiting>;
  /** Of those that were planned by name: what was handed over. */
  readonly gone: Set<string>;
}

const IDLE_SECONDS = 0.05;

/** Hands the callbacks of every call to `deliver` when they are due, those of one call one after the other, each once. */
export class CallbackSchedule<N extends Reported> {
  private readonly courses = new Map<string, Course>();
  private readonly sending = new Map<string, Promise<void>>();

  /** @param deliver never rejects. */
  constructor(
    private readonly tools: { readonly clock: Clock; readonly timers: Timers; readonly pace: Pace },
    private readonly deliver: (notification: N, call: SimulatedCall) => Promise<void>,
  ) {}

  /** Plans deliveries beside those that wait already. */
  plan(call: SimulatedCall, deliveries: readonly Delivery<N>[]): void {
    const course = this.courseOf(call);
    // One moment for all: what is due at the same time then goes in the order of the list.
    const nowMs = this.tools.clock.nowMs();
    for (const delivery of deliveries) this.planOne(course, delivery, nowMs, undefined);
  }

  /**
   * Plans all the deliveries of a call whose course is new or has changed, in place of what waits. What was handed over before is not
   * handed over again. @param nameOf tells a notification from the others of its call
   */
  replan(call: SimulatedCall, deliveries: readonly Delivery<N>[], nameOf: (notification: N) => string): void {
    const course = this.courseOf(call);
    for (const one of course.waiting) one.callOff();
    course.waiting.clear();
    const nowMs = this.tools.clock.nowMs();
    const counts = new Map<string, number>();
    for (const delivery of deliveries) {
      const name = nameOf(delivery.notification);
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      const key = `${name}#${count}`;
      if (!course.gone.has(key)) this.planOne(course, delivery, nowMs, key);
    }
    this.forgetIdle(course);
  }

  /** What would report something after `atMs` is never sent. */
  callOffAfter(call: SimulatedCall, atMs: number): void {
    for (const one of this.courses.get(call.id)?.waiting ?? []) {
      if (one.occurredAt <= atMs) continue;
      one.callOff();
      this.courses.get(call.id)?.waiting.delete(one);
    }
  }

  private courseOf(call: SimulatedCall): Course {
    const course = this.courses.get(call.id) ?? { call, waiting: new Set<Waiting>(), gone: new Set<string>() };
    course.call = call;
    this.courses.set(call.id, course);
    return course;
  }

  private planOne(course: Course, { notification, sendAt }: Delivery<N>, nowMs: number, key: string | undefined): void {
    const due = (): void => {
      course.waiting.delete(one);
      if (key !== undefined) course.gone.add(key);
      this.forgetIdle(course);
      this.enqueue(notification, course.call);
    };
    const one: Waiting = { occurredAt: notification.occurredAt, callOff: this.tools.timers.after(Math.max(0, sendAt - nowMs), due) };
    course.waiting.add(one);
  }

  /** The last callback of a call is its end, after which nothing changes any more. */
  private forgetIdle({ call, waiting }: Course): void {
    if (waiting.size === 0) this.courses.delete(call.id);
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
