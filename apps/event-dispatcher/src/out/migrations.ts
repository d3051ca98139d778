import type { Migration } from '@cc/postgres';

const createTables: Migration = {
  name: '0001-correlation',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE dispatcher_subject (
        subject  varchar(160) PRIMARY KEY,
        attempt  jsonb,
        named    boolean NOT NULL DEFAULT false,
        created  bigint NOT NULL
      )`);
    await tx.query(`CREATE INDEX dispatcher_subject_by_age ON dispatcher_subject (created)`);
    await tx.query(`
      CREATE TABLE dispatcher_pending (
        notification_id varchar(64) PRIMARY KEY,
        position   bigint GENERATED ALWAYS AS IDENTITY,
        subject    varchar(160) NOT NULL,
        header     jsonb NOT NULL,
        sealed     bytea NOT NULL,
        received   bigint NOT NULL,
        waiting_since bigint NOT NULL
      )`);
    await tx.query(`CREATE INDEX dispatcher_pending_by_subject ON dispatcher_pending (subject)`);
    await tx.query(`CREATE INDEX dispatcher_pending_by_age ON dispatcher_pending (waiting_since)`);
    await tx.query(`
      CREATE TABLE dispatcher_quarantine (
        notification_id varchar(64) PRIMARY KEY,
        reason     text NOT NULL,
        header     jsonb NOT NULL,
        sealed     bytea NOT NULL,
        received   bigint NOT NULL
      )`);
  },
};

const createSeatAttempts: Migration = {
  name: '0002-seat-attempts',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE dispatcher_seat_attempt (
        attempt_id     varchar(64) PRIMARY KEY,
        subject        varchar(160) NOT NULL,
        attempt        jsonb NOT NULL,
        started        bigint NOT NULL,
        vendor_call_id varchar(64),
        progress       varchar(16) NOT NULL DEFAULT 'none',
        over           boolean NOT NULL DEFAULT false
      )`);
    await tx.query(`CREATE INDEX dispatcher_seat_attempt_by_seat ON dispatcher_seat_attempt (subject, started DESC)`);
    await tx.query(`CREATE INDEX dispatcher_seat_attempt_by_age ON dispatcher_seat_attempt (started)`);
  },
};

/** Its column is read no more; it goes with a later migration, once no service that reads it can run beside one that has dropped it. */
const keepProgress: Migration = {
  name: '0003-progress',
  up: async (tx) => {
    await tx.query(`ALTER TABLE dispatcher_subject ADD COLUMN progress varchar(16) NOT NULL DEFAULT 'none'`);
  },
};

/** The defaults serve a service of the former version that runs beside this one. */
const boundQuarantine: Migration = {
  name: '0004-quarantine-bounds',
  up: async (tx) => {
    await tx.query(`
      ALTER TABLE dispatcher_quarantine
        ADD COLUMN position   bigint GENERATED ALWAYS AS IDENTITY,
        ADD COLUMN cause      varchar(32) NOT NULL DEFAULT 'unusable',
        ADD COLUMN kept_since bigint NOT NULL DEFAULT (extract(epoch FROM now()) * 1000)::bigint`);
    await tx.query(`UPDATE dispatcher_quarantine SET cause = CASE WHEN reason LIKE 'forged: %' THEN 'forged' WHEN reason LIKE 'no attempt that it belongs to%' THEN 'orphaned' ELSE cause END`);
    await tx.query(`CREATE UNIQUE INDEX dispatcher_quarantine_by_position ON dispatcher_quarantine (position)`);
    await tx.query(`CREATE INDEX dispatcher_quarantine_forged ON dispatcher_quarantine (position) WHERE cause = 'forged'`);
    await tx.query(`CREATE INDEX dispatcher_quarantine_by_age ON dispatcher_quarantine (kept_since)`);
  },
};

/** In the place of `named`, which nothing reads any more: whether an acceptance was told, and of which message. */
const whenNamed: Migration = {
  name: '0005-when-named',
  up: async (tx) => {
    await tx.query(`ALTER TABLE dispatcher_subject ADD COLUMN named_at bigint`);
  },
};

const keepUnknownCodes: Migration = {
  name: '0006-unknown-codes',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE dispatcher_unknown_code (
        channel    varchar(32) NOT NULL,
        code       varchar(64) NOT NULL,
        seen       bigint NOT NULL,
        first_seen bigint NOT NULL,
        last_seen  bigint NOT NULL,
        PRIMARY KEY (channel, code)
      )`);
    await tx.query(`
      CREATE TABLE dispatcher_unknown_code_sample (
        channel    varchar(32) NOT NULL,
        code       varchar(64) NOT NULL,
        notification_id varchar(64) NOT NULL,
        header     jsonb NOT NULL,
        sealed     bytea NOT NULL,
        received   bigint NOT NULL,
        PRIMARY KEY (channel, code, notification_id)
      )`);
  },
};

export const eventDispatcherMigrations: readonly Migration[] = [createTables, createSeatAttempts, keepProgress, boundQuarantine, whenNamed, keepUnknownCodes];
