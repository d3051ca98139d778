import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SealKeys, SilentLog } from '@cc/kernel';
import { defineService, indexKeyOf, loadServiceSettings, loadShape, numbersShape, PinoLog, Readiness, setting, settingsFor, WorkLoop } from '@cc/platform';
import { eventually } from '@cc/testing';
import { z } from 'zod';

class Settings extends settingsFor({
  key: setting.key({ env: 'CC_ENCRYPTION_KEY', help: 'Seals', example: 'x' }),
  limit: setting.integer({ env: 'CC_RECORD_STORE_LIMIT', default: 5, min: 1, max: 9, unit: 's', help: 'A limit', example: '5' }),
}) {}
class NoModule {}
const service = defineService({ name: 'record-store', defaultPort: 3005, module: NoModule, settings: Settings, consumes: [], produces: [], backends: 'database' });
const good = { CC_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'), CC_DATABASE_URL: 'postgres://x' };

describe('settings', () => {
  it('are read, with defaults; those of other services are no mistake', () => {
    const settings = loadServiceSettings(service, { ...good, CC_HW_POLLER_LEASE_SECONDS: '5', PATH: '/bin', CC_RECORD_STORE_LIMIT: '' });
    expect(settings).toMatchObject({ platform: { port: 3005, host: '127.0.0.1' }, database: { databaseUrl: 'postgres://x', databasePoolSize: 8 }, own: { values: { limit: 5 } } });
    expect(settings.own).toBeInstanceOf(Settings);
  });
  it('have all their faults told at once', () => {
    const env = { CC_ENCRYPTION_KEY: 'c2hvcnQ=', CC_RECORD_STORE_LIMIT: '10', CC_RECORD_STORE_PRT: '1', CC_LOG_LEVEL: 'loud', CC_DATABASE_POOL_SIZE: 'zero' };
    const faults = [/settings have 6 faults:/, /CC_DATABASE_POOL_SIZE: is no number\. /, /CC_ENCRYPTION_KEY: must be at least 32 bytes.*CC_ENCRYPTION_KEY_FILE/, /CC_RECORD_STORE_LIMIT: .*A limit \[s\]/, /CC_RECORD_STORE_PRT: no such setting; did you mean CC_RECORD_STORE_PORT\? \.env\.example/, /CC_LOG_LEVEL: /, /CC_DATABASE_URL: is missing/];
    for (const fault of faults) expect(() => loadServiceSettings(service, env)).toThrow(fault);
  });
  it.each([
    ['CC_DATABASE_URL', 'mysql://user:pass-word@x/db', /CC_DATABASE_URL: is no URL of the form postgres:\/\//],
    ['CC_KAFKA_BROKERS', 'a:9092,b', /CC_KAFKA_BROKERS: has an item that is not host:port/],
  ])('of the wrong form say so, and no secret: %s', (name, value, fault) => {
    expect(() => loadServiceSettings(service, { ...good, [name]: value })).toThrow(fault);
    expect(() => loadServiceSettings(service, { ...good, [name]: value })).not.toThrow(/pass-word/);
  });
  it('that are secret may come by file, not twice', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cc-settings-'));
    const file = join(directory, 'url');
    writeFileSync(file, 'postgres://from-file\n');
    const { CC_DATABASE_URL: _url, ...rest } = good;
    expect(loadServiceSettings(service, { ...rest, CC_DATABASE_URL_FILE: file }).database?.databaseUrl).toBe('postgres://from-file');
    expect(() => loadServiceSettings(service, { ...good, CC_DATABASE_URL_FILE: file })).toThrow(/given twice/);
    expect(() => loadServiceSettings(service, { ...rest, CC_DATABASE_URL_FILE: `${file}.none` })).toThrow(/CC_DATABASE_URL_FILE: the file .* cannot be read/);
    rmSync(directory, { recursive: true });
  });
});

describe('keys', () => {
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(48, 2)];
  const load = (env: Record<string, string>) => loadShape(z.object(numbersShape), env);

  it('come one or several, with whatever stands between them', () => {
    const [one, two] = [first, second].map((key) => key.toString('base64'));
    for (const given of [`${two},${one}`, `${two}\n${one}\n`, ` ${two} , ${one}`]) expect(load({ CC_ENCRYPTION_KEY: given })).toMatchObject({ settings: { encryptionKey: new SealKeys([second, first]) } });
    expect(load({ CC_ENCRYPTION_KEY: `${one}` })).toMatchObject({ settings: { encryptionKey: new SealKeys([first]) } });
    expect(load({ CC_ENCRYPTION_KEY: `${one},c2hvcnQ=` })).toMatchObject({ faults: [expect.stringMatching(/CC_ENCRYPTION_KEY: must be at least 32 bytes/)] });
    expect(load({ CC_ENCRYPTION_KEY: `${one},${one}` })).toMatchObject({ faults: [expect.stringMatching(/CC_ENCRYPTION_KEY: The key [0-9a-f]{8} is given twice/)] });
    expect(load({ CC_ENCRYPTION_KEY: ' , ' })).toMatchObject({ kind: 'faulty' });
  });

  it('of the references must be named once there are several', () => {
    expect(indexKeyOf({ encryptionKey: new SealKeys([first]) })).toEqual(first);
    expect(indexKeyOf({ encryptionKey: new SealKeys([second]), indexKey: first })).toEqual(first);
    expect(() => indexKeyOf({ encryptionKey: new SealKeys([second, first]) })).toThrow(/CC_INDEX_KEY is missing.*the first key that this deployment ever had/);
  });
});

it('the log cuts what looks like a telephone number, in causes as well, and leaves ids alone', () => {
  const lines: string[] = [];
  PinoLog.create('info', { write: (line: string) => lines.push(line) }).child({ from: '13900000001' }).warn('told', { to: 'call +8613900000002 now', error: new Error('x', { cause: new Error('8613900000003') }), id: 'call-0190163d8694739b8c1a5f0e2d4c6b7a', masked: '+86139****0001' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/390000000[123]/);
  for (const kept of ['call-0190163d8694739b8c1a5f0e2d4c6b7a', '+86139****0001', '"msg":"told"', '"level":"warn"']) expect(lines[0]).toContain(kept);
});

it('readiness tells every reason, and nothing but draining once it drains', async () => {
  const readiness = new Readiness();
  readiness.add('a', () => undefined);
  expect(await readiness.reasons()).toEqual([]);
  readiness.add('b', () => Promise.resolve('away'));
  expect(await readiness.reasons()).toEqual(['b: away']);
  readiness.drain();
  expect(await readiness.reasons()).toEqual(['draining']);
});

it('a work loop goes on while there is more, when woken and after an error, and stops behind its step', async () => {
  let steps = 0;
  const loop = new WorkLoop({ name: 'test', idleMs: 600_000, log: new SilentLog(), step: () => {
    steps += 1;
    return steps === 4 ? Promise.reject(new Error('once')) : Promise.resolve(steps < 3);
  } });
  loop.start();
  loop.start();
  await eventually(() => steps === 3);
  loop.wake();
  await eventually(() => steps === 5);
  await loop.stop();
  loop.wake();
  expect(steps).toBe(5);
});
