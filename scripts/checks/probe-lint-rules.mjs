// Proves that each rule of eslint.config.mjs fires on a planted snippet, and that the clean twins stay silent.
import { ESLint } from 'eslint';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, withPlantedTree } from './planted-tree.mjs';

const lines = (count, line) => Array.from({ length: count }, line).join('\n');
const union = "type Side = 'a' | 'b';\n";
const decorator = 'const Decorated = (): ClassDecorator => () => {};\nexport const Body = (): ParameterDecorator => () => {};\n';
const logPort = 'interface Log { info(message: string, fields?: object): void; warn(message: string): void }\n';

/** [rule, file, text, part of the message where one rule says several things]. */
const probes = [
  ['@typescript-eslint/no-floating-promises', 'libs/kernel/src/floating.ts', 'async function work(): Promise<void> {}\nexport function start(): void { work(); }\n'],
  ['@typescript-eslint/no-misused-promises', 'libs/kernel/src/misused.ts', 'export const start = (work: () => Promise<boolean>): number => { if (work()) return 1; return 0; };\n'],
  ['@typescript-eslint/switch-exhaustiveness-check', 'libs/kernel/src/switch.ts', `${union}export function name(side: Side): string { switch (side) { case 'a': return 'caller'; } return ''; }\n`],
  ['@typescript-eslint/no-explicit-any', 'libs/kernel/src/any.ts', 'export const look = (value: any): boolean => value === 1;\n'],
  ['@typescript-eslint/no-unsafe-assignment', 'libs/kernel/src/unsafe-assignment.ts', "export const look = (): string => { const parsed: string = JSON.parse('1'); return parsed; };\n"],
  ['@typescript-eslint/no-unsafe-return', 'libs/kernel/src/unsafe-return.ts', "export const look = (): string => JSON.parse('1');\n"],
  ['@typescript-eslint/no-unsafe-member-access', 'libs/kernel/src/unsafe-member.ts', "export const look = (): boolean => JSON.parse('1').a === 1;\n"],
  ['@typescript-eslint/no-unsafe-call', 'libs/kernel/src/unsafe-call.ts', "export const look = (): void => { JSON.parse('1')(); };\n"],
  ['@typescript-eslint/no-unsafe-argument', 'libs/kernel/src/unsafe-argument.ts', "export const look = (take: (text: string) => void): void => { take(JSON.parse('1')); };\n"],
  ['@typescript-eslint/no-non-null-assertion', 'libs/kernel/src/non-null.ts', 'export const first = (list: string[]): string => list[0]!;\n'],
  ['@typescript-eslint/consistent-type-assertions', 'libs/kernel/src/cast.ts', 'export const text = (value: unknown): string => value as string;\n'],
  ['@typescript-eslint/consistent-type-assertions', 'test/cast.e2e.spec.ts', 'export const text = (value: unknown): string => value as unknown as string;\n'],
  ['@typescript-eslint/ban-ts-comment', 'libs/kernel/src/ignore.ts', "// @ts-ignore because\nexport const text: string = 'a';\n"],
  ['@typescript-eslint/ban-ts-comment', 'libs/kernel/src/expect.ts', "// @ts-expect-error because\nexport const text: string = 1;\n"],
  ['@typescript-eslint/no-unused-vars', 'libs/kernel/src/unused.ts', "export const text = 'a';\nconst left = 1;\n"],
  ['@typescript-eslint/no-restricted-imports', 'apps/probe/src/bootstrap.ts', "import { NestFactory } from '@nestjs/core';\nexport const start = NestFactory;\n", 'runServices'],
  ['@typescript-eslint/no-restricted-imports', 'apps/probe/src/probe.config.ts', "import { NestFactory } from '@nestjs/core';\nexport const start = NestFactory;\n", 'runServices'],
  ['@typescript-eslint/no-restricted-imports', 'libs/platform/src/environment.ts', "import { env } from 'node:process';\nexport const home = env['HOME'];\n", '*.config.ts'],
  ['cc/static-log-message', 'libs/kernel/src/log-line.ts', `${logPort}export const tell = (log: Log, call: string): void => { log.info(\`call \${call} ended\`); };\n`],
  ['cc/static-log-message', 'libs/kernel/src/log-member.ts', `${logPort}export class Teller { constructor(private readonly log: Log) {}\n tell(text: string): void { this.log.warn(text); } }\n`],
  ['cc/injected-class-first', 'apps/probe/src/in/late.ts', `${decorator}@Decorated()\nexport class Early { constructor(readonly late: Late) {} }\nexport class Late { x = 1 }\n`],
  ['cc/injected-class-first', 'apps/probe/src/in/late-body.ts', `${decorator}@Decorated()\nexport class Early { take(@Body() body: Late): number { return body.x; } }\nexport class Late { x = 1 }\n`],
  ['cc/type-name', 'libs/kernel/src/call-manager-class.ts', 'export class CallManager { calls = 0 }\n', 'manager'],
  ['cc/file-name', 'libs/kernel/src/callRecords.ts', 'export const records = 1;\n', 'kebab-case'],
  ['cc/file-name', 'libs/kernel/src/utils/text.ts', 'export const text = 1;\n', '"utils"'],
  ['cc/file-name', 'apps/probe/src/call-helpers.ts', 'export const call = 1;\n', '"helpers"'],
  ['no-console', 'libs/kernel/src/console.ts', "export const tell = (): void => { console.log('x'); };\n"],
  ['no-restricted-properties', 'libs/kernel/src/environment.ts', "export const home = (): string | undefined => process.env['HOME'];\n"],
  ['no-restricted-properties', 'apps/probe/src/environment.ts', 'export const all = (): object => { const { env } = process; return env; };\n'],
  ['no-restricted-syntax', 'libs/kernel/src/default.ts', 'export default 1;\n', 'Named exports only'],
  ['no-restricted-syntax', 'libs/kernel/src/enum.ts', 'export enum Side { A, B }\n', 'not enums'],
  ['no-restricted-syntax', 'libs/kernel/src/crowded.ts', 'export class Crowded { constructor(public a: 1, public b: 1, public c: 1, public d: 1, public e: 1, public f: 1) {} }\n', 'constructor parameters'],
  ['no-restricted-syntax', 'libs/kernel/src/barrel-all.ts', "export * from './floating';\n", 'No barrels'],
  ['no-restricted-syntax', 'apps/probe/src/domain/index.ts', "export { call } from '../call-helpers';\n", 'No barrels'],
  ['no-restricted-syntax', 'libs/http/src/index.ts', "export * from './exchange';\n", 'front door'],
  ['no-restricted-syntax', 'libs/kernel/test/focus.unit.spec.ts', "it.only('x', () => { expect(1).toBe(1); });\n", 'No focused or skipped tests. Instead'],
  ['no-restricted-syntax', 'libs/kernel/src/skip.unit.spec.ts', "xit('x', () => { expect(1).toBe(1); });\n", 'No focused or skipped tests.'],
  ['max-lines', 'libs/kernel/src/long.ts', `${lines(300, (_, n) => `export const line${n} = ${n};`)}\nexport const last = 1;\n`],
  ['max-lines', 'libs/kernel/src/long.unit.spec.ts', `${lines(600, (_, n) => `export const line${n} = ${n};`)}\nexport const last = 1;\n`],
  ['max-lines-per-function', 'libs/kernel/src/long-function.ts', `export function long(): number {\n  let sum = 0;\n${lines(50, () => '  sum += 1;')}\n  return sum;\n}\n`],
  ['complexity', 'libs/kernel/src/complex.ts', `export function complex(n: number): number {\n${lines(10, (_, n) => `  if (n === ${n}) return ${n};`)}\n  return 0;\n}\n`],
  ['eqeqeq', 'libs/kernel/src/loose.ts', 'export const same = (a: number, b: number): boolean => a == b;\n'],
  ['no-var', 'libs/kernel/src/var.ts', 'export var old = 1;\n'],
  ['prefer-const', 'libs/kernel/src/let.ts', 'export const look = (): number => { let fixed = 1; return fixed; };\n'],
  ['no-warning-comments', 'libs/kernel/src/later.ts', '// TODO mend\nexport const text = 1;\n'],
  ['no-console', 'libs/kernel/src/suppressed.ts', "export const tell = (): void => { console.log('x'); }; // eslint-disable-line\n"],
  ['no-unused-vars', 'scripts/unused.mjs', 'const left = 1;\n'],
  ['no-redeclare', 'scripts/twice.cjs', 'var one = 1;\nvar one = 2;\nmodule.exports = one;\n'],
  ['no-unreachable', 'scripts/unreachable.mjs', 'export function stop() {\n  return 1;\n  stop();\n}\n'],
];

