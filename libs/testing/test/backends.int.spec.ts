import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { TypeOrmDatabase } from '@cc/postgres';
import { describeWithKafka, describeWithKafkaBroker, eventually, freshDatabase, kafkaBrokers, spawnScript, startKafkaBroker, startScript } from '@cc/testing';
import type { Script } from '@cc/testing';
import { Kafka, logLevel } from 'kafkajs';

// A broker starts in seconds, on a busy machine in many.
jest.setTimeout(120_000);

const scripts: Script[] = [];

afterEach(async () => {
  await Promise.all(scripts.splice(0).map((script) => script.kill()));
});

/** True when something takes connections there. */
async function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  return new Promise((done) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => done(true)).once('error', () => done(false)).once('close', () => socket.destroy());
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const kafkaAt = (brokers: string[]) =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 1_000, requestTimeout: 2_000, enforceRequestTimeout: true, retry: { retries: 0 } });

async function topicsAt(brokers: string[]): Promise<string[]> {
  const admin = kafkaAt(brokers).admin();
  try {
    await admin.connect();
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

describe('freshDatabase', () => {
  const open = async (url: string) => TypeOrmDatabase.connect({ url, poolSize: 1, applicationName: 'spec' });

  it('is empty, or a copy of its template, and goes although somebody is connected', async () => {
    const first = await freshDatabase();
    const db = await open(first.url);
    await db.query('create table made_here as select 5 as n');
    await db.close();
    const [empty, copy] = [await freshDatabase(), await freshDatabase({ template: first.name })];
    const [inEmpty, inCopy] = [await open(empty.url), await open(copy.url)];
    expect(await inEmpty.query(`select to_regclass('made_here') as found`)).toEqual([{ found: null }]);
    expect(await inCopy.query('select n from made_here')).toEqual([{ n: 5 }]);
    await Promise.all([first.drop(), copy.drop()]);
    expect(await inEmpty.query('select datname from pg_database where datname = any($1)', [[first.name, copy.name, empty.name]])).toEqual([{ datname: empty.name }]);
    await Promise.all([inEmpty.close(), inCopy.close()]);
    await empty.drop();
  });
});

describe('spawnScript', () => {
  it('runs TypeScript with the libraries, and ends with the process that started it, even by kill -9', async () => {
    const worker = spawnScript(join(__dirname, 'nested-worker.ts'));
    scripts.push(worker);
    const [, pid] = await worker.line(/^leaf pid (\d+)$/);
    expect(alive(Number(pid))).toBe(true);
    expect(await worker.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await eventually(() => !alive(Number(pid)));
  });

  it('tells what a script wrote when it ends without the line', async () => {
    const script = startScript(['-e', 'console.log("one"); console.error("two"); process.exit(3)']);
    scripts.push(script);
    await expect(script.line(/^three$/)).rejects.toThrow(/one[^]*two/);
    expect(await script.ended(1_000)).toEqual({ code: 3, signal: null });
  });
});

describe('the global setup', () => {
  async function setUp(): Promise<{ script: Script; addresses: string[] }> {
    const script = startScript([join(__dirname, 'run-setup.mjs')], { env: { CC_DATABASE_URL: '', CC_KAFKA_BROKERS: '' } });
    scripts.push(script);
    const [, postgres = '', kafka = ''] = await script.line(/^(postgres\S+) (\S+)$/, 100_000);
    return { script, addresses: kafka === 'none' || kafka === '' ? [postgres] : [postgres, `kafka://${kafka}`] };
  }
  const listening = async (addresses: string[]) => Promise.all(addresses.map(listens));

  it('serves both projects until the last is done, and leaves nothing', async () => {
    const { script, addresses } = await setUp();
    script.tell('first');
    await script.line(/^first done$/);
    expect(await listening(addresses)).toEqual(addresses.map(() => true));
    script.tell('last');
    await script.line(/^last done$/);
    expect(await listening(addresses)).toEqual(addresses.map(() => false));
  });

  it('leaves nothing although Jest is killed', async () => {
    const { script, addresses } = await setUp();
    await script.kill();
    await eventually(async () => (await listening(addresses)).every((up) => !up), { limitMs: 30_000 });
  });
});

describeWithKafka('the shared Kafka', () => {
  it('answers, and makes no topic by itself', async () => {
    const admin = kafkaAt(kafkaBrokers() ?? []).admin();
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: ['misspelt'] })).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    await admin.disconnect();
  });
});

describeWithKafkaBroker('a broker of its own', () => {
  it('can be killed, restarted with its data on its port, paused and resumed, and leaves nothing', async () => {
    const broker = await startKafkaBroker({ settings: { 'message.max.bytes': '2000000' } });
    try {
      const admin = kafkaAt(broker.brokers).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: false });
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 4, name: '1', configNames: ['message.max.bytes'] }] });
      expect(resources[0]?.configEntries[0]?.configValue).toBe('2000000');
      await admin.disconnect();

      const before = broker.pid;
      await broker.kill();
      expect(alive(before)).toBe(false);
      await expect(topicsAt(broker.brokers)).rejects.toThrow();
      await broker.restart();
      expect(broker.pid).not.toBe(before);
      expect(await eventually(() => topicsAt(broker.brokers))).toEqual(['kept']);

      broker.pause();
      await expect(topicsAt(broker.brokers)).rejects.toThrow();
      broker.resume();
      expect(await eventually(() => topicsAt(broker.brokers))).toEqual(['kept']);
    } finally {
      await broker.stop();
    }
    expect(alive(broker.pid)).toBe(false);
    expect(existsSync(broker.dataDir)).toBe(false);
  });
});
