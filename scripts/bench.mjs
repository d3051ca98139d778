// The measurements of CC beside hand-written floors: `npm run bench -- [--only NAME] [--json FILE]`.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
// Some of it is measured on the services as they are deployed.
const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) process.exit(build.status ?? 1);
const bench = spawn(process.execPath, ['-r', join(root, 'libs/testing/src/swc-register.cjs'), join(root, 'bench/main.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
// The bench ends its backends itself; it gets the terminal's Ctrl-C as well.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => bench.kill(signal));
bench.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
bench.on('close', (code) => (process.exitCode = code ?? 1));
