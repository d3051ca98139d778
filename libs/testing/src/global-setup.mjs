// Jest runs this once per project (int, e2e) of one invocation; they share one PostgreSQL and one Kafka.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const HELD = Symbol.for('cc.test.backends');
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** The first line that the process writes; it writes none when it cannot even load. */
const firstLine = (child) => new Promise((done, fail) => {
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more) => {
    text += more;
    if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
  });
  child.once('error', fail).once('exit', (code, signal) => fail(new Error(`The backends of the tests ended (${code ?? signal})`)));
});

async function start() {
  // Its stdin ends when we do, in whatever way; then it stops what it holds.
  const child = spawn(process.execPath, ['-r', path('swc-register.cjs'), path('backends/hold-backends.ts')], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  child.stdin.on('error', () => undefined);
  const exited = new Promise((done) => child.once('exit', done));
  const { faults, variables } = JSON.parse(await firstLine(child));
  if (faults !== undefined) {
    await exited;
    throw new Error(`The tests need what this machine lacks: ${faults.join('; ')}`);
  }
  const obstacle = variables.CC_TEST_KAFKA_SKIP_REASON ?? variables.CC_TEST_KAFKA_BROKER_SKIP_REASON;
  if (obstacle !== undefined) process.stderr.write(`Skipped: tests ${variables.CC_TEST_KAFKA_SKIP_REASON === undefined ? 'that stop and start a Kafka of their own' : 'on Kafka'} (${obstacle})\n`);
  child.unref();
  child.stdin.unref();
  child.stdout.unref();
  return { variables, stop: () => { child.ref(); child.stdin.end(); return exited; } };
}

export default async function setUp() {
  const held = (globalThis[HELD] ??= { users: 0, backends: start() });
  held.users += 1;
  const { variables } = await held.backends;
  Object.assign(process.env, variables);
}
