import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '@cc/kernel';
import { cutTimes, planTimes } from './call-times';
import type { Pace } from './pace';
import { scenarioFor } from './scenario';
import { seededRandom, type Random } from './seeded-random';
import { phaseAt, ringsOf, type Ring, type SimulatedCall, type VendorName } from './simulated-call';

export type NewCall = Pick<SimulatedCall, 'vendor' | 'a' | 'b' | 'echo' | 'shownToA' | 'shownToB' | 'recorded' | 'baseUrl'> & Partial<Pick<SimulatedCall, 'protocol' | 'id'>> & { readonly maxTalkSeconds: number | undefined };

export interface RingFilter {
  /** In any form: `13812345678` finds `+8613812345678` and the reverse. */
  readonly number?: string | undefined;
  /** Only rings that began at or after this, epoch ms. */
  readonly since?: number | undefined;
}

const MAX_CALLS_KEPT = 50_000;

/** The telephone exchange of the simulated world: every call of every vendor, and who rang when. */
export class Exchange {
  private readonly calls = new Map<string, SimulatedCall>();
  private readonly random: Random;
  private clearedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly pace: Pace,
    seed: number,
  ) {
    this.random = seededRandom(seed);
  }

  /** Places a call now; its scenario follows from `b`. From here on it rings, whether anybody learns of it or not. */
  place({ maxTalkSeconds, ...call }: NewCall): SimulatedCall {
    const dialledAt = this.clock.nowMs();
    const scenario = scenarioFor(call.b);
    const times = planTimes({ dialledAt, scenario, maxTalkSeconds }, this.pace, this.random);
    const placed = { ...call, id: call.id ?? newCallId(call.vendor, dialledAt), scenario, dialledAt, times };
    this.forgetOldest();
    this.calls.set(keyOf(placed.vendor, placed.id, placed.protocol), placed);
    return placed;
  }

  find(vendor: VendorName, id: string, protocol?: SimulatedCall['protocol']): SimulatedCall | undefined {
    return this.calls.get(keyOf(vendor, id, protocol));
  }

  /** Ends a live call now; undefined when there is none. */
  hangUp(vendor: VendorName, id: string, protocol?: SimulatedCall['protocol']): SimulatedCall | undefined {
    const call = this.find(vendor, id, protocol);
    const nowMs = this.clock.nowMs();
    if (call === undefined || phaseAt(call, nowMs) === 'ended') return undefined;
    const ended = { ...call, times: cutTimes(call.times, nowMs) };
    this.calls.set(keyOf(vendor, id, protocol), ended);
    return ended;
  }

  /** Every call that is remembered, oldest first. */
  all(): SimulatedCall[] {
    return [...this.calls.values()];
  }

  /** Every ring since the last {@link clearRings}, in order of time. */
  rings({ number, since = 0 }: RingFilter = {}): Ring[] {
    const nowMs = this.clock.nowMs();
    const wanted = number === undefined ? undefined : nationalNumber(number);
    return this.all()
      .flatMap((call) => ringsOf(call, nowMs))
      .filter((ring) => ring.ringAt > this.clearedAt && ring.ringAt >= since && (wanted === undefined || nationalNumber(ring.number) === wanted))
      .sort((a, b) => a.ringAt - b.ringAt);
  }

  /** Forgets the rings up to now; calls that are under way go on, and their later rings are reported. */
  clearRings(): void {
    this.clearedAt = this.clock.nowMs();
  }

  private forgetOldest(): void {
    if (this.calls.size < MAX_CALLS_KEPT) return;
    const [oldest] = this.calls.keys();
    if (oldest !== undefined) this.calls.delete(oldest);
  }
}

const keyOf = (vendor: VendorName, id: string, protocol: SimulatedCall['protocol']): string => `${vendor}/${protocol ?? ''}/${id}`;

/** Ids in the vendor's form that no earlier run has used: e9 32 characters, hw 19 digits. */
function newCallId(vendor: VendorName, nowMs: number): string {
  return vendor === 'e9' ? randomUUID().replaceAll('-', '') : `${nowMs}${String(randomInt(1_000_000)).padStart(6, '0')}`;
}

/** A Chinese number without punctuation and without its country code. */
export function nationalNumber(number: string): string {
  return number.replace(/[^\d]/g, '').replace(/^(?:00)?86(?=\d{10,})/, '');
}
