import type { Clock, Log } from '@cc/kernel';
import { CallbackSchedule } from './callback-schedule';
import { arrangeDeliveries, type Reported } from './deliveries';
import type { Exchange } from './exchange';
import type { Pace } from './pace';
import type { SimulatedCall } from './simulated-call';
import type { Tally } from './tally';
import type { Timers } from './timers';

export interface AnnouncerTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly log: Log;
}

/** The callbacks of one of a vendor's products. */
export interface Announcements<N extends Reported> {
  /** Whether a call is of this product. */
  announces(call: SimulatedCall): boolean;
  /** All that a call as it is planned now gives to report, in the order of what happens, its end last. */
  of(call: SimulatedCall): readonly N[];
  /** Tells a notification from the others of its call. */
  readonly nameOf: (notification: N) => string;
  /** Never rejects. */
  deliver(notification: N, call: SimulatedCall): Promise<void>;
}

/**
 * Announces every call of a product as the exchange has it: what a changed call will not do is not reported, and what it does instead
 * is. While its vendor is silent (an outage), what is due is lost.
 */
export class CallAnnouncer<N extends Reported> {
  constructor(tools: AnnouncerTools, exchange: Exchange, announcements: Announcements<N>) {
    const schedule = new CallbackSchedule<N>(tools, async (notification, call) => {
      if (exchange.outages.silences(call.vendor)) tools.tally.add(`${call.vendor}.callback.silenced`);
      else await announcements.deliver(notification, call);
    });
    exchange.follow((call) => {
      if (announcements.announces(call)) schedule.plan(call, arrangeDeliveries(announcements.of(call), call.scenario.callbacks, tools.pace), announcements.nameOf);
    });
  }
}
