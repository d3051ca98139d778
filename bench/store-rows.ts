import { encodeCallEvent, topics, type CallEvent, type WireRecord } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import { pause } from '@cc/kernel';
import { TypeOrmDatabase } from '@cc/postgres';
import { freshDatabase } from './backends';
import { append, benchLog, untilCaughtUp } from './bench-log';
import { callbackAt, type CallbackKind } from './e9-callbacks';
import { introduction, knownCalls, type KnownCall } from './known-calls';
import type { Row } from './measure';
import { figuresOf } from './process-figures';
import { ServiceProcesses } from './service-processes';

const MILLION = 1_000_000;
/** Calls whose events come mixed: about ten seconds of the load. */
const TOGETHER = 5_000;
const SAMPLE_MS = 500;

/** record-store alone, with a million events in the log at its start. */
export async function storeRows(server: string, brokers: readonly string[]): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    const { eventsPerSecond, rssMb } = await storeAlone({ databaseUrl: database.at, brokers }, MILLION);
    const row = (what: string, unit: string, figure: number): Row => ({ name: `record-store alone, 1,000,000 events, ${what}`, unit, product: [figure], floor: [], aim: undefined });
    return [row('events', 'events/s', eventsPerSecond), row('memory', 'MB', rssMb)];
  } finally {
    await database.stop();
  }
}

/** From the start of the process's reading to the last commit; the most memory that was seen. */
export async function storeAlone(place: { readonly databaseUrl: string; readonly brokers: readonly string[] }, count: number): Promise<{ eventsPerSecond: number; rssMb: number }> {
  const database = await TypeOrmDatabase.connect({ url: place.databaseUrl, poolSize: 2, applicationName: 'cc-bench' });
  const log = await benchLog(place, database);
  try {
    const behind = async (): Promise<number> => (await log.lag('record-store', topics.callEvents.name)).reduce((sum, { records }) => sum + records, 0);
    const before = await appended(log, count, behind);
    const store = await ServiceProcesses.start(place, { only: ['record-store'] });
    let rssMb = 0;
    const sampling = setInterval(() => (rssMb = Math.max(rssMb, figuresOf(store.pidOf('record-store')).rssMb)), SAMPLE_MS);
    try {
      while ((await behind()) >= before) await pause(20);
      const startedAt = performance.now();
      const left = await behind();
      await untilCaughtUp(log, [['record-store', topics.callEvents.name]], () => store.check());
      return { eventsPerSecond: left / ((performance.now() - startedAt) / 1000), rssMb };
    } finally {
      clearInterval(sampling);
      await store.stop();
    }
  } finally {
    await log.close();
    await database.close();
  }
}

/** Resolves to how many records the group has before it then. */
async function appended(log: EventLog, count: number, behind: () => Promise<number>): Promise<number> {
  for (let done = 0; done < count; ) {
    const mixed = mixedEvents(TOGETHER).slice(0, count - done);
    await append(log, topics.callEvents.name, mixed);
    done += mixed.length;
  }
  return behind();
}

/** All first events, then all second ones, and so on: a call's come as far apart as they do under load. */
function mixedEvents(calls: number): WireRecord[] {
  const histories = knownCalls(calls, 'bench').map((call) => [...introduction(call), ...told(call)].map((event) => encodeCallEvent(event, 'bench')));
  const longest = Math.max(...histories.map((history) => history.length));
  return Array.from({ length: longest }, (_, nth) => histories.flatMap((history) => history[nth] ?? [])).flat();
}

/** What event-dispatcher makes of e9's four callbacks. */
function told(call: KnownCall): CallEvent[] {
  const { callId, tenant, attemptId, vendorCallId } = call;
  const event = (name: string, kind: CallbackKind, channelState: string) => {
    const occurredAt = callbackAt(call, kind);
    return { id: `${attemptId}/${name}/0123456789abcdef`, callId, tenant, attemptId, channel: 'e9-main', occurredAt, recordedAt: occurredAt + 300, source: 'callback', channelState } as const;
  };
  const derived = { source: 'derived', via: 'callback' } as const;
  return [
    { type: 'cc.call.a-ringing.v1', ...event('a-ringing', 'a-called', 'CallInvite/0') },
    { type: 'cc.call.a-answered.v1', ...event('a-answered', 'b-called', 'CallInvite/1') },
    { type: 'cc.call.b-ringing.v1', ...event('b-ringing', 'b-called', 'CallInvite/1') },
    { type: 'cc.call.connected.v1', ...event('connected', 'established', 'CallEstablish') },
    { type: 'cc.call.a-answered.v1', ...event('a-answered/again', 'b-called', 'Hangup'), ...derived },
    { type: 'cc.call.connected.v1', ...event('connected/again', 'established', 'Hangup'), ...derived },
    { type: 'cc.call.ended.v1', ...event('ended', 'hung-up', 'Hangup'), closeType: 0, vendorCode: '0', durationSeconds: 30 },
    { type: 'cc.call.recording-available.v1', ...event('recording-available', 'hung-up', 'Hangup'), vendorCallId, vendorUrl: `http://127.0.0.1:9/rec/${vendorCallId}.mp3` },
  ];
}
