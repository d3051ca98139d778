// Proves that each dependency rule fires, and on its own file only: a small tree with one violation per rule is planted in a
// temporary folder (never in the checkout), cruised once with the project's rules, and the reports are compared file by file.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, withPlantedTree } from './planted-tree.mjs';

const rules = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'));
const { libMayUse, onlyIn } = rules.tables;
const libs = Object.keys(libMayUse);

/** What the planted tree stands on: front doors, two services, two vendors. None of it breaks a rule. */
const ground = {
  ...Object.fromEntries(libs.map((lib) => [`libs/${lib}/src/index.ts`, `export { own } from './own';\n`])),
  ...Object.fromEntries(libs.map((lib) => [`libs/${lib}/src/own.ts`, `export const own = '${lib}';\n`])),
  'libs/vendors/src/vendor.port.ts': 'export interface Vendor { readonly code: string }\n',
  'libs/vendors/src/aa/index.ts': "import type { Vendor } from '../vendor.port';\nexport const aa: Vendor = { code: 'aa' };\n",
  'apps/ground/src/service.ts': "export const ground = 'ground';\n",
  'apps/ground/src/domain/fold.ts': "import { z } from 'zod';\nimport { createHash } from 'node:crypto';\nimport { own } from '@cc/contracts';\nexport const fold = [z, createHash, own];\n",
  'apps/ground/src/in/ground.consumer.ts': "import { fold } from '../domain/fold';\nexport const consume = fold;\n",
  'apps/ground/src/out/pg-ground.ts': "import { DataSource } from 'typeorm';\nimport { fold } from '../domain/fold';\nexport const store = [DataSource, fold];\n",
  'apps/ground/test/ground.int.spec.ts': "import kafkajs from 'kafkajs';\nimport { own } from '@cc/testing';\nimport { fold } from '../src/domain/fold';\nexport const seen = [kafkajs, own, fold];\n",
  'apps/all-in-one/src/main.ts': "import { ground } from '../../ground/src/service';\nexport const services = [ground];\n",
  'apps/cc-cli/src/main.ts': "import { ground } from '../../ground/src/service';\nexport const services = [ground];\n",
  'test/call.e2e.spec.ts': "import { own } from '@cc/testing';\nimport { ground } from '../apps/ground/src/service';\nexport const seen = [own, ground];\n",
  'bench/log.ts': "import { own } from '@cc/event-log';\nexport const seen = own;\n",
};

const importing = (from) => `import * as planted from '${from}';\nexport const probe = planted;\n`;

