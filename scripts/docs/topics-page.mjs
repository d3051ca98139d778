import { code, generatedFrom, table } from './markdown.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;

const kept = ({ retentionMs, compacted }) => (compacted ? 'the last value of each key, for ever' : `${retentionMs / DAY_MS} days`);

/** docs/topics.md: what producers, consumers and operators agree on. */
export function topicsPage(allTopics, deadLetterTopics) {
  const deadLettersKept = Math.max(...deadLetterTopics.map(({ retentionMs }) => retentionMs)) / DAY_MS;
  const rows = allTopics.map((topic) => [code(topic.name), topic.key, topic.carries, topic.partitions, kept(topic), topic.writtenBy.join(', '), topic.readBy.join(', ')]);
  return `${generatedFrom('libs/contracts/src/topics.ts')}
# Topics

Services talk only through these. Records of one key stay in order; the key decides the partition as Kafka's own partitioner does, on both drivers.
Messages are CloudEvents 1.0 in Kafka's binary mode: the attributes are the headers \`ce_id\`, \`ce_type\`, \`ce_source\`, \`ce_subject\`, \`ce_time\`; the value is the data. Their fields are in [events.md](events.md), who reads and writes them today in [data-flow.md](data-flow.md).

${table(['topic', 'key', 'carries', 'partitions', 'kept', 'may be written by', 'may be read by'], rows)}

Partitions may grow, but then a key changes its partition: drain the consumers before. What a consumer group cannot process is parked under its key (\`dead_letter\`), and holds back only later records of that key.

## Dead letters

For each topic and each of its readers there is a topic \`<topic>.<group>.dlq\` (one partition, ${deadLettersKept} days) that CC creates beside the others. When a group parks a record for a reason, a copy goes there in the same transaction: key, value and headers as they were, and \`cc_dlq_reason\`, \`cc_dlq_group\`, \`cc_dlq_topic\`, \`cc_dlq_partition\`, \`cc_dlq_offset\`, \`cc_dlq_parked_at\` (ISO 8601). A record that only waits behind a parked one of its key is not copied, unless it later fails itself. A record at the size limit is copied without value and headers, and \`cc_dlq_omitted_bytes\` says so. CC itself does not read these topics: they are for alarms and people; the record to release is the one in \`dead_letter\`.
`;
}
