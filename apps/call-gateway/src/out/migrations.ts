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

const createChannelSettings: Migration = {
  name: '0002-bindings-doubts-simulations',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE gateway_binding (
        tenant  varchar(32) NOT NULL,
        user_id varchar(64) NOT NULL,
        binding jsonb NOT NULL,
        PRIMARY KEY (tenant, user_id)
      )`);
    await tx.query(`
      CREATE TABLE gateway_attempt_in_doubt (
        attempt_id varchar(64) PRIMARY KEY,
        call_id    varchar(64) NOT NULL,
        tenant     varchar(32) NOT NULL,
        channel    varchar(32) NOT NULL,
        since      bigint NOT NULL,
        reason     text NOT NULL
      )`);
    await tx.query(`CREATE INDEX gateway_attempt_in_doubt_by_time ON gateway_attempt_in_doubt (since, attempt_id)`);
    await tx.query(`
      CREATE TABLE gateway_route_simulation (
        simulation_id varchar(64) PRIMARY KEY,
        tenant        varchar(32) NOT NULL,
        route         jsonb NOT NULL,
        received      bigint NOT NULL
      )`);
    await tx.query(`CREATE INDEX gateway_route_simulation_by_time ON gateway_route_simulation (received)`);
  },
};

const createOperatorAnswers: Migration = {
  name: '0003-operator-answers',
  up: async (tx) => {
    await tx.query(`
      CREATE TABLE gateway_operator_answer (
        command_id varchar(64) PRIMARY KEY,
        answer     jsonb NOT NULL,
        received   bigint NOT NULL
      )`);
    await tx.query(`CREATE INDEX gateway_operator_answer_by_time ON gateway_operator_answer (received)`);
  },
};

export const callGatewayMigrations: readonly Migration[] = [createTables, createChannelSettings, createOperatorAnswers];
