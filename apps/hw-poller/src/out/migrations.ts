import type { Migration } from '@cc/postgres';

const createTables: Migration = {
  name: '0001-poll-tasks',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE poll_task (
        attempt_id     varchar(64) PRIMARY KEY,
        call_id        varchar(64) NOT NULL,
        channel        varchar(32) NOT NULL,
        vendor_call_id varchar(64) NOT NULL,
        next_poll      bigint NOT NULL,
        give_up_at     bigint NOT NULL,
        failures       int NOT NULL DEFAULT 0,
        last_digest    char(64)
      )`);
    await tx.query(`CREATE INDEX poll_task_due ON poll_task (next_poll)`);
    await tx.query(`CREATE TABLE poll_ended (attempt_id varchar(64) PRIMARY KEY, ended_at bigint NOT NULL)`);
  },
};

export const pollerMigrations: readonly Migration[] = [createTables];
