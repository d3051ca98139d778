import { OperatorAnswer } from '@cc/contracts';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';

const NEWS = 'cc_gateway_operator';
const KEPT_MS = 3_600_000;

/** Rows that another replica is just deleting are left to it. */
const FORGET = `DELETE FROM gateway_operator_answer WHERE command_id IN (SELECT command_id FROM gateway_operator_answer WHERE received < $1 FOR UPDATE SKIP LOCKED)`;

/** The services' answers to operators' commands, for as long as somebody may wait for one. */
@Injectable()
export class OperatorAnswerCatalogue {
  constructor(private readonly database: Database) {}

  /** Of several answers to a command the first counts. Deletes those of an hour ago, and tells every replica at the commit. */
  async save(tx: Tx, answers: readonly OperatorAnswer[], nowMs: number): Promise<void> {
    if (answers.length === 0) return;
    await tx.query(`INSERT INTO gateway_operator_answer (command_id, answer, received) SELECT id, answer, $3 FROM unnest($1::text[], $2::jsonb[]) AS told (id, answer) ON CONFLICT DO NOTHING`, [
      answers.map(({ commandId }) => commandId), answers.map((answer) => JSON.stringify(answer)), nowMs,
    ]);
    await tx.query(FORGET, [nowMs - KEPT_MS]);
    await tx.query(`SELECT pg_notify('${NEWS}', '')`);
  }

  async find(commandIds: readonly string[]): Promise<OperatorAnswer[]> {
    const rows = await this.database.query<{ answer: unknown }>(`SELECT answer FROM gateway_operator_answer WHERE command_id = ANY ($1::text[])`, [commandIds]);
    return rows.map(({ answer }) => OperatorAnswer.parse(answer));
  }

  /** Also calls back after a reconnection, when some may have been missed. */
  onNews(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(NEWS, heard);
  }
}