/** One planted file each: [rule, file, what it imports]. */
const probes = [
  ['unresolvable', 'apps/probe/src/lost.ts', '@cc/nowhere'],
  ['apps-never-import-apps', 'apps/probe/src/neighbour.ts', '../../ground/src/domain/fold'],
  ['apps-never-import-apps', 'apps/probe/src/neighbour-service.ts', '../../ground/src/service'],
  ['apps-never-import-apps', 'apps/probe/test/neighbour.unit.spec.ts', '../../ground/src/domain/fold'],
  ['assemblies-see-only-service-definitions', 'apps/all-in-one/src/curious.ts', '../../ground/src/domain/fold'],
  ['assemblies-see-only-service-definitions', 'apps/cc-cli/src/curious.ts', '../../ground/src/domain/fold'],
  ['libs-never-import-apps', 'libs/testing/src/upwards.ts', '../../../apps/ground/src/service'],
  ['libs-by-front-door-only', 'apps/probe/src/side-door.ts', '../../../libs/platform/src/own'],
  ['libs-by-front-door-only', 'libs/event-log/src/side-door.ts', '../../kernel/src/own'],
  ['tests-by-front-door-only', 'test/side-door.e2e.spec.ts', '../libs/event-log/src/own'],
  ['tests-by-front-door-only', 'bench/inside.ts', '../apps/ground/src/domain/fold'],
  ['no-own-front-door', 'libs/kernel/src/own-door.ts', '@cc/kernel'],
  ['one-vendor-per-folder', 'libs/vendors/src/bb/borrowed.ts', '../aa'],
  ...['@nestjs/common', 'typeorm', 'kafkajs', 'ali-oss'].map((name, index) => ['vendors-are-framework-free', `libs/vendors/src/bb/framework-${index}.ts`, name]),
  ['vendors-are-framework-free', 'libs/contracts/src/framework.ts', '@nestjs/common'],
  ['domain-is-pure', 'apps/probe/src/domain/wire.ts', '@cc/event-log'],
  ['domain-is-pure', 'apps/probe/src/domain/nest.ts', '@nestjs/common'],
  ['domain-is-pure', 'apps/ground/src/domain/outwards.ts', '../out/pg-ground'],
  ['domain-does-no-io', 'apps/probe/src/domain/disk.ts', 'node:fs'],
  ['out-never-imports-in', 'apps/ground/src/out/backwards.ts', '../in/ground.consumer'],
  ['production-never-imports-tests', 'apps/probe/src/armed.ts', '@cc/testing'],
  ['production-never-imports-tests', 'apps/ground/src/from-spec.ts', '../test/ground.int.spec'],
  ['production-needs-no-dev-dependency', 'apps/probe/src/dev-only.ts', 'fast-check'],
  ...Object.keys(onlyIn).map((name) => [`only-one-place-imports-${name}`, `apps/probe/src/in/${name}.ts`, name]),
  ['only-one-place-imports-typeorm', 'apps/probe/src/typeorm.module.ts', 'typeorm'],
  ...libs.filter((lib) => libMayUse[lib] !== 'any').map((lib) => [
    `lib-layering-${lib}`,
    `libs/${lib}/src/layer.ts`,
    `@cc/${libs.find((other) => other !== lib && other !== 'testing' && !libMayUse[lib].includes(other))}`,
  ]),
];

/** Two files in a circle; the rule reports one of them. */
const circle = { 'apps/probe/src/hen.ts': importing('./egg'), 'apps/probe/src/egg.ts': importing('./hen') };

const cruise = (folder) => {
  const run = spawnSync(process.execPath, [join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), 'apps', 'libs', 'test', 'bench',
    '--config', '.dependency-cruiser.cjs', '-T', 'json'], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 120_000 });
  if (run.stdout === '') throw new Error(`dependency-cruiser gave no report: ${run.stderr}`);
  return JSON.parse(run.stdout).summary.violations;
};

const tableFaults = () => {
  const folders = readdirSync(join(root, 'libs'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return [
    ...folders.filter((name) => !libs.includes(name)).map((name) => `libs/${name} has no line in the table of .dependency-cruiser.cjs`),
    ...libs.filter((name) => !folders.includes(name)).map((name) => `.dependency-cruiser.cjs lists libs/${name}, which does not exist`),
    ...Object.keys(onlyIn).filter((name) => !existsSync(join(root, 'node_modules', name))).map((name) => `.dependency-cruiser.cjs keeps ${name} in one place, but it is not installed`),
  ];
};

/** Faults as sentences; none when every rule fires where it should and nowhere else. */
export async function probeDependencyRules() {
  const planted = Object.fromEntries(probes.map(([, file, from]) => [file, importing(from)]));
  const violations = await withPlantedTree({ ...ground, ...planted, ...circle }, cruise);
  const reported = (rule, file) => violations.some((violation) => violation.rule.name === rule && violation.from === file);
  const faults = tableFaults();
  for (const [rule, file, from] of probes) {
    if (!reported(rule, file)) faults.push(`${rule} is silent: ${file} imports ${from}`);
  }
  if (!Object.keys(circle).some((file) => reported('no-circular', file))) faults.push('no-circular is silent');
  for (const { rule, from, to } of violations) {
    if (from in ground) faults.push(`${rule.name} fires where nothing is wrong: ${from} imports ${to}`);
  }
  const proven = new Set(['no-circular', ...probes.map(([rule]) => rule)]);
  for (const { name } of rules.forbidden) {
    if (!proven.has(name)) faults.push(`${name} has no probe in scripts/checks/probe-dependency-rules.mjs`);
  }
  return { faults, summary: `${proven.size} rules, ${probes.length + 1} probes` };
}
