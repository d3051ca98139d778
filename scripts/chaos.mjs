// Faults drawn from a seed against the real processes: `npm run chaos -- [--minutes N] [--seed N]`; see test/chaos/README.md.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const chaos = spawn(process.execPath, ['-r', join(root, 'libs/testing/src/swc-register.cjs'), join(root, 'test/chaos/main.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
// It ends what it started itself; it gets the terminal's Ctrl-C as well.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => chaos.kill(signal));
chaos.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
chaos.on('close', (code) => (process.exitCode = code ?? 1));
