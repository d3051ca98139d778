import { Metrics, type Counter, type Gauge, type Histogram } from '@cc/kernel';
import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry, collectDefaultMetrics } from 'prom-client';

const LATENCY_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One service's figures, in a registry of its own, so that several services in one process stay apart. */
export class PromMetrics extends Metrics {
  private readonly registry = new Registry();
  private readonly made = { counters: new Map<string, Counter>(), gauges: new Map<string, Gauge>(), histograms: new Map<string, Histogram>() };

  constructor(service: string) {
    super();
    this.registry.setDefaultLabels({ service });
  }

  /** CPU, memory and event-loop figures: of the process, under the name of each service in it. */
  collectProcessFigures(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return once(this.made.counters, name, () => {
      const metric = new PromCounter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
      return { add: (amount = 1, labels = {}) => metric.inc(labels, amount) };
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return once(this.made.gauges, name, () => {
      const metric = new PromGauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
      return { set: (value, labels = {}) => metric.set(labels, value) };
    });
  }

  histogram(name: string, help: string, labelNames: readonly string[] = [], buckets: readonly number[] = LATENCY_BUCKETS_SECONDS): Histogram {
    return once(this.made.histograms, name, () => {
      const metric = new PromHistogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [this.registry] });
      return { observe: (value, labels = {}) => metric.observe(labels, value) };
    });
  }

  /** In Prometheus' text format. */
  expose(): Promise<string> {
    return this.registry.metrics();
  }
}

function once<T>(made: Map<string, T>, name: string, make: () => T): T {
  const present = made.get(name);
  if (present !== undefined) return present;
  const metric = make();
  made.set(name, metric);
  return metric;
}
