import type { Migration } from '@cc/postgres';

const createTables: Migration = {
  name: '0001-calls-and-attempts',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE router_call (
        call_id   varchar(64) PRIMARY KEY,
        tenant    varchar(32) NOT NULL,
        state     varchar(8) NOT NULL CHECK (state IN ('queued', 'live', 'closed')),
        command   jsonb,
        not_after bigint NOT NULL,
        next_try  bigint NOT NULL,
        cancel    varchar(12) NOT NULL DEFAULT 'none' CHECK (cancel IN ('none', 'requested', 'sent')),
        created   bigint NOT NULL
      )`);
    await tx.query(`CREATE INDEX router_call_queue ON router_call (next_try, created) WHERE state = 'queued'`);
    await tx.query(`CREATE INDEX router_call_to_cancel ON router_call (call_id) WHERE cancel = 'requested' AND state <> 'closed'`);
    await tx.query(`
      CREATE TABLE router_attempt (
        attempt_id varchar(64) PRIMARY KEY,
        call_id    varchar(64) NOT NULL REFERENCES router_call,
        tenant     varchar(32) NOT NULL,
        number     int NOT NULL,
        channel    varchar(32) NOT NULL,
        vendor     varchar(8) NOT NULL,
        line_ref   varchar(64) NOT NULL,
        state      varchar(8) NOT NULL CHECK (state IN ('sending', 'accepted', 'unknown', 'refused', 'ended')),
        live       boolean GENERATED ALWAYS AS (state IN ('sending', 'accepted', 'unknown')) STORED,
        vendor_call_id varchar(64),
        sent_at    bigint NOT NULL,
        look_at    bigint NOT NULL,
        reap_at    bigint NOT NULL,
        queried    boolean NOT NULL DEFAULT false,
        UNIQUE (call_id, number)
      )`);
    await tx.query(`CREATE UNIQUE INDEX router_attempt_one_per_call ON router_attempt (call_id) WHERE live`);
    await tx.query(`CREATE UNIQUE INDEX router_attempt_one_per_line ON router_attempt (line_ref) WHERE live`);
    await tx.query(`CREATE INDEX router_attempt_to_look_at ON router_attempt (look_at) WHERE live`);
  },
};

export const channelRouterMigrations: readonly Migration[] = [createTables];
