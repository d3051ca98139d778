// Writes what is derived from the code: docs/topics.md, docs/events.md, docs/data-flow.md and .env.example.
//   node scripts/generate-docs.mjs            writes them
//   node scripts/generate-docs.mjs --check    compares, and exits 1 where one is not current
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declaredType, readContractComments } from './docs/contract-comments.mjs';
import { dataFlowFaults, dataFlowPage } from './docs/data-flow-page.mjs';
import { environmentFile } from './docs/environment-file.mjs';
import { eventsPage } from './docs/events-page.mjs';
import { topicsPage } from './docs/topics-page.mjs';
import { loadRepository } from './load-repository.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const contracts = join(root, 'libs/contracts/src');

/** The schemas on each topic, in the order of the page. */
const catalogue = (topics, load) => {
  const { CallCommand } = load('call-commands');
  const { callEventSchemas } = load('call-events');
  const { OperatorCommand } = load('operator-commands');
  const one = (file, name) => [{ type: declaredType(join(contracts, `${file}.ts`)), name, schema: load(file)[name] }];
  const typed = (schemas, file) => schemas.map((schema) => ({
    type: schema.shape.type.value,
    name: Object.entries(load(file)).find(([, exported]) => exported === schema)?.[0] ?? '',
    schema,
  }));
  const messages = new Map([
    [topics.callCommands, typed(CallCommand.options, 'call-commands')],
    [topics.callEvents, typed(callEventSchemas, 'call-events')],
    [topics.channelNotifications, one('channel-notification', 'ChannelNotification')],
    [topics.callRecords, one('call-record', 'CallRecord')],
    [topics.channelHealth, one('channel-health', 'ChannelHealth')],
    [topics.channelOverrides, one('channel-override', 'ChannelOverride')],
    [topics.routeSimulations, one('route-simulation', 'RouteSimulation')],
    [topics.seatSessions, one('seat-session', 'SeatSession')],
    [topics.bindings, one('binding', 'Binding')],
    [topics.operatorCommands, typed(OperatorCommand.options, 'operator-commands')],
    [topics.operatorAnswers, one('operator-answers', 'OperatorAnswer')],
  ]);
  const commentsOf = readContractComments(contracts);
  return Object.values(topics).map((topic) => ({
    topic,
    messages: (messages.get(topic) ?? []).map((message) => ({ ...message, comments: commentsOf(message.name) })),
  }));
};

/** The generated files by path, and what does not fit together. */
export function generate() {
  const { load, services } = loadRepository();
  const contract = (file) => load(`libs/contracts/src/${file}.ts`);
  const { topics, allTopics, deadLetterTopics } = contract('topics');
  return {
    faults: dataFlowFaults(services, allTopics),
    files: {
      'docs/topics.md': topicsPage(allTopics, deadLetterTopics),
      'docs/events.md': eventsPage(catalogue(topics, contract)),
      'docs/data-flow.md': dataFlowPage(services, allTopics),
      '.env.example': environmentFile(services, load('libs/platform/src/index.ts')),
    },
  };
}

/** Plants services that do not fit together; a sentence for each that is not found. */
export function probeDataFlow() {
  const topic = { name: 'cc.probe.v1', writtenBy: ['writer'], readBy: ['reader'] };
  const reader = { name: 'reader', consumes: [topic.name], produces: [] };
  const writer = { name: 'writer', consumes: [], produces: [topic.name] };
  const probes = [
    ['which no service produces', [reader]],
    ['is not among its writers', [writer, { ...writer, name: 'stranger' }]],
    ['is not among its readers', [writer, { ...reader, name: 'stranger' }]],
    ['does not declare', [{ ...writer, produces: ['cc.unknown.v1'] }]],
  ];
  const silent = probes.filter(([says, services]) => !dataFlowFaults(services, [topic]).some((fault) => fault.includes(says)));
  const loud = dataFlowFaults([reader, writer], [topic]);
  return [...silent.map(([says]) => `the data flow's check is silent where it should say: ${says}`), ...loud.map((fault) => `the data flow's check fires where nothing is wrong: ${fault}`)];
}

/** Which generated files differ from those on disk. */
export function staleFiles(files) {
  return Object.entries(files)
    .filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text)
    .map(([path]) => `${path} is not current: run \`node scripts/generate-docs.mjs\` and commit it`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, faults } = generate();
  const check = process.argv.includes('--check');
  if (!check) for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  const all = check ? [...faults, ...staleFiles(files)] : faults;
  for (const fault of all) console.error(fault);
  process.exitCode = all.length === 0 ? 0 : 1;
}
