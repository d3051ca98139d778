import { topics } from '@cc/contracts';
import type { Database } from '@cc/postgres';
import { eventually } from '@cc/testing';

/** The service takes callbacks before it has made the log's tables, and does not wait for them: a test that reads them must. */
export async function logIsMade(database: Database): Promise<void> {
  await eventually(async () => (await database.query('SELECT FROM log_head WHERE topic = $1', [topics.channelNotifications.name])).length > 0);
}
