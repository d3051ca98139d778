import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '@cc/kernel';
import { cutTimes, planTimes, timesAfterAnswerOfA, timesAfterAnswerOfB, type CallTimes } from './call-times';
import { legsOf, timesAfterLeaving, type HandAct, type LegView } from './hand';
import { nationalNumber } from './national-number';
import { Outages } from './outages';
import type { Pace } from './pace';
import { scenarioFor, type Scenario } from './scenario';
import { Scripts } from './scripts';
import { seededRandom, type Random } from './seeded-random';
import { phaseAt, ringsOf, type Leg, type Ring, type SimulatedCall, type VendorName } from './simulated-call';
import { termsOfDial, type TransmissionTerms } from './transmission-terms';

/** The id is the platform's where it gives one. */
export type NewCall = Pick<SimulatedCall, 'vendor' | 'protocol' | 'a' | 'b' | 'echo' | 'shownToA' | 'shownToB' | 'recorded' | 'baseUrl'> & Partial<Pick<SimulatedCall, 'id' | 'callbackUrl'>> & { readonly maxTalkSeconds: number | undefined };

/** What became of a dial. */
export interface Dialled {
  readonly scenario: Scenario;
  /** Undefined when the dial placed none. */
  readonly call: SimulatedCall | undefined;
  /** For `transmit`: how the answer travels. */
  readonly manner: TransmissionTerms;
}

export interface RingFilter {
  /** In any form: `13812345678` finds `+8613812345678` and the reverse. */
  readonly number?: string | undefined;
  /** Only rings that began at or after this, epoch ms. */
  readonly since?: number | undefined;
  /** What the dial sent to get it back, exactly. */
  readonly attempt?: string | undefined;
}

export type HandOutcome = { readonly kind: 'done'; readonly call: SimulatedCall } | { readonly kind: 'unknown-call' } | { readonly kind: 'impossible'; readonly leg: LegView };

const MAX_CALLS_KEPT = 50_000;

/** The telephone exchange of the simulated world: every call of every vendor, what is to become of it, and who rang when. */
export class Exchange {
  readonly scripts = new Scripts();
  readonly outages: Outages;
  private readonly calls = new Map<string, SimulatedCall>();
  private readonly listeners: ((call: SimulatedCall) => void)[] = [];
  private readonly random: Random;
  private clearedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly pace: Pace,
    seed: number,
  ) {
    this.random = seededRandom(seed);
    // Chances of its own, so that an outage leaves the durations as they are.
    this.outages = new Outages(clock, seededRandom(seed));
  }

  /** Calls `listener` with every new call, and again with each change of its course; for whoever announces what happens. */
  follow(listener: (call: SimulatedCall) => void): void {
    this.listeners.push(listener);
  }

  /** Takes a dial that the platform found right: a script, the last digits of `b` and the vendor's outage say what becomes of it. */
  dial(call: NewCall): Dialled {
    const scenario = this.outages.disturb(call.vendor, this.chooseScenario(call));
    const placed = scenario.placed ? this.put(call, scenario) : undefined;
    return { scenario, call: placed, manner: termsOfDial(scenario, placed, this.pace) };
  }

  /** Places a call now, whatever its scenario says of the dial. From here on it rings, whether anybody learns of it or not. */
  place(call: NewCall): SimulatedCall {
    return this.put(call, this.chooseScenario(call));
  }

  find(vendor: VendorName, id: string, protocol?: string): SimulatedCall | undefined {
    return this.calls.get(keyOf({ vendor, id, protocol }));
  }

  /** Ends a live call now, as the vendor does when it is asked to; undefined when there is none. */
  hangUp(vendor: VendorName, id: string, protocol?: string): SimulatedCall | undefined {
    const call = this.find(vendor, id, protocol);
    const nowMs = this.clock.nowMs();
    return call === undefined || phaseAt(call, nowMs) === 'ended' ? undefined : this.change(call, cutTimes(call.times, nowMs));
  }

  /** A person does something with one phone of a live call, of whichever product, now. */
  play(vendor: VendorName, id: string, leg: Leg, act: HandAct): HandOutcome {
    const call = this.all().find((one) => one.vendor === vendor && one.id === id);
    if (call === undefined) return { kind: 'unknown-call' };
    const nowMs = this.clock.nowMs();
    const [a, b] = legsOf(call, nowMs);
    const phone = leg === 'A' ? a : b;
    return phone.can.includes(act) ? { kind: 'done', call: this.change(call, this.timesAfter(call, leg, act, nowMs)) } : { kind: 'impossible', leg: phone };
  }

  /** Every call that is remembered, oldest first. */
  all(): SimulatedCall[] {
    return [...this.calls.values()];
  }

  /** Every ring since the last {@link clearRings}, in order of time. */
  rings({ number, since = 0, attempt }: RingFilter = {}): Ring[] {
    const nowMs = this.clock.nowMs();
    const wanted = number === undefined ? undefined : nationalNumber(number);
    return this.all()
      .filter(({ echo }) => attempt === undefined || echo === attempt)
      .flatMap((call) => ringsOf(call, nowMs))
      .filter((ring) => ring.ringAt > this.clearedAt && ring.ringAt >= since && (wanted === undefined || nationalNumber(ring.number) === wanted))
      .sort((a, b) => a.ringAt - b.ringAt);
  }

  /** Forgets the rings up to now; calls that are under way go on, and their later rings are reported. */
  clearRings(): void {
    this.clearedAt = this.clock.nowMs();
  }

  private chooseScenario({ vendor, b }: NewCall): Scenario {
    return this.scripts.take(vendor, b) ?? scenarioFor(b);
  }

  private put(call: NewCall, scenario: Scenario): SimulatedCall {
    const dialledAt = this.clock.nowMs();
    const times = planTimes({ dialledAt, scenario, maxTalkSeconds: call.maxTalkSeconds }, this.pace, this.random);
    this.forgetOldest();
    return this.keep({ ...call, id: call.id ?? newCallId(call.vendor, dialledAt), scenario, dialledAt, times });
  }

  private timesAfter(call: SimulatedCall, leg: Leg, act: HandAct, nowMs: number): CallTimes {
    if (act !== 'answer') return timesAfterLeaving(call, leg, act, nowMs);
    const terms = { ...call, maxTalkSeconds: call.maxTalkSeconds };
    return leg === 'A' ? timesAfterAnswerOfA(terms, call.times, nowMs, this.pace, this.random) : timesAfterAnswerOfB(terms, call.times, nowMs, this.pace, this.random);
  }

  private change(call: SimulatedCall, times: CallTimes): SimulatedCall {
    return this.keep({ ...call, times });
  }

  private keep(call: SimulatedCall): SimulatedCall {
    this.calls.set(keyOf(call), call);
    for (const listener of this.listeners) listener(call);
    return call;
  }

  private forgetOldest(): void {
    if (this.calls.size < MAX_CALLS_KEPT) return;
    const [oldest] = this.calls.keys();
    if (oldest !== undefined) this.calls.delete(oldest);
  }
}

const keyOf = ({ vendor, protocol = '', id }: Pick<SimulatedCall, 'vendor' | 'protocol' | 'id'>): string => `${vendor}/${protocol}/${id}`;

/** Ids in the vendor's form that no earlier run has used: e9 32 characters, hw 19 digits. */
function newCallId(vendor: VendorName, nowMs: number): string {
  return vendor !== 'hw' ? randomUUID().replaceAll('-', '') : `${nowMs}${String(randomInt(1_000_000)).padStart(6, '0')}`;
}
