import { z } from 'zod';
import { Secret } from '../secret';
import { parseTemplate, Template, templateOf, type KnownNames, type Value, type Values } from './jy.template';

/** What a body is made of: templates and constants in lists and objects. */
export type BodyNode = Template | number | boolean | readonly BodyNode[] | { readonly [name: string]: BodyNode };

const MAX_DEPTH = 8;
const XmlName = z.string().regex(/^[A-Za-z_][\w.-]{0,99}$/, { error: 'expected the name of an XML element' });

interface Reading {
  readonly known: KnownNames;
  /** Of each name of a field, where not every text is one. */
  readonly namePattern: RegExp;
  report(path: readonly (string | number)[], message: string): void;
}

function readNode(given: unknown, path: readonly (string | number)[], reading: Reading): BodyNode {
  const fault = (message: string): BodyNode => {
    reading.report(path, message);
    return false;
  };
  if (path.length > MAX_DEPTH) return fault(`at most ${MAX_DEPTH} levels`);
  if (typeof given === 'number' || typeof given === 'boolean') return given;
  if (typeof given === 'string') {
    const template = parseTemplate(given, reading.known);
    return template instanceof Template ? template : fault(template);
  }
  if (given instanceof Secret) return fault('an object with nothing but `value` or `file` is a secret in this file; name a secret as {secret.NAME}, and write such an object with a second field');
  if (Array.isArray(given)) return given.map((item: unknown, index) => readNode(item, [...path, index], reading));
  if (typeof given !== 'object' || given === null) return fault('expected a text with named values, a number, true, false, a list or an object');
  return readFields(Object.entries(given), path, reading);
}

function readFields(entries: readonly (readonly [string, unknown])[], path: readonly (string | number)[], reading: Reading): BodyNode {
  return Object.fromEntries(
    entries.map(([name, item]) => {
      if (!reading.namePattern.test(name)) reading.report([...path, name], 'not allowed as the name of a field here');
      return [name, readNode(item, [...path, name], reading)];
    }),
  );
}

function fieldsOf(known: KnownNames, namePattern: RegExp) {
  return z.record(z.string(), z.unknown()).transform((given, context): BodyNode => {
    const report: Reading['report'] = (path, message) => context.addIssue({ code: 'custom', message, path: [...path] });
    return readNode(given, [], { known, namePattern, report });
  });
}

/** In a contract: the body of a request. A field whose value this request does not have is left out. */
export function bodyOf(known: KnownNames) {
  return z.discriminatedUnion('form', [
    z.strictObject({ form: z.literal('json'), fields: fieldsOf(known, /^[^\p{Cc}]{1,100}$/u) }),
    z.strictObject({ form: z.literal('form'), fields: z.record(z.string().min(1).max(100), templateOf(known)) }),
    z.strictObject({ form: z.literal('xml'), root: XmlName, fields: fieldsOf(known, /^[A-Za-z_][\w.-]{0,99}$/) }),
  ]);
}
export type RequestBody = z.output<ReturnType<typeof bodyOf>>;

export const contentTypes: Readonly<Record<RequestBody['form'], string>> = {
  json: 'application/json;charset=utf-8',
  form: 'application/x-www-form-urlencoded;charset=utf-8',
  xml: 'application/xml;charset=utf-8',
};

/** Every value is put in as a value: it can be no more than that, whatever characters it has. */
export function renderBody(body: RequestBody, values: Values): string {
  switch (body.form) {
    case 'json':
      return JSON.stringify(treeOf(body.fields, values) ?? {});
    case 'form':
      return new URLSearchParams(presentFields(body.fields, values)).toString();
    case 'xml':
      return `<?xml version="1.0" encoding="UTF-8"?><${body.root}>${elementsOf(treeOf(body.fields, values))}</${body.root}>`;
  }
}

/** The texts of a flat set of templates, without those of which a value is absent. */
export function presentFields(fields: Readonly<Record<string, Template>>, values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, template]) => {
      const text = template.text(values);
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

/** The names of all values in it. */
export function namesOfBody(body: RequestBody): readonly string[] {
  return body.form === 'form' ? Object.values(body.fields).flatMap(({ names }) => names) : namesIn(body.fields);
}

function namesIn(node: BodyNode): readonly string[] {
  if (node instanceof Template) return node.names;
  return typeof node === 'object' ? Object.values(node).flatMap(namesIn) : [];
}

type Tree = Value | readonly Tree[] | { readonly [name: string]: Tree };

function treeOf(node: BodyNode, values: Values): Tree | undefined {
  if (node instanceof Template) return node.value(values);
  if (typeof node !== 'object') return node;
  if (isList(node)) {
    const items = node.flatMap((item) => treeOf(item, values) ?? []);
    return items.length === 0 ? undefined : items;
  }
  return Object.fromEntries(Object.entries(node).flatMap(([name, item]) => {
    const tree = treeOf(item, values);
    return tree === undefined ? [] : [[name, tree] as const];
  }));
}

function elementsOf(tree: Tree | undefined): string {
  if (tree === undefined) return '';
  if (typeof tree !== 'object') return escapeXml(String(tree));
  if (isList(tree)) return tree.map(elementsOf).join('');
  return Object.entries(tree).map(([name, item]) => (isList(item) ? item : [item]).map((one) => `<${name}>${elementsOf(one)}</${name}>`).join('')).join('');
}

/** Characters that no XML may have are left out. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
