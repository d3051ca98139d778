import type { Migration } from '@cc/postgres';

const createTables: Migration = {
  name: '0001-query-model',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE gateway_call (
        call_id varchar(64) PRIMARY KEY,
        tenant  varchar(32) NOT NULL,
        created bigint NOT NULL,
        version int NOT NULL,
        record  jsonb NOT NULL
      )`);
    await tx.query(`CREATE INDEX gateway_call_by_time ON gateway_call (tenant, created DESC, call_id DESC)`);
    await tx.query(`
      CREATE TABLE gateway_event (
        call_id  varchar(64) NOT NULL,
        event_id varchar(160) NOT NULL,
        event    jsonb NOT NULL,
        PRIMARY KEY (call_id, event_id)
      )`);
    await tx.query(`
      CREATE TABLE gateway_idempotency_key (
        tenant      varchar(32) NOT NULL,
        key         varchar(255) NOT NULL,
        body_sha256 char(64) NOT NULL,
        answer      jsonb NOT NULL,
        created     bigint NOT NULL,
        PRIMARY KEY (tenant, key)
      )`);
    await tx.query(`CREATE TABLE gateway_channel (channel varchar(32) PRIMARY KEY, health jsonb NOT NULL)`);
    await tx.query(`
      CREATE TABLE gateway_business (
        tenant   varchar(32) NOT NULL,
        business varchar(64) NOT NULL,
        settings jsonb NOT NULL,
        PRIMARY KEY (tenant, business)
      )`);
  },
};

export const callGatewayMigrations: readonly Migration[] = [createTables];
