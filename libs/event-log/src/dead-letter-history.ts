import type { Tx } from '@cc/postgres';
import type { DeadLetterDeed } from './dead-letters';

export interface DeadLetterNote {
  readonly did: DeadLetterDeed;
  readonly reason: string;
  /** Whose order it was; null for what happened by itself. */
  readonly operator: string | null;
}

/** How long the history of a record stays after its last line, once the record itself is gone. */
const KEPT = `interval '30 days'`;
const FORGOTTEN_AT_ONCE = 500;

/* What is parked still keeps all its history. Who meets a row that another one is just forgetting leaves it to that. */
const FORGET = `
  DELETE FROM dead_letter_history WHERE seq IN (
    SELECT h.seq FROM dead_letter_history h
    WHERE h.at < now() - ${KEPT} AND NOT EXISTS (SELECT 1 FROM dead_letter d WHERE d.seq = h.letter)
    ORDER BY h.at LIMIT ${FORGOTTEN_AT_ONCE} FOR UPDATE SKIP LOCKED
  )`;

/** Closes a statement whose CTE `gone` has taken records away that a replay delivers again. */
export const NOTE_REPLAYED = `
  INSERT INTO dead_letter_history (letter, grp, topic, part, off, key, did, reason)
  SELECT seq, grp, topic, part, off, key, 'replayed', 'the group reads the topic from its start again' FROM gone`;

/** Adds a line to the history of a record that is still in `dead_letter`; call it before the record goes. */
export async function note(tx: Tx, letter: number, { did, reason, operator }: DeadLetterNote): Promise<void> {
  await tx.query(
    `INSERT INTO dead_letter_history (letter, grp, topic, part, off, key, did, reason, operator)
     SELECT seq, grp, topic, part, off, key, $2, $3, $4 FROM dead_letter WHERE seq = $1`,
    [letter, did, reason, operator],
  );
}

/** Deletes old lines. Whoever adds some calls it, so that the table stays bounded without a task of its own. */
export async function forgetOldHistory(tx: Tx): Promise<void> {
  await tx.query(FORGET);
}
