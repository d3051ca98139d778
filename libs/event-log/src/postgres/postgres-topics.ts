import type { TopicDeclaration } from '@cc/contracts';
import { CcError, type Log } from '@cc/kernel';
import type { Database, Tx } from '@cc/postgres';

/** How long a process may overlook that a topic got more partitions, ms. */
const REMEMBER_MS = 30_000;
const LOCK = `SELECT pg_advisory_xact_lock(hashtext('cc event log topics'))`;

/** The topics of the tables: their settings, and how many partitions they have. */
export class PostgresTopics {
  private readonly known = new Map<string, { readonly partitions: number; readonly untilMs: number }>();

  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  /** Creates what is missing and corrects settings that differ. Partitions are added, never taken away. */
  async ensure(topics: readonly TopicDeclaration[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.query(LOCK);
      for (const topic of topics) await this.ensureOne(tx, topic);
    });
    this.known.clear();
  }

  /** How many partitions the topic has. Rejects with `missing` for a topic that nobody has created. */
  async partitions(topic: string, tx: Tx = this.database): Promise<number> {
    const known = this.known.get(topic);
    if (known !== undefined && known.untilMs > Date.now()) return known.partitions;
    const [row] = await tx.query<{ partitions: number }>(`SELECT partitions FROM log_topic WHERE topic = $1`, [topic]);
    if (row === undefined) throw new CcError('missing', 'topic-unknown', `The event log has no topic ${topic}`);
    this.known.set(topic, { partitions: row.partitions, untilMs: Date.now() + REMEMBER_MS });
    return row.partitions;
  }

  private async ensureOne(tx: Tx, { name, partitions, retentionMs, compacted }: TopicDeclaration): Promise<void> {
    const [row] = await tx.query<{ partitions: number }>(
      `INSERT INTO log_topic AS t (topic, partitions, retention_ms, compacted) VALUES ($1, $2, $3, $4)
       ON CONFLICT (topic) DO UPDATE SET partitions = greatest(t.partitions, excluded.partitions), retention_ms = excluded.retention_ms, compacted = excluded.compacted
       RETURNING partitions`,
      [name, partitions, retentionMs === 'forever' ? null : retentionMs, compacted],
    );
    if (row !== undefined && row.partitions > partitions) this.log.warn('A topic has more partitions than declared', { topic: name, declared: partitions, partitions: row.partitions });
    await tx.query(
      `INSERT INTO log_head AS h (topic, part, compacted) SELECT $1, p, $3 FROM generate_series(0, $2::int - 1) AS p
       ON CONFLICT (topic, part) DO UPDATE SET compacted = excluded.compacted WHERE h.compacted <> excluded.compacted`,
      [name, row?.partitions ?? partitions, compacted],
    );
  }
}
