import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CcError } from '@cc/kernel';
import { processEnvironment, serviceNames, variablePrefix } from '@cc/platform';
import { removeEmbeddedPostgres } from '@cc/postgres';
import { Script } from '@cc/testing';
import { z } from 'zod';
import { e9ChannelFile } from './e9-callbacks';

const CALLBACK_SECRET = 'bench-callback-secret-0123456789';
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** A dial as the vendor gets it. */
export interface Dial {
  readonly attemptId: string;
  readonly vendorCallId: string;
  /** Of `performance.now()`: when the request had arrived. */
  readonly arrivedAt: number;
}

const DialBody = z.object({ callback: z.object({ userData: z.string() }) });

/** The vendor's side in our hands: accepts every dial and notes when it came. */
export class DialDoor {
  private heard: (dial: Dial) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(): Promise<DialDoor> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new CcError('fault', 'no-port', 'The dial door has no port');
    const door = new DialDoor(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      const arrivedAt = performance.now();
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const vendorCallId = randomBytes(16).toString('hex');
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ resp: { statusCode: '000000', callId: vendorCallId } }));
        const dial = DialBody.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        if (dial.success) door.heard({ attemptId: dial.data.callback.userData, vendorCallId, arrivedAt });
      });
    });
    return door;
  }

  /** The next dial; ask before it is caused. */
  next(): Promise<Dial> {
    return new Promise((resolve) => (this.heard = resolve));
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** CC as `npm start` runs it, in a process of its own, with our door in the place of the vendor. */
export class EmbeddedSystem {
  private constructor(
    private readonly script: Script,
    private readonly directory: string,
    /** The API's, with its version. */
    readonly apiUrl: string,
    readonly apiKey: string,
    /** Where the vendor posts its callbacks. */
    readonly callbackUrl: string,
  ) {}

  static async start(vendorUrl: string): Promise<EmbeddedSystem> {
    const directory = mkdtempSync(join(tmpdir(), 'cc-bench-embedded-'));
    // As root, the server's user must pass through.
    chmodSync(directory, 0o711);
    const channelsFile = join(directory, 'bench-channels.yaml');
    writeFileSync(channelsFile, e9ChannelFile(vendorUrl, CALLBACK_SECRET), { mode: 0o600 });
    const others = Object.entries(processEnvironment()).filter(([name]) => !name.startsWith('CC_'));
    const ports = serviceNames.map((name) => [`${variablePrefix(name)}_PORT`, '0']);
    const env = { ...Object.fromEntries([...others, ...ports]), CC_OBJECT_STORE_PORT: '0', CC_CHANNELS_FILE: channelsFile, CC_TEST_DIES_WITH_STDIN: 'true' };
    const args = ['-r', './libs/testing/src/swc-register.cjs', 'apps/all-in-one/src/main.ts', '--no-demo', '--data', directory];
    const script = new Script(spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }));
    try {
      await script.line(/^ready in/, START_LIMIT_MS);
      const found = async (pattern: RegExp): Promise<string> => (await script.line(pattern))[1] ?? '';
      const [ingest, api, key] = [await found(/^e9-callback-ingest +(\S+)/), await found(/^API {2,}(\S+)/), await found(/^API key +(\S+)/)];
      return new EmbeddedSystem(script, directory, api, key, `${ingest}/callbacks/e9-main/${CALLBACK_SECRET}`);
    } catch (error) {
      await script.kill();
      await discard(directory);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.script.signal('SIGTERM');
    await this.script.ended(STOP_LIMIT_MS).finally(() => discard(this.directory));
  }
}

async function discard(directory: string): Promise<void> {
  await removeEmbeddedPostgres(join(directory, 'postgres'));
  rmSync(directory, { recursive: true, force: true });
}