/** Each does what a rule comes close to refusing, and may. */
const clean = {
  'libs/kernel/src/allowed.ts': `${logPort}${union}export const sides = ['a', 'b'] as const;\nexport const pick = { a: 1 } satisfies Record<string, number>;\nexport class Base64 { constructor(private readonly log: Log) {}\n say(side: Side): void { this.log.info('said', { side }); } }\nexport function name(side: Side): string { switch (side) { case 'a': return 'caller'; case 'b': return 'called'; } }\n`,
  'apps/probe/src/in/early.ts': `${decorator}export class Early { x = 1 }\n@Decorated()\nexport class User { constructor(readonly early: Early) {}\n later(late: Late): number { return late.x; } }\nexport class Late { x = 1 }\n`,
  'apps/probe/src/settings.config.ts': "export const home = process.env['HOME'];\n",
  'libs/platform/src/start.ts': "import { NestFactory } from '@nestjs/core';\nexport const start = NestFactory;\n",
  'libs/contracts/src/index.ts': "export { sides } from './sides';\nexport type * from './sides';\n",
  'libs/contracts/src/sides.ts': "export const sides = 1;\n",
  'apps/probe/test/call-flow.int.spec.ts': `describe('a call', () => {\n${lines(60, (_, n) => `  it('step ${n}', () => { expect({ a: 1 }).toEqual({ a: expect.any(Number) }); });`)}\n});\n`,
  'scripts/plain.mjs': "console.log(process.env['HOME']);\n",
};

