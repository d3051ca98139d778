import type { Clock } from '@cc/kernel';
import { placing, type DialManner, type Scenario } from './scenario';
import type { Random } from './seeded-random';
import type { VendorName } from './simulated-call';

/** What is wrong with a vendor as a whole. */
export interface Outage {
  /** Of every dial that is not turned away, instead of its scenario's. */
  readonly dial?: DialManner | undefined;
  /** Whether such a dial places a call; the manner's own answer where it is missing. */
  readonly placed?: boolean | undefined;
  readonly answerAfterSeconds?: number | undefined;
  /** No callback leaves the vendor, those of earlier calls included. They are lost. */
  readonly callbacks?: 'none' | undefined;
  /** The share of dials that are turned away (`unavailable`), 0 to 1. */
  readonly refuse?: number | undefined;
  /** Epoch ms at which it ends by itself. */
  readonly until?: number | undefined;
}

/** The outages by vendor. Which dials of a share are turned away depends on the seed and the order of dials alone. */
export class Outages {
  private readonly outages = new Map<VendorName, Outage>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Begins an outage, or replaces the one that is on. */
  begin(vendor: VendorName, outage: Outage): void {
    this.outages.set(vendor, outage);
  }

  end(vendor: VendorName): void {
    this.outages.delete(vendor);
  }

  /** The outage that is on. */
  of(vendor: VendorName): Outage | undefined {
    const outage = this.outages.get(vendor);
    if (outage?.until !== undefined && outage.until <= this.clock.nowMs()) this.end(vendor);
    return this.outages.get(vendor);
  }

  silences(vendor: VendorName): boolean {
    return this.of(vendor)?.callbacks === 'none';
  }

  /** What an outage makes of a dial's scenario. */
  disturb(vendor: VendorName, scenario: Scenario): Scenario {
    const outage = this.of(vendor);
    if (outage === undefined) return scenario;
    if (outage.refuse !== undefined && this.random() < outage.refuse) return { ...scenario, dial: 'unavailable', placed: false };
    const { dial, placed, answerAfterSeconds } = outage;
    return dial === undefined ? scenario : { ...scenario, dial, placed: placed ?? placing[dial].placed, answerAfterSeconds };
  }
}
