import type { Migration } from '@cc/postgres';

const CREATE_LOG = [
  /* Tells this log apart from another one whose records have the same offsets: the outbox's origin. */
  `CREATE TABLE log_identity (
     single boolean PRIMARY KEY DEFAULT true CHECK (single),
     id text NOT NULL
   )`,
  `INSERT INTO log_identity (id) VALUES (gen_random_uuid()::text)`,
  /* retention_ms NULL: for ever. */
  `CREATE TABLE log_topic (
     topic text PRIMARY KEY,
     partitions int NOT NULL CHECK (partitions > 0),
     retention_ms bigint,
     compacted boolean NOT NULL
   )`,
  /* next: the offset of the next record; its row lock, held to the commit, makes offsets dense and visible in order.
     start: below it, records may have been deleted. compacted_to: the last offset that compaction has seen. */
  `CREATE TABLE log_head (
     topic text NOT NULL,
     part int NOT NULL,
     next bigint NOT NULL DEFAULT 0,
     start bigint NOT NULL DEFAULT 0,
     compacted_to bigint NOT NULL DEFAULT -1,
     compacted boolean NOT NULL,
     PRIMARY KEY (topic, part)
   ) WITH (fillfactor = 50)`,
  /* append_id: of the first record of a commit, so that a writer that lost its connection can see whether it came through. */
  `CREATE TABLE log_record (
     topic text NOT NULL,
     part int NOT NULL,
     off bigint NOT NULL,
     key text COLLATE "C" NOT NULL,
     value bytea,
     headers text NOT NULL,
     appended_at bigint NOT NULL,
     compacted boolean NOT NULL,
     append_id text,
     PRIMARY KEY (topic, part, off)
   )`,
  `CREATE INDEX log_record_latest ON log_record (topic, part, key, off) WHERE compacted`,
  `CREATE INDEX log_record_tombstone ON log_record (topic, part, off) WHERE compacted AND value IS NULL`,
  /* log: whose offsets these are, "postgres" or "kafka:<cluster id>". The row lock is the assignment and the fence. */
  `CREATE TABLE log_cursor (
     log text NOT NULL,
     grp text NOT NULL,
     topic text NOT NULL,
     part int NOT NULL,
     off bigint NOT NULL,
     has_parked boolean NOT NULL DEFAULT false,
     PRIMARY KEY (log, grp, topic, part)
   ) WITH (fillfactor = 50)`,
  /* The highest outbox offset that a group has seen per partition: what a relay sends twice is skipped. */
  `CREATE TABLE log_origin (
     grp text NOT NULL,
     topic text NOT NULL,
     part int NOT NULL,
     origin text NOT NULL,
     off bigint NOT NULL,
     PRIMARY KEY (grp, topic, part, origin)
   ) WITH (fillfactor = 50)`,
  /* seq orders the records of a key as they came. held: waits behind an earlier record of its key. */
  `CREATE TABLE dead_letter (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     log text NOT NULL,
     grp text NOT NULL,
     topic text NOT NULL,
     part int NOT NULL,
     off bigint NOT NULL,
     key text COLLATE "C" NOT NULL,
     value bytea,
     headers text NOT NULL,
     appended_at bigint NOT NULL,
     reason text NOT NULL,
     held boolean NOT NULL,
     parked_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (grp, topic, part, log, off)
   )`,
  `CREATE INDEX dead_letter_key ON dead_letter (grp, topic, key, seq)`,
];

const CREATE_HISTORY = [
  /* letter: the record's seq in dead_letter, also when it is there no more. operator: whose order it was; null for what happened by itself. */
  `CREATE TABLE dead_letter_history (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     letter bigint NOT NULL,
     grp text NOT NULL,
     topic text NOT NULL,
     part int NOT NULL,
     off bigint NOT NULL,
     key text COLLATE "C" NOT NULL,
     did text NOT NULL CHECK (did IN ('parked', 'failed-again', 'released', 'dropped', 'replayed')),
     reason text NOT NULL,
     operator text,
     at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE INDEX dead_letter_history_letter ON dead_letter_history (letter, seq)`,
  `CREATE INDEX dead_letter_history_at ON dead_letter_history (at)`,
  /* The operators' commands that a group has taken, by id: a command that comes twice has its effect once. */
  `CREATE TABLE operator_command_taken (
     grp text NOT NULL,
     id text NOT NULL,
     at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (grp, id)
   )`,
];

/** The log's tables; run them under the name `event-log` before any log is made on the database. */
export const eventLogMigrations: readonly Migration[] = [
  {
    name: '0001-log',
    async up(tx) {
      for (const statement of CREATE_LOG) await tx.query(statement);
    },
  },
  {
    name: '0002-dead-letter-history',
    async up(tx) {
      for (const statement of CREATE_HISTORY) await tx.query(statement);
    },
  },
];
