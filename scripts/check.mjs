// `npm run check`: everything that CI checks but the tests. One line per check with its time; all faults at the end; exit 1 on any.
//   node scripts/check.mjs [NAME…]     only the checks of these names
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkManifests } from './checks/check-manifests.mjs';
import { root } from './checks/planted-tree.mjs';
import { probeDependencyRules } from './checks/probe-dependency-rules.mjs';
import { probeLintRules } from './checks/probe-lint-rules.mjs';
import { scanSources } from './checks/scan-sources.mjs';
import { generate, probeDataFlow, staleFiles } from './generate-docs.mjs';

const TOOL_LIMIT_MS = 10 * 60_000;

/** A tool of node_modules in its own process, which does not outlive this one; whatever it prints is the fault when it fails. */
const tool = (script, ...args) => async () => {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: TOOL_LIMIT_MS });
  process.once('exit', () => child.kill());
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const text = Buffer.concat(output).toString('utf8').trim();
  return status === 0 ? { faults: [], summary: '' } : { faults: [text === '' ? `${script} exited with ${status}` : text], summary: '' };
};

const sourceFolders = ['apps', 'libs', 'test', 'bench'].filter((folder) => existsSync(join(root, folder)));

const generatedDocs = () => {
  const { files, faults } = generate();
  return { faults: [...faults, ...staleFiles(files), ...probeDataFlow()], summary: Object.keys(files).join(', ') };
};

const checks = [
  { name: 'types', run: tool('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'lint', run: tool('eslint/bin/eslint.js', '.', '--max-warnings', '0') },
  { name: 'dependencies', run: tool('dependency-cruiser/bin/dependency-cruise.mjs', ...sourceFolders, '--config', '.dependency-cruiser.cjs', '-T', 'err-long') },
  { name: 'dependency-probes', run: probeDependencyRules },
  { name: 'lint-probes', run: probeLintRules },
  { name: 'words', run: scanSources },
  { name: 'generated-docs', run: generatedDocs },
  { name: 'manifests', run: checkManifests },
];

const runCheck = async ({ name, run }) => {
  const startedAt = performance.now();
  const { faults, summary, skipped } = await Promise.resolve().then(run).catch((error) => ({ faults: [error.stack ?? String(error)], summary: '' }));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAULTY'} ${name.padEnd(18)} ${seconds} s  ${faults.length === 0 ? summary : `${faults.length} fault${faults.length === 1 ? '' : 's'}`}`.trimEnd());
  for (const reason of skipped ?? []) console.log(`       skipped: ${reason}`);
  return faults.map((fault) => `${name}: ${fault}`);
};

// Exit handlers remove what the probes planted.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are: ${checks.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const queue = checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const faults = [];
const worker = async () => {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) faults.push(...(await runCheck(check)));
};
await Promise.all([worker(), worker()]);
for (const fault of faults) console.error(`\n${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
