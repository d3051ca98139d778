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

const createSeatTables: Migration = {
  name: '0002-poller-seats',
  up: async (tx) => {
    // holder and lease_until (epoch ms, the database's clock): who polls the seat. epoch: which holding, so that an earlier one is told apart.
    await tx.query(`
      CREATE TABLE poller_seat (
        channel     varchar(32) NOT NULL,
        seat        varchar(64) NOT NULL,
        holder      varchar(64),
        epoch       bigint NOT NULL DEFAULT 0,
        lease_until bigint NOT NULL DEFAULT 0,
        session     varchar(1024),
        state       varchar(16),
        since       bigint,
        PRIMARY KEY (channel, seat)
      )`);
    await tx.query(`CREATE INDEX poller_seat_by_holder ON poller_seat (holder)`);
    await tx.query(`CREATE TABLE poller_replica (holder varchar(64) PRIMARY KEY, seen bigint NOT NULL)`);
  },
};

export const pollerMigrations: readonly Migration[] = [createTables, createSeatTables];
