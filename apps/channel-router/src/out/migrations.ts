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

const channelsInFull: Migration = {
  name: '0002-channels-in-full',
  up: async (tx) => {
    await tx.query(`
      ALTER TABLE router_call
        ADD COLUMN position bigserial,
        ADD COLUMN waits_for varchar(64),
        ADD COLUMN cancelled boolean NOT NULL DEFAULT false`);
    // The column's own numbers follow the rows as they lie on disk.
    await tx.query(`UPDATE router_call c SET position = t.place FROM (SELECT call_id, row_number() OVER (ORDER BY created, position) AS place FROM router_call) t WHERE c.call_id = t.call_id`);
    await tx.query(`UPDATE router_call SET cancelled = true WHERE cancel <> 'none'`);
    await tx.query(`DROP INDEX router_call_queue, router_call_to_cancel`);
    await tx.query(`CREATE INDEX router_call_queue ON router_call (next_try, position) WHERE state = 'queued'`);
    await tx.query(`CREATE INDEX router_call_waiting ON router_call (waits_for, position) WHERE state = 'queued' AND waits_for IS NOT NULL`);

    await tx.query(`DROP INDEX router_attempt_one_per_call, router_attempt_one_per_line, router_attempt_to_look_at`);
    await tx.query(`ALTER TABLE router_attempt DROP COLUMN live, DROP CONSTRAINT router_attempt_state_check`);
    await tx.query(`ALTER TABLE router_attempt ALTER COLUMN state TYPE varchar(10)`);
    await tx.query(`ALTER TABLE router_attempt RENAME COLUMN reap_at TO give_up_at`);
    await tx.query(`ALTER TABLE router_attempt RENAME COLUMN queried TO answered`);
    await tx.query(`
      ALTER TABLE router_attempt
        ADD CONSTRAINT router_attempt_state_check CHECK (state IN ('sending', 'accepted', 'unknown', 'refused', 'not-placed', 'abandoned', 'ended')),
        ADD COLUMN live boolean GENERATED ALWAYS AS (state IN ('sending', 'accepted', 'unknown')) STORED,
        ADD COLUMN seat varchar(64),
        ADD COLUMN caller_ref varchar(64) NOT NULL DEFAULT '',
        ADD COLUMN trial boolean NOT NULL DEFAULT false,
        ADD COLUMN hold_until bigint NOT NULL DEFAULT 0,
        ADD COLUMN outcome varchar(8) CHECK (outcome IN ('well', 'failure', 'neutral')),
        ADD COLUMN outcome_kind varchar(8),
        ADD COLUMN vendor_code varchar(64),
        ADD COLUMN reason varchar(400),
        ADD COLUMN settled_at bigint,
        ADD COLUMN accepted_at bigint,
        ADD COLUMN heard_at bigint,
        ADD COLUMN not_found_since bigint,
        ADD COLUMN hang_up_after int,
        ADD COLUMN hang_up_at bigint,
        ADD COLUMN late_ring boolean NOT NULL DEFAULT false`);
    await tx.query(`UPDATE router_attempt SET hold_until = give_up_at`);
    await tx.query(`UPDATE router_attempt a SET hang_up_at = 0 FROM router_call c WHERE c.call_id = a.call_id AND c.cancel = 'requested' AND a.live`);
    await tx.query(`ALTER TABLE router_call DROP COLUMN cancel`);
    await tx.query(`CREATE UNIQUE INDEX router_attempt_one_per_call ON router_attempt (call_id) WHERE live`);
    await tx.query(`CREATE UNIQUE INDEX router_attempt_one_per_line ON router_attempt (line_ref) WHERE live`);
    await tx.query(`CREATE INDEX router_attempt_live ON router_attempt (channel, look_at) WHERE live`);
    await tx.query(`CREATE INDEX router_attempt_sent ON router_attempt (sent_at)`);
    await tx.query(`CREATE INDEX router_attempt_by_caller ON router_attempt (caller_ref, sent_at)`);
    await tx.query(`CREATE INDEX router_attempt_window ON router_attempt (channel, sent_at)`);
    await tx.query(`CREATE INDEX router_attempt_heard ON router_attempt (channel, heard_at DESC NULLS LAST)`);
    await tx.query(`CREATE INDEX router_attempt_to_hang_up ON router_attempt (hang_up_at) WHERE hang_up_at IS NOT NULL`);

    await tx.query(`
      CREATE TABLE router_channel (
        channel        varchar(32) PRIMARY KEY,
        condition      jsonb NOT NULL,
        score          real NOT NULL,
        announced      varchar(64) NOT NULL,
        announced_at   bigint NOT NULL,
        seen_at        bigint NOT NULL
      )`);
    await tx.query(`
      CREATE TABLE router_channel_contact (
        channel        varchar(32) PRIMARY KEY,
        probe_due      bigint NOT NULL DEFAULT 0,
        probe_failures int NOT NULL DEFAULT 0,
        next_query     bigint NOT NULL DEFAULT 0
      )`);
    await tx.query(`CREATE TABLE router_override (channel varchar(32) PRIMARY KEY, override jsonb NOT NULL, at bigint NOT NULL)`);
    await tx.query(`CREATE TABLE router_binding (tenant varchar(32) NOT NULL, user_id varchar(64) NOT NULL, binding jsonb NOT NULL, updated bigint NOT NULL, PRIMARY KEY (tenant, user_id))`);
    await tx.query(`CREATE TABLE router_seat (channel varchar(32) NOT NULL, seat varchar(64) NOT NULL, sealed varchar(1024), at bigint NOT NULL, PRIMARY KEY (channel, seat))`);
  },
};

