import { code, generatedFrom, table } from './markdown.mjs';

const listOf = (services, names) => (names.length === 0 ? '' : names.map((name) => services.some((service) => service.name === name) ? name : `${name} (not built)`).join(', '));

/** Sentences about what does not fit together; none when every consumed topic is produced and every use is declared. */
export function dataFlowFaults(services, allTopics) {
  const declared = new Map(allTopics.map((topic) => [topic.name, topic]));
  const produced = new Set(services.flatMap((service) => service.produces));
  return services.flatMap(({ name, consumes, produces }) => [
    ...[...consumes, ...produces].filter((topic) => !declared.has(topic)).map((topic) => `${name} uses ${topic}, which libs/contracts does not declare`),
    ...consumes.filter((topic) => !produced.has(topic)).map((topic) => `${name} consumes ${topic}, which no service produces`),
    ...consumes.filter((topic) => declared.has(topic) && !declared.get(topic).readBy.includes(name)).map((topic) => `${name} consumes ${topic}, but is not among its readers in libs/contracts`),
    ...produces.filter((topic) => declared.has(topic) && !declared.get(topic).writtenBy.includes(name)).map((topic) => `${name} produces ${topic}, but is not among its writers in libs/contracts`),
  ]);
}

const node = (name) => name.replaceAll(/[^a-z0-9]/g, '_');

const diagram = (services, topics) => [
  '```mermaid',
  'flowchart LR',
  ...services.map(({ name }) => `  ${node(name)}[${name}]`),
  ...topics.map(({ name }) => `  ${node(name)}([${name}])`),
  ...services.flatMap(({ name, produces }) => produces.map((topic) => `  ${node(name)} --> ${node(topic)}`)),
  ...services.flatMap(({ name, consumes }) => consumes.map((topic) => `  ${node(topic)} --> ${node(name)}`)),
  '```',
].join('\n');

/** docs/data-flow.md: which service reads and writes what, from the service.ts files. */
export function dataFlowPage(services, allTopics) {
  const inTheFlow = services.filter(({ consumes, produces }) => consumes.length + produces.length > 0);
  const used = allTopics.filter(({ name }) => inTheFlow.some(({ consumes, produces }) => [...consumes, ...produces].includes(name)));
  const serviceRows = services.map(({ name, defaultPort, backends, consumes, produces }) =>
    [name, defaultPort, backends === 'database' ? 'database, event log' : backends === 'none' ? '' : 'event log', consumes.map(code).join(' '), produces.map(code).join(' ')]);
  const topicRows = allTopics.map(({ name }) => [
    code(name),
    listOf(services, services.filter(({ produces }) => produces.includes(name)).map((service) => service.name)),
    listOf(services, services.filter(({ consumes }) => consumes.includes(name)).map((service) => service.name)),
  ]);
  return `${generatedFrom('the service.ts files of apps/')}
# Data flow

${diagram(inTheFlow, used)}

## Services

Each consumer group has its service's name. A service without the database in the table needs none where Kafka carries the log.

${table(['service', 'port', 'needs', 'consumes', 'produces'], serviceRows)}

## Topics

Keys, partitions and retention are in [topics.md](topics.md).

${table(['topic', 'written by', 'read by'], topicRows)}
`;
}
