import { newId, pause, withDeadline } from '@cc/kernel';
import type { Client } from 'pg';
import { callbackAt, callbackKinds, callbackXml, type VendorCall } from './e9-callbacks';
import { FloorEvent, translated, upsert } from './floor-record';
import { appendAlone, appendBatch, connected, createCursors, createTopic, inBatch, type TakenRecord } from './log-postgres-floor';
import { secondsOfProgress } from './pipeline-progress';
import { batchesOf, PARTITIONS } from './records';

const IDLE_MS = 5;
const LANES = 2;
const LIMIT_MS = 120_000;

/** A group's programs on one topic: each lane has its own partitions and a connection. */
class Program {
  private readonly stopping = new AbortController();
  private readonly lanes: Promise<void>;

  constructor(
    private readonly clients: readonly Client[],
    private readonly topic: string,
    private readonly group: string,
    private readonly handle: (client: Client, records: readonly TakenRecord[]) => Promise<void>,
  ) {
    this.lanes = Promise.all(clients.map((client, lane) => this.lane(client, lane))).then(() => undefined);
    this.lanes.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.lanes;
  }

  private async lane(client: Client, lane: number): Promise<void> {
    while (!this.stopping.signal.aborted) {
      let taken = 0;
      for (let partition = lane; partition < PARTITIONS; partition += this.clients.length) {
        taken += await inBatch(client, { topic: this.topic, group: this.group, partition }, (records) => this.handle(client, records));
      }
      if (taken === 0) await pause(IDLE_MS, this.stopping.signal);
    }
  }
}

/** Notifications a second through two bare pg programs on hand-written log tables: XML to JSON events, events to one UNNEST upsert a batch, each with its position in the same transaction. */
export async function pipelineWithPg(databaseUrl: string, callCount: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: 1 + 2 * LANES }, () => connected(databaseUrl)));
  const [look, ...workers] = clients;
  const tenant = newId('floor').slice(0, 32);
  const [notifications, events] = [newId('notifications'), newId('events')];
  const programs: Program[] = [];
  try {
    if (look === undefined) throw new Error('no connection');
    for (const topic of [notifications, events]) {
      await createTopic(look, topic);
      await createCursors(look, topic, 'floor');
    }
    await fill(look, notifications, callCount);
    programs.push(new Program(workers.slice(0, LANES), events, 'floor', (client, records) => upsert(client, records.map(({ value }) => FloorEvent.parse(JSON.parse(value?.toString() ?? ''))))));
    programs.push(new Program(workers.slice(LANES), notifications, 'floor', (client, records) => translate(client, events, records, tenant)));
    const seconds = await withDeadline(secondsOfProgress(callCount, async () => {
      const { rows } = await look.query<{ begun: string; closed: string }>(`SELECT count(*) AS begun, count(*) FILTER (WHERE state = 'close') AS closed FROM floor_call WHERE tenant = $1`, [tenant]);
      return { begun: Number(rows[0]?.begun ?? 0), closed: Number(rows[0]?.closed ?? 0) };
    }), LIMIT_MS, 'A round of the floor');
    return (callCount * callbackKinds.length) / seconds;
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function fill(client: Client, topic: string, callCount: number): Promise<void> {
  const calls = Array.from({ length: callCount }, (): VendorCall => ({ vendorCallId: newId('v'), attemptId: newId('att'), startedAt: Date.now() - 60_000 }));
  const records = callbackKinds.flatMap((kind) => calls.map((call) => ({
    key: `e9-main|${call.vendorCallId}`, value: Buffer.from(callbackXml(call, kind)), headers: { ce_id: newId('ntf'), ce_type: 'cc.channel.notification.v1', ce_receivedat: String(callbackAt(call, kind) + 300) },
  })));
  for (const batch of batchesOf(records)) await appendAlone(client, topic, batch);
}

async function translate(client: Client, events: string, records: readonly TakenRecord[], tenant: string): Promise<void> {
  const told = records.map(({ value }) => translated(value?.toString() ?? '', tenant));
  await appendBatch(client, events, told.map((event) => ({ key: String(event['cc_call_id']), value: Buffer.from(JSON.stringify(event)), headers: {} })));
}
