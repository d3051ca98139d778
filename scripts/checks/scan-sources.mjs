// Rules about words, which neither imports nor types show: vendors' names, SQL and topic names stay where they belong.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from './planted-tree.mjs';

const TESTS = [/\.spec\.ts$/, /^(apps|libs)\/[^/]+\/test\//, /^libs\/testing\//, /^(test|bench)\//];

/** Services that are named after the vendor they were made for; their names are no statement about a vendor. */
const SERVICE_NAMES = /e9[-_. ]?callback[-_. ]?ingest|hw[-_. ]?poller/gi;
const vendorIds = readdirSync(join(root, 'libs/vendors/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
/** The known vendors of the field, adapters or not. */
const VENDORS = new Set(['e9', 'hw', 'jy', ...vendorIds]);

/** `hwChannel`, `HW_KEY`, `to-e9` give hw and e9; `showHwm` gives neither. */
const wordsOf = (text) => text.replace(SERVICE_NAMES, ' ').split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase());

const SQL = /\b(SELECT\s+[\w*("'\s,.]+\sFROM|INSERT\s+INTO|UPDATE\s+\S+(\s+\w+)?\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX))\b/;

const TOPIC = /^cc\.(call\.commands|call\.events|channel\.notifications|call\.records|channel\.health|bindings)\.v\d+$/;

/** Each rule: where it does not hold, which tokens it looks at, what it says. */
const scans = [
  {
    name: 'vendor-name',
    // The simulator is the vendors' side; all-in-one configures channels to it, as an operator would.
    except: [...TESTS, /^libs\/vendors\/src\/[^/]+\//, /^libs\/vendors\/src\/(registry|index)\.ts$/, /^apps\/vendor-simulator\//, /^apps\/all-in-one\/src\/(simulated-channels|embedded-backends)\.ts$/],
    finds: ({ text }) => wordsOf(text).find((word) => VENDORS.has(word)),
    says: (found) => `the vendor "${found}" is named outside its folder. Instead: ask the registry, or a capability`,
  },
  {
    name: 'sql-place',
    except: [...TESTS, /^apps\/[^/]+\/src\/out\//, /^libs\/postgres\//, /^libs\/event-log\//],
    finds: ({ text, isText }) => (isText && SQL.test(text) ? text.trim().split('\n')[0] : undefined),
    says: (found) => `SQL outside out/: "${found}". Instead: a port in domain/, its SQL in out/`,
  },
  {
    name: 'topic-name',
    except: [...TESTS, /^libs\/contracts\//],
    finds: ({ text, isText }) => (isText && TOPIC.test(text) ? text : undefined),
    says: (found) => `the topic ${found} is spelt out. Instead: topics of @cc/contracts`,
  },
];

const tokensOf = (path, source) => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const tokens = [];
  const visit = (node) => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    const ofImport = ts.isStringLiteral(node) && (ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent));
    if ((isText && !ofImport) || ts.isIdentifier(node)) tokens.push({ text: node.text, isText, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return tokens;
};

/** @returns the faults of one file, as sentences; `path` is relative to the project. */
export function scanSource(path, source) {
  const rules = scans.filter(({ except }) => !except.some((pattern) => pattern.test(path)));
  if (rules.length === 0) return [];
  return tokensOf(path, source).flatMap((token) => rules.flatMap(({ name, finds, says }) => {
    const found = finds(token);
    return found === undefined ? [] : [`${path}:${token.line} ${name}: ${says(found)}`];
  }));
}

/** [rule, or undefined where nothing is wrong, path, source]: the scan must say so before it is believed. */
const probes = [
  ['vendor-name', 'apps/channel-router/src/domain/choose.ts', "export const special = channel.vendor === 'e9';"],
  ['vendor-name', 'apps/channel-router/src/domain/choose.ts', 'export const hwWeight = 1;'],
  ['vendor-name', 'libs/vendors/src/vendor.port.ts', "export type Code = 'jy';"],
  [undefined, 'apps/all-in-one/src/main.ts', "import { e9CallbackIngest } from '../../e9-callback-ingest/src/service'; const run = [e9CallbackIngest, 'hw-poller'];"],
  [undefined, 'libs/vendors/src/e9/e9.client.ts', "export const e9 = 'e9';"],
  [undefined, 'apps/channel-router/test/choose.unit.spec.ts', "const vendor = 'hw';"],
  ['sql-place', 'apps/record-store/src/in/call-events.consumer.ts', 'await tx.query(`SELECT call_id FROM call_record WHERE id = $1`);'],
  ['sql-place', 'apps/record-store/src/domain/fold.ts', "const sql = 'INSERT INTO call_record (id) VALUES ($1)';"],
  ['sql-place', 'libs/platform/src/start.ts', 'const sql = `UPDATE ${table} SET x = 1`; const other = `DELETE FROM x`;'],
  [undefined, 'apps/record-store/src/out/pg-call-records.ts', "const sql = 'INSERT INTO call_record (id) VALUES ($1)';"],
  [undefined, 'apps/record-store/src/in/hint.ts', "const text = 'Update the settings, then select a channel from the list';"],
  ['topic-name', 'apps/record-store/src/service.ts', "const consumes = ['cc.call.events.v1'];"],
  [undefined, 'apps/record-store/src/service.ts', "const type = 'cc.call.connected.v1'; const consumes = [topics.callEvents];"],
];

const probeFaults = () =>
  probes.flatMap(([rule, path, source]) => {
    const faults = scanSource(path, source);
    const asWanted = rule === undefined ? faults.length === 0 : faults.some((fault) => fault.includes(` ${rule}: `));
    return asWanted ? [] : [`scan-sources: ${rule ?? 'a clean probe'} went wrong on ${source}`];
  });

const sourceFiles = () =>
  ['apps', 'libs'].flatMap((top) => readdirSync(join(root, top), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

/** Faults of the whole tree, and of the scan itself. */
export function scanSources() {
  const files = sourceFiles();
  return {
    faults: [...probeFaults(), ...files.flatMap((path) => scanSource(path, readFileSync(join(root, path), 'utf8')))],
    summary: `${files.length} files, ${scans.length} rules, ${probes.length} probes`,
  };
}
