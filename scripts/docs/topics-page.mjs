import { code, generatedFrom, table } from './markdown.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;

const kept = ({ retentionMs, compacted }) => (compacted ? 'the last value of each key, for ever' : `${retentionMs / DAY_MS} days`);

/** docs/topics.md: what producers, consumers and operators agree on. */
export function topicsPage(allTopics) {
  const rows = allTopics.map((topic) => [code(topic.name), topic.key, topic.carries, topic.partitions, kept(topic), topic.writtenBy.join(', '), topic.readBy.join(', ')]);
  return `${generatedFrom('libs/contracts/src/topics.ts')}
# Topics

Services talk only through these. Records of one key stay in order; the key decides the partition as Kafka's own partitioner does, on both drivers.
Messages are CloudEvents 1.0 in Kafka's binary mode: the attributes are the headers \`ce_id\`, \`ce_type\`, \`ce_source\`, \`ce_subject\`, \`ce_time\`; the value is the data. Their fields are in [events.md](events.md), who reads and writes them today in [data-flow.md](data-flow.md).

${table(['topic', 'key', 'carries', 'partitions', 'kept', 'may be written by', 'may be read by'], rows)}

Partitions may grow, but then a key changes its partition: drain the consumers before. What a consumer group cannot process is parked under its key (\`dead_letter\`), and holds back only later records of that key.
`;
}