/** Every message of no-restricted-syntax and every rule that the config itself switches on must be proven. */
const demanded = (config) => {
  const own = config.filter(({ name }) => name === undefined || !name.startsWith('typescript-eslint/')).flatMap(({ rules = {} }) => Object.entries(rules));
  const on = own.filter(([, setting]) => setting !== 'off' && setting !== 0);
  return {
    rules: new Set(on.map(([rule]) => rule)),
    syntax: new Set(on.filter(([rule]) => rule === 'no-restricted-syntax').flatMap(([, [, ...refused]]) => refused.map(({ message }) => message))),
  };
};

/** Faults as sentences; none when every rule fires where it should and no clean twin is touched. */
export async function probeLintRules() {
  const { default: config } = await import(pathToFileURL(join(root, 'eslint.config.mjs')).href);
  const sources = { ...clean, ...Object.fromEntries(probes.map(([, file, text]) => [file, text])) };
  const results = await withPlantedTree(sources, async (folder) => {
    const eslint = new ESLint({ cwd: folder });
    const reports = await eslint.lintFiles(Object.keys(sources));
    return new Map(reports.map((report) => [relative(folder, report.filePath), report.messages]));
  });
  const faults = [];
  const said = new Set();
  for (const [rule, file, , part = ''] of probes) {
    const hits = (results.get(file) ?? []).filter(({ ruleId, message }) => ruleId === rule && message.includes(part));
    if (hits.length === 0) faults.push(`${rule} is silent on ${file}`);
    for (const { message } of hits) said.add(message);
  }
  for (const file of Object.keys(clean)) {
    for (const { ruleId, message, line } of results.get(file) ?? [{ message: 'was not linted' }]) faults.push(`${ruleId ?? 'eslint'} fires where nothing is wrong: ${file}:${line} ${message}`);
  }
  const { rules, syntax } = demanded(config);
  const proven = new Set(probes.map(([rule]) => rule));
  for (const rule of rules) if (!proven.has(rule)) faults.push(`${rule} has no probe in scripts/checks/probe-lint-rules.mjs`);
  for (const message of syntax) if (!said.has(message)) faults.push(`no-restricted-syntax has no probe for: ${message}`);
  return { faults, summary: `${proven.size} rules, ${probes.length} probes` };
}
