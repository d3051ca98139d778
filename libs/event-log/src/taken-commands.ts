import type { Tx } from '@cc/postgres';

/* Longer than the topic keeps a command. */
const FORGET = `DELETE FROM operator_command_taken WHERE ctid IN (SELECT ctid FROM operator_command_taken WHERE at < now() - interval '2 days' FOR UPDATE SKIP LOCKED)`;

/** Writes down, inside the transaction of its effect, that the group has taken a command. False when it had before. */
export async function takeOnce(tx: Tx, group: string, commandId: string): Promise<boolean> {
  await tx.query(FORGET);
  const rows = await tx.query(`INSERT INTO operator_command_taken (grp, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`, [group, commandId]);
  return rows.length > 0;
}
