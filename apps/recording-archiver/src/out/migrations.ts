import type { Migration } from '@cc/postgres';

const createTables: Migration = {
  name: '0001-archive-tasks',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE archive_task (
        attempt_id     varchar(64) PRIMARY KEY,
        call_id        varchar(64) NOT NULL,
        tenant         varchar(32) NOT NULL,
        channel        varchar(32) NOT NULL,
        vendor_call_id varchar(64) NOT NULL,
        vendor_url     varchar(512),
        available      bigint NOT NULL,
        give_up_at     bigint NOT NULL,
        next_try       bigint NOT NULL,
        tries          int NOT NULL DEFAULT 0,
        state          varchar(8) NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
        last_reason    text
      )`);
    await tx.query(`CREATE INDEX archive_task_due ON archive_task (next_try) WHERE state = 'open'`);
  },
};

export const recordingArchiverMigrations: readonly Migration[] = [createTables];
