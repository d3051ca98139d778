import { randomUUID } from 'node:crypto';
import type { HttpRequest } from '@cc/http';
import { defined } from '@cc/kernel';
import { contentTypes, namesOfBody, presentFields, renderBody } from './jy.body';
import type { JySettings } from './jy.config';
import type { ContractRequest } from './jy.contract';
import { credentialOf, digestOf, timestampOf } from './jy.signature';
import type { Template, Value, Values } from './jy.template';

export type Given = Readonly<Record<string, Value | undefined>>;

/** The request that the contract describes, with these values, signed. */
export function buildRequest(request: ContractRequest, given: Given, settings: JySettings, nowMs: number): Omit<HttpRequest, 'timeoutMs'> {
  const { signing } = settings.contract;
  const all: Given = { ...given, timestamp: timestampOf(signing, nowMs), nonce: randomUUID().replaceAll('-', '') };
  const values: Values = (name) => (name.startsWith('secret.') ? credentialOf(settings, name.slice('secret.'.length)) : Object.hasOwn(all, name) ? all[name] : undefined);
  const path = request.path.filled((name) => encodeURIComponent(String(values(name) ?? '')));
  const unsigned = signsBody(settings) && request.body !== undefined ? renderBody(request.body, values) : undefined;
  const signature = signatureOf(settings, { ...all, method: request.method, path, body: unsigned ?? '' });
  const signed: Values = (name) => (name === 'signature' ? signature : values(name));
  const body = unsigned ?? (request.body === undefined ? undefined : renderBody(request.body, signed));
  const query = new URLSearchParams(presentFields({ ...signing.query, ...request.query }, signed)).toString();
  const headers = { ...authorization(settings), ...headersOf({ ...signing.headers, ...request.headers }, signed) };
  return {
    method: request.method,
    url: `${settings.endpoint}${path}${query === '' ? '' : `?${query}`}`,
    headers: { ...(request.body === undefined ? {} : { 'Content-Type': contentTypes[request.body.form] }), ...headers },
    ...defined({ body }),
  };
}

/** Whether the digest covers the body, which then cannot contain it. */
function signsBody({ contract }: JySettings): boolean {
  const { method } = contract.signing;
  return method.kind === 'digest' && method.over.names.includes('body');
}

function signatureOf(settings: JySettings, all: Given): string | undefined {
  const { method } = settings.contract.signing;
  if (method.kind !== 'digest') return undefined;
  const text = method.over.filled((name) => (name.startsWith('secret.') ? credentialOf(settings, name.slice('secret.'.length)) : all[name]));
  return digestOf(text, { ...method, key: credentialOf(settings, method.key) });
}

function authorization(settings: JySettings): Record<string, string> {
  const { method } = settings.contract.signing;
  if (method.kind === 'header') return { [method.header]: method.prefix + credentialOf(settings, method.credential) };
  if (method.kind !== 'basic') return {};
  return { Authorization: `Basic ${Buffer.from(`${credentialOf(settings, method.user)}:${credentialOf(settings, method.password)}`).toString('base64')}` };
}

/** What a header cannot hold is percent-encoded. */
function headersOf(templates: Readonly<Record<string, Template>>, values: Values): Record<string, string> {
  const safe = Object.entries(presentFields(templates, values)).map(([name, text]): [string, string] => [name, text.replace(/[^\x20-\x7e]/gu, percentEncoded)]);
  return Object.fromEntries(safe);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** The names of all values that a request can carry. */
export function namesOf(request: ContractRequest): ReadonlySet<string> {
  const body = request.body === undefined ? [] : namesOfBody(request.body);
  const others = [request.path, ...Object.values(request.query), ...Object.values(request.headers)].flatMap(({ names }) => names);
  return new Set([...body, ...others]);
}
