import { randomUUID } from 'node:crypto';
import type { WireRecord } from '@cc/contracts';
import { backoffMs, CcError, describeError, pause, type Log } from '@cc/kernel';
import { isTransient, type Database, type Tx } from '@cc/postgres';
import { appendRecords, type Appended } from '../log-tables';
import type { PendingAppend } from '../append-queue';
import type { PostgresTopics } from './postgres-topics';

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;

/** Writes appends to the tables, each exactly once, also when the connection is lost at the commit. */
export class PostgresAppender {
  constructor(
    private readonly database: Database,
    private readonly topics: PostgresTopics,
    private readonly log: Log,
    private readonly appended: (topic: string) => void,
  ) {}

  /**
   * All of them in one commit. While the database is away it tries again until the last deadline has passed.
   * When they fail for another reason, each is tried alone, so that a faulty one harms no other. Never rejects.
   */
  async write(appends: readonly PendingAppend[]): Promise<void> {
    try {
      await this.commit(appends);
      for (const append of appends) append.settle();
    } catch (error) {
      const away = error instanceof CcError && error.kind === 'unavailable';
      if (appends.length === 1 || away) for (const append of appends) append.settle(error);
      else for (const append of appends) await this.write([append]);
    }
  }

  private async commit(appends: readonly PendingAppend[]): Promise<void> {
    const deadlineAtMs = Math.max(...appends.map((append) => append.deadlineAtMs));
    const byTopic = new Map<string, WireRecord[]>();
    for (const { topic, records } of appends) {
      const together = byTopic.get(topic);
      if (together === undefined) byTopic.set(topic, [...records]);
      else together.push(...records);
    }
    const topics = [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1));
    const appendId = randomUUID();
    let went: Appended[] = [];
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (!(await this.cameThrough(appendId, went))) {
          went = [];
          await this.database.transaction((tx) => this.appendAll(tx, topics, appendId, went));
        }
        for (const [topic] of topics) this.appended(topic);
        return;
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (Date.now() >= deadlineAtMs) throw new CcError('unavailable', 'log-unavailable', 'The event log did not take the records in time', { cause: error });
        if (attempt === 0) this.log.warn('The event log cannot be written; trying again', { error: describeError(error) });
        await pause(backoffMs(attempt, FIRST_BACKOFF_MS, MAX_BACKOFF_MS));
      }
    }
  }

  private async appendAll(tx: Tx, topics: readonly [string, WireRecord[]][], appendId: string, went: Appended[]): Promise<void> {
    for (const [topic, records] of topics) went.push(...(await appendRecords(tx, topic, await this.topics.partitions(topic, tx), records, appendId)));
  }

  /** Whether an attempt whose end was not seen has been committed. The head's lock waits for a commit that is still under way. */
  private async cameThrough(appendId: string, went: readonly Appended[]): Promise<boolean> {
    const [first] = went;
    if (first === undefined) return false;
    return this.database.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM log_head WHERE topic = $1 AND part = $2 FOR UPDATE`, [first.topic, first.partition]);
      const rows = await tx.query(`SELECT 1 FROM log_record WHERE topic = $1 AND part = $2 AND off = $3 AND append_id = $4`, [first.topic, first.partition, first.base, appendId]);
      return rows.length > 0;
    });
  }
}
