import { CallEvent } from '@cc/contracts';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { attemptsInDoubt, settledBy, type AttemptInDoubt } from '../domain/call-attempts';
import { pageOf, type Page, type PageQuery } from './page';

interface Row {
  readonly attempt_id: string;
  readonly call_id: string;
  readonly tenant: string;
  readonly channel: string;
  readonly since: number;
  readonly reason: string;
}

const COLUMNS = 'attempt_id, call_id, tenant, channel, since, reason';

/** The attempts of all tenants that are in doubt. */
@Injectable()
export class DoubtCatalogue {
  constructor(private readonly database: Database) {}

  /**
   * Takes in events that stand in `gateway_event` already. What settles a doubt may have been heard before the doubt itself, since
   * they come from different services: so a new doubt is judged by all that is known of its call.
   */
  async follow(tx: Tx, events: readonly CallEvent[]): Promise<void> {
    const settled = events.flatMap((event) => settledBy(event) ?? []);
    if (settled.length > 0) await tx.query(`DELETE FROM gateway_attempt_in_doubt WHERE attempt_id = ANY($1::text[])`, [settled]);
    const calls = [...new Set(events.filter(({ type }) => type === 'cc.call.attempt-unknown.v1').map(({ callId }) => callId))];
    if (calls.length === 0) return;
    const known = await tx.query<{ event: unknown }>(`SELECT event FROM gateway_event WHERE call_id = ANY($1::text[])`, [calls]);
    for (const { attemptId, callId, tenant, channel, since, reason } of attemptsInDoubt(known.map(({ event }) => CallEvent.parse(event)))) {
      await tx.query(`INSERT INTO gateway_attempt_in_doubt (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, [attemptId, callId, tenant, channel, since, reason]);
    }
  }

  async find(attemptId: string): Promise<AttemptInDoubt | undefined> {
    const [row] = await this.database.query<Row>(`SELECT ${COLUMNS} FROM gateway_attempt_in_doubt WHERE attempt_id = $1`, [attemptId]);
    return row === undefined ? undefined : doubtOf(row);
  }

  /** Oldest first. */
  async page({ pageSize, after }: PageQuery): Promise<Page<AttemptInDoubt>> {
    const [since, ...attemptId] = after?.split('/') ?? [];
    const rows = await this.database.query<Row>(
      `SELECT ${COLUMNS} FROM gateway_attempt_in_doubt WHERE $1::bigint IS NULL OR (since, attempt_id) > ($1::bigint, $2) ORDER BY since, attempt_id LIMIT $3`,
      [since ?? null, attemptId.join('/'), pageSize + 1],
    );
    return pageOf(rows.map(doubtOf), pageSize, (doubt) => `${doubt.since}/${doubt.attemptId}`);
  }
}

function doubtOf({ attempt_id: attemptId, call_id: callId, ...rest }: Row): AttemptInDoubt {
  return { attemptId, callId, ...rest };
}