const forLongLives: Migration = {
  name: '0003-for-long-lives',
  up: async (tx) => {
    await tx.query(`DROP INDEX router_attempt_sent`);
    await tx.query(`CREATE INDEX router_attempt_sending ON router_attempt (sent_at) WHERE state = 'sending'`);
    await tx.query(`CREATE INDEX router_attempt_trial ON router_attempt (channel, sent_at) WHERE trial`);
    await tx.query(`ALTER TABLE router_attempt ADD COLUMN hang_up_tries int NOT NULL DEFAULT 0`);
    await tx.query(`CREATE INDEX router_call_closed ON router_call (created) WHERE state = 'closed'`);
  },
};

const queriesByAccount: Migration = {
  name: '0004-queries-by-account',
  up: async (tx) => {
    await tx.query(`CREATE TABLE router_account (account varchar(64) PRIMARY KEY, next_query bigint NOT NULL)`);
    await tx.query(`ALTER TABLE router_channel_contact DROP COLUMN next_query`);
  },
};

const repairs: Migration = {
  name: '0005-repairs',
  up: async (tx) => {
    await tx.query(`ALTER TABLE router_account ALTER COLUMN next_query SET DEFAULT 0, ADD COLUMN turns bigint NOT NULL DEFAULT 0, ADD COLUMN next_reconciliation bigint NOT NULL DEFAULT 0`);
    // A router of the version before, which runs beside this one while it is rolled out, says nothing of these columns. Calls that were over before count as complete, so that a new version does not begin by asking about all of them.
    await tx.query(`
      ALTER TABLE router_attempt
        ADD COLUMN connected_at bigint,
        ADD COLUMN over_at bigint,
        ADD COLUMN ask_until bigint,
        ADD COLUMN ring_within int NOT NULL DEFAULT 900,
        ADD COLUMN talk_within int NOT NULL DEFAULT 900,
        ADD COLUMN lacks_end boolean NOT NULL DEFAULT false,
        ADD COLUMN lacks_duration boolean NOT NULL DEFAULT false,
        ADD COLUMN lacks_recording boolean NOT NULL DEFAULT false,
        ADD COLUMN repair_at bigint,
        ADD COLUMN repair_asked_at bigint,
        ADD COLUMN repair_tries int NOT NULL DEFAULT 0,
        ADD COLUMN expired boolean NOT NULL DEFAULT false`);
    await tx.query(`UPDATE router_attempt SET ask_until = sent_at + 172800000, lacks_end = live OR state = 'abandoned', over_at = CASE WHEN state = 'abandoned' THEN hold_until END`);
    await tx.query(`
      ALTER TABLE router_attempt
        ALTER COLUMN ask_until SET NOT NULL,
        ALTER COLUMN ask_until SET DEFAULT (extract(epoch FROM now()) * 1000 + 172800000)::bigint,
        ALTER COLUMN lacks_end SET DEFAULT true,
        ADD COLUMN incomplete boolean GENERATED ALWAYS AS ((state IN ('ended', 'abandoned') OR late_ring) AND (lacks_end OR lacks_duration OR (lacks_recording AND connected_at IS NOT NULL))) STORED`);
    await tx.query(`CREATE INDEX router_attempt_incomplete ON router_attempt (channel, ask_until) WHERE incomplete`);
  },
};

export const channelRouterMigrations: readonly Migration[] = [createTables, channelsInFull, forLongLives, queriesByAccount, repairs];
