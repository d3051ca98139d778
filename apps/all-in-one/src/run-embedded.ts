import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CcError, describeError } from '@cc/kernel';
import { PinoLog, ServiceGroup, loadShape, type RunningService } from '@cc/platform';
import { embeddedSchema, environment } from './all-in-one.config';
import { readCommandLine, usage, type CommandLine } from './command-line';
import { lockDataDir } from './data-lock';
import { demoCall } from './demo-call';
import { removeData, startBackends, type Backends } from './embedded-backends';
import { services } from './services';

const DEMO_LIMIT_MS = 180_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The whole of CC in one process, on backends of its own: what `npm start` runs. */
export async function runEmbedded(): Promise<void> {
  const stopping = new AbortController();
  const ends: (() => Promise<void>)[] = [];
  let ending: Promise<void> | undefined;
  const end = (code: number): void => {
    stopping.abort();
    ending ??= endAll(ends).finally(() => process.exit(code));
  };
  process.once('SIGTERM', () => end(0)).once('SIGINT', () => end(0));
  try {
    const options = readCommandLine(process.argv.slice(2));
    if (options.help) return say(usage);
    await start(options, ends, stopping.signal, (reason) => {
      process.stderr.write(`A service cannot go on: ${reason}\n`);
      end(1);
    });
  } catch (error) {
    if (stopping.signal.aborted) return;
    process.stderr.write(`${describeError(error)}\n`);
    end(error instanceof CcError && error.code === 'wrong-usage' ? 2 : 1);
  }
}

/** In reverse order; one that fails does not keep the others from ending. */
async function endAll(ends: readonly (() => Promise<void>)[]): Promise<void> {
  for (const end of [...ends].reverse()) await end().catch((error: unknown) => process.stderr.write(`${describeError(error)}\n`));
}

async function start(options: CommandLine, ends: (() => Promise<void>)[], signal: AbortSignal, onFatal: (reason: string) => void): Promise<void> {
  const began = Date.now();
  const settings = loadShape(embeddedSchema, environment());
  if (settings.kind === 'faulty') throw new CcError('input', 'bad-settings', settings.faults.map((fault) => `  - ${fault}`).join('\n'));
  ends.push(await lockDataDir(options.dataDir));
  if (options.fresh) await removeData(options.dataDir);
  mkdirSync(options.dataDir, { recursive: true });
  const logFile = join(options.dataDir, 'cc.log');
  const log = PinoLog.create('info', createWriteStream(logFile, { flags: 'a', mode: 0o600 }));
  const backends = await startBackends({ ...options, ...settings.settings, env: environment(), services, log, say });
  ends.push(() => backends.stop());
  const running: RunningService[] = [];
  const group = new ServiceGroup(services, backends.env, log, onFatal, (service) => {
    running.push(service);
    say(`${service.name.padEnd(20)} ${service.url}`);
  });
  ends.push(() => group.stop());
  await group.start();
  if (signal.aborted) return;
  await welcome(options, running, backends, { seconds: (Date.now() - began) / 1000, logFile, signal });
}

async function welcome(options: CommandLine, running: readonly RunningService[], { apiKey, operatorKey }: Backends, { seconds, logFile, signal }: { seconds: number; logFile: string; signal: AbortSignal }): Promise<void> {
  const gateway = running.find(({ name }) => name === 'call-gateway')?.url ?? '';
  say(`\nready in ${seconds.toFixed(1)} s. The logs are in ${logFile}. Ctrl-C ends it.\n`);
  say(`API                  ${gateway}/v1`);
  say(`API key              ${apiKey}`);
  if (operatorKey !== undefined) say(`operator's key       ${operatorKey}`);
  say('');
  if (!options.demo) return;
  const archived = await demoCall(gateway, apiKey, { say, signal, limitMs: DEMO_LIMIT_MS }).catch((error: unknown) => {
    if (!signal.aborted) say(`The demo call failed: ${describeError(error)}`);
    return false;
  });
  if (signal.aborted) return;
  say(archived ? `\nYour own call:\n\n  curl -s ${gateway}/v1/calls -H 'Authorization: Bearer ${apiKey}' \\\n    -H 'Content-Type: application/json' -d '{"from":"+8613800138000","to":"+8613900139000","record":true}'\n` : `\nThe demo call did not get as far as it should; ${logFile} tells why.\n`);
}
