import { deadLetterTopicName, type WireRecord } from '@cc/contracts';
import { CcError, type Log } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import type { LogRecord } from './event-log';
import { appendRecords } from './log-tables';
import type { PostgresTopics } from './postgres/postgres-topics';
import { keptReason } from './parking';
import { MAX_RECORD_BYTES, recordBytes } from './record-limits';

/** A record and why it was put aside. */
export interface Condemned {
  readonly record: LogRecord;
  readonly reason: string;
}

const MAX_REASON = 1000;

/** Copies each record that is parked to the topic of its group's dead letters, through the outbox of the transaction that parks it. */
export class DeadLetterMirror {
  private readonly warned = new Set<string>();

  constructor(
    private readonly topics: PostgresTopics,
    private readonly log: Log,
  ) {}

  /** The last thing that `tx` appends. A group whose topic nobody has declared is parked without a copy. */
  async copy(tx: Tx, group: string, condemned: readonly Condemned[]): Promise<void> {
    const [first] = condemned;
    if (first === undefined) return;
    const topic = deadLetterTopicName(first.record.topic, group);
    const partitions = await this.partitions(tx, topic);
    if (partitions === undefined) return;
    const parkedAt = new Date().toISOString();
    await appendRecords(tx, topic, partitions, condemned.map((one) => mirrored(one, group, parkedAt)), null);
  }

  private async partitions(tx: Tx, topic: string): Promise<number | undefined> {
    try {
      return await this.topics.partitions(topic, tx);
    } catch (error) {
      if (!(error instanceof CcError && error.kind === 'missing')) throw error;
      if (!this.warned.has(topic)) this.log.warn('Dead letters are not mirrored: nobody has declared their topic', { topic });
      this.warned.add(topic);
      return undefined;
    }
  }
}

function mirrored({ record, reason }: Condemned, group: string, parkedAt: string): WireRecord {
  const told = {
    cc_dlq_reason: keptReason(reason).slice(0, MAX_REASON),
    cc_dlq_group: group,
    cc_dlq_topic: record.topic,
    cc_dlq_partition: String(record.partition),
    cc_dlq_offset: String(record.offset),
    cc_dlq_parked_at: parkedAt,
  };
  const copy = { key: record.key, value: record.value, headers: { ...record.headers, ...told } };
  // A record at the limit has no room for more headers; what cannot be relayed would stop all copies behind it.
  return recordBytes(copy) <= MAX_RECORD_BYTES ? copy : { key: record.key, value: null, headers: { ...told, cc_dlq_omitted_bytes: String(recordBytes(record)) } };
}
