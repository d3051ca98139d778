import type { TopicDeclaration, WireRecord } from '@cc/contracts';
import { newId, Metrics, type Counter, type Gauge, type Histogram } from '@cc/kernel';

/** What every driver's log appends at once. */
export const BATCH = 500;
export const PARTITIONS = 12;

export const benchTopic = (name: string): TopicDeclaration => ({
  name, key: 'callId', carries: 'records of the bench', partitions: PARTITIONS, retentionMs: 24 * 60 * 60 * 1000, compacted: false, writtenBy: ['bench'], readBy: ['bench'],
});

/** Records like call events: about 550 bytes of JSON under a call's key, with the headers of a CloudEvent. Four to a call. */
export function callRecords(count: number): WireRecord[] {
  const records: WireRecord[] = [];
  while (records.length < count) {
    const callId = newId('call');
    for (let nth = 0; nth < 4 && records.length < count; nth += 1) records.push(callRecord(callId, nth));
  }
  return records;
}

function callRecord(callId: string, nth: number): WireRecord {
  const at = 1_700_000_000_000 + nth;
  return {
    key: callId,
    value: Buffer.from(JSON.stringify({ callId, tenant: 'bench', attemptId: `${callId}-1`, channel: 'e9-main', occurredAt: at, recordedAt: at + 1, source: 'callback', channelState: 'CallInvite/0', padding: 'x'.repeat(350) })),
    headers: { ce_specversion: '1.0', ce_id: `${callId}/${nth}`, ce_type: 'cc.call.a-ringing.v1', ce_source: '/cc/bench', ce_subject: callId, ce_time: new Date(at).toISOString(), 'content-type': 'application/json' },
  };
}

export function batchesOf(records: readonly WireRecord[]): WireRecord[][] {
  return Array.from({ length: Math.ceil(records.length / BATCH) }, (_, index) => records.slice(index * BATCH, (index + 1) * BATCH));
}

/** Resolves, with the seconds from the first to the last, once so many records have been counted. */
export class Finish {
  readonly seconds: Promise<number>;
  private resolve: (seconds: number) => void = () => undefined;
  private startedAt: number | undefined;
  private counted = 0;

  constructor(private readonly expected: number) {
    this.seconds = new Promise((resolve) => (this.resolve = resolve));
  }

  /** The first records have arrived; later calls change nothing. */
  begin(): void {
    this.startedAt ??= performance.now();
  }

  /** So many more are done for good. */
  done(count: number): void {
    this.counted += count;
    if (this.counted >= this.expected) this.resolve((performance.now() - (this.startedAt ?? performance.now())) / 1000);
  }
}

const nothing: Gauge & Histogram = { set: () => undefined, observe: () => undefined };

/** Tells how many records the log's consumers have committed, as the log itself counts them. */
export class CommitMetrics extends Metrics {
  constructor(private readonly committed: (count: number) => void) {
    super();
  }

  override counter(name: string): Counter {
    return { add: (amount = 1) => (name === 'cc_log_records_taken_total' ? this.committed(amount) : undefined) };
  }
  override gauge(): Gauge {
    return nothing;
  }
  override histogram(): Histogram {
    return nothing;
  }
}
