import { z } from 'zod';
import { code, generatedFrom, table } from './markdown.mjs';

const limits = (schema) => [
  schema.maxLength === undefined ? '' : schema.minLength === schema.maxLength ? `${schema.maxLength} characters` : `at most ${schema.maxLength} characters`,
  schema.exclusiveMinimum === 0 ? 'above 0' : schema.minimum === 0 ? (schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER ? '0 or more' : `0 to ${schema.maximum}`) : '',
  schema.pattern === undefined ? '' : code(schema.pattern),
].filter((text) => text !== '').join(', ');

const typeOf = (schema) => {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(value)).join(' ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type === undefined) return 'bytes';
  const bounds = limits(schema);
  return bounds === '' ? schema.type : `${schema.type}, ${bounds}`;
};

/** One row per field, those of nested objects under their path. */
const fieldRows = (schema, comments, path = '') =>
  Object.entries(schema.properties).flatMap(([name, field]) => {
    const required = (schema.required ?? []).includes(name) ? 'yes' : '';
    const row = [code(`${path}${name}`), typeOf(field), required, (path === '' ? comments.get(name) : undefined) ?? ''];
    return field.properties === undefined ? [row] : [row, ...fieldRows(field, comments, `${path}${name}.`)];
  });

const message = ({ type, schema, comments }) => {
  const json = z.toJSONSchema(schema, { unrepresentable: 'any' });
  const { type: _type, ...properties } = json.properties;
  return `### ${type}

${comments.comment === '' ? '' : `${comments.comment}\n\n`}${table(['field', 'type', 'always there', 'meaning'], fieldRows({ ...json, properties }, comments.fields))}
`;
};

/**
 * docs/events.md: every message with its fields.
 * @param topics `[{ topic, messages: [{ type, schema, comments }] }]`
 */
export function eventsPage(topics) {
  const sections = topics.map(({ topic, messages }) =>
    `## ${topic.name}\n\nKey: ${topic.key}. ${messages.length === 0 ? 'Declared; no message of it is defined yet.\n' : `\n\n${messages.map(message).join('\n')}`}`.replace('. \n', '.\n'));
  return `${generatedFrom('the schemas of libs/contracts')}
# Messages

Every message on the event log, from the schemas that each consumer parses with. Times are epoch milliseconds, durations seconds, numbers E.164.
Inside a version only optional fields are added; readers ignore fields that they do not know. A type that a reader does not know is skipped and counted; a known type that does not fit its schema is parked. \`id\` and \`type\` travel as the CloudEvents attributes \`ce_id\` and \`ce_type\`.

${sections.join('\n')}`;
}
