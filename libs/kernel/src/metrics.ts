export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  /** @param value in the unit that the metric's name ends with. */
  observe(value: number, labels?: Labels): void;
}

/**
 * Port for figures about the running service. Names are snake_case, start with `cc_` and end with their unit
 * (`_total`, `_seconds`, `_bytes`). Asking again for a name gives the same metric.
 */
export abstract class Metrics {
  abstract counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  abstract gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  abstract histogram(name: string, help: string, labelNames?: readonly string[], buckets?: readonly number[]): Histogram;
}

const nothing = { add(): void {}, set(): void {}, observe(): void {} };

/** Counts nothing: for tests and tools. */
export class NoMetrics extends Metrics {
  counter(): Counter {
    return nothing;
  }
  gauge(): Gauge {
    return nothing;
  }
  histogram(): Histogram {
    return nothing;
  }
}
