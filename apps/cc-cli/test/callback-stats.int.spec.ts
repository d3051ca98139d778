import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { freshDatabase, type FreshDatabase } from '@cc/testing';
import axios from 'axios';
import { callbackIngest } from '../../e9-callback-ingest/src/service';
import { runCommandLine } from '../src/run-command-line';

const [KEY, SECRET] = ['olga-key-0123456789abcdefghij', 'callback-secret-0123456789'];

describe('cc callbacks stats', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-callback-stats-'));
  let fresh: FreshDatabase;
  let ingest: RunningService;
  beforeAll(async () => {
    fresh = await freshDatabase();
    writeFileSync(join(directory, 'channels.yaml'), JSON.stringify({ channels: [{ id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: SECRET }], settings: { endpoint: 'http://127.0.0.1:9', accountSid: 'a'.repeat(32), authToken: { value: 't'.repeat(32) }, appId: 'b'.repeat(32) } }] }));
    ingest = await startService(callbackIngest, loadServiceSettings(callbackIngest, {
      CC_E9_CALLBACK_INGEST_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: join(directory, 'channels.yaml'), CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(directory, 'spool'), CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: `olga:${KEY}`,
    }), new SilentLog(), () => undefined);
  }, 60_000);
  afterAll(async () => {
    await ingest.stop();
    await fresh.drop();
    rmSync(directory, { recursive: true });
  });

  const cc = async (env: Readonly<Record<string, string>>, ...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCommandLine(args, { CC_CALLBACKS_URL: ingest.url, CC_OPERATOR_KEY: KEY, ...env }, { out: (text) => out.push(text), err: (text) => err.push(text) });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };

  it('shows what came to the door by channel, and why something was refused', async () => {
    const post = (path: string) => axios.post<unknown>(`${ingest.url}/callbacks/${path}`, '<req/>', { proxy: false, validateStatus: () => true });
    for (const path of [`e9-main/${SECRET}`, `e9-main/${SECRET}x`, `e9-other/${SECRET}`]) await post(path);
    const shown = await cc({}, 'callbacks', 'stats');
    expect(shown).toMatchObject({ code: 0, err: '' });
    for (const line of [/^since 20\d\d-/m, /^e9-main +1 +1 +1 +0 +[01] +[01] +\d+\.\d$/m, /^unknown-channel +1$/m]) expect(shown.out).toMatch(line);
    expect(JSON.parse((await cc({}, 'callbacks', 'stats', '--json')).out)).toMatchObject({ refused: { 'wrong-secret': 1 }, channels: [{ channel: 'e9-main', received: 1, stored: 1 }] });
  });

  it.each([
    ['its key', { CC_OPERATOR_KEY: `${KEY}x` }, 1, 'CC_E9_CALLBACK_INGEST_OPERATOR_KEYS'],
    ['no key', { CC_OPERATOR_KEY: '' }, 2, 'CC_OPERATOR_KEY'],
    ['its address', { CC_CALLBACKS_URL: 'http://127.0.0.1:9' }, 1, 'CC_CALLBACKS_URL'],
  ])('says what is wrong with %s', async (_what, env, code, said) => {
    expect(await cc(env, 'callbacks', 'stats')).toMatchObject({ code, out: '', err: expect.stringContaining(said) });
  });
});
