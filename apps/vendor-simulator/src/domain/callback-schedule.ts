import type { Clock } from '@cc/kernel';
import type { Delivery, Reported } from './deliveries';
import type { Pace } from './pace';
import type { SimulatedCall } from './simulated-call';
import type { Timers } from './timers';

/** The callbacks of one call. */
interface Course {
  /** As it was planned last: what is sent speaks of it. */
  call: SimulatedCall;
  /** How to call off what is still to come, by name. */
  readonly waiting: Map<string, () => void>;
  /** What was handed over. */
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

  /**
   * Plans all the deliveries of a call whose course is new or has changed, in place of what waits. What was handed over before is not
   * handed over again. @param nameOf tells a notification from the others of its call
   */
  plan(call: SimulatedCall, deliveries: readonly Delivery<N>[], nameOf: (notification: N) => string): void {
    const course = this.courseOf(call);
    for (const callOff of course.waiting.values()) callOff();
    course.waiting.clear();
    // One moment for all: what is due at the same time then goes in the order of the list.
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

  private courseOf(call: SimulatedCall): Course {
    const course = this.courses.get(call.id) ?? { call, waiting: new Map<string, () => void>(), gone: new Set<string>() };
    course.call = call;
    this.courses.set(call.id, course);
    return course;
  }

  private planOne(course: Course, { notification, sendAt }: Delivery<N>, nowMs: number, key: string): void {
    const due = (): void => {
      course.waiting.delete(key);
      course.gone.add(key);
      this.forgetIdle(course);
      this.enqueue(notification, course.call);
    };
    course.waiting.set(key, this.tools.timers.after(Math.max(0, sendAt - nowMs), due));
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
