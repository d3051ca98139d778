import { join } from 'node:path';
import { describeWithKafkaBroker, startScript, type Script } from '@cc/testing';

/** Faults for three minutes; then a quiet machine is at rest within 100 s: late recordings come, and lines in doubt are held for a minute. */
const ARGUMENTS = ['--minutes', '3', '--seed', '1', '--rate', '5', '--recovery', '180'];
const LIMIT_MS = 600_000;
const REGISTER = join(__dirname, '../../libs/testing/src/swc-register.cjs');

describeWithKafkaBroker('chaos', () => {
  let script: Script | undefined;

  afterAll(async () => {
    // It ends what it has started.
    if (script?.running === true) {
      script.signal('SIGTERM');
      await script.exited;
    }
  }, 120_000);

  test('what was promised holds after three minutes of faults', async () => {
    script = startScript(['-r', REGISTER, join(__dirname, 'main.ts'), ...ARGUMENTS]);
    const { code } = await script.ended(LIMIT_MS);
    const told = [...script.lines, script.stderr].join('\n');
    expect({ code, told }).toEqual({ code: 0, told: expect.stringContaining(': passed') });
  }, LIMIT_MS + 30_000);
});
