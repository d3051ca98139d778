import type { Migration } from '@cc/postgres';

/** The columns of the original design, then what they lack. Partitioned by the month of `created` (UTC). */
const createTables: Migration = {
  name: '0001-call-record',
  up: async (tx) => {
    await tx.query(`CREATE SEQUENCE call_record_id`);
    await tx.query(`
      CREATE TABLE call_record (
        id            bigint NOT NULL DEFAULT nextval('call_record_id'),
        tenant        varchar(32) NOT NULL,
        main_num      varchar(16),
        ext_num       varchar(8),
        agent         varchar(64),
        call_id       varchar(64),
        caller        varchar(16) NOT NULL,
        called        varchar(16) NOT NULL,
        biz_data      text,
        channel       varchar(8),
        ch_state      varchar(32),
        state         varchar(8) NOT NULL CHECK (state IN ('init', 'conn', 'close')),
        a_call_time   bigint,
        b_call_time   bigint,
        a_offhook_time bigint,
        b_offhook_time bigint,
        conn_time     bigint,
        close_time    bigint,
        duration      int,
        ch_audio_url  varchar(512),
        audio_url     varchar(512),
        ivr_url       varchar(512),
        ivr_text      text,
        close_type    varchar(32),
        updated       bigint NOT NULL,
        created       bigint NOT NULL,
        cc_call_id    varchar(64) NOT NULL,
        channel_id    varchar(32),
        version       int NOT NULL,
        attempts      int NOT NULL,
        ended_by      varchar(16),
        record_state  varchar(8) NOT NULL CHECK (record_state IN ('partial', 'complete')),
        recording_status varchar(16) NOT NULL,
        recording_object varchar(512),
        recording_size_bytes bigint,
        recording_sha256 char(64),
        caller_sealed text NOT NULL,
        called_sealed text NOT NULL,
        caller_ref    varchar(64) NOT NULL,
        called_ref    varchar(64) NOT NULL,
        PRIMARY KEY (cc_call_id, created),
        UNIQUE (tenant, cc_call_id, created)
      ) PARTITION BY RANGE (created)`);
    await tx.query(`CREATE INDEX call_record_by_vendor_call ON call_record (channel, call_id)`);
    await tx.query(`CREATE INDEX call_record_by_time ON call_record (tenant, created DESC)`);
    await tx.query(`
      CREATE TABLE record_event (
        call_id  varchar(64) NOT NULL,
        event_id varchar(160) NOT NULL,
        event    text NOT NULL,
        PRIMARY KEY (call_id, event_id)
      )`);
  },
};

export const recordStoreMigrations: readonly Migration[] = [createTables];
