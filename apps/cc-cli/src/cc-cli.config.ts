import { readFileSync } from 'node:fs';
import { WrongUsage } from './wrong-usage';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process: the only place that reads it. */
export function environment(): Environment {
  return process.env;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const DEFAULT_CALLBACKS_URL = 'http://127.0.0.1:3001';

/** Where call-gateway is. @throws WrongUsage */
export const gatewayUrl = (env: Environment): string => urlFrom(env, 'CC_URL', DEFAULT_URL);

/** Where e9-callback-ingest is. @throws WrongUsage */
export const ingestUrl = (env: Environment): string => urlFrom(env, 'CC_CALLBACKS_URL', DEFAULT_CALLBACKS_URL);

function urlFrom(env: Environment, name: string, otherwise: string): string {
  const url = given(env[name]) ?? otherwise;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new WrongUsage(`${name} is no http or https address; example: ${name}=https://cc.example.com`);
  return url.replace(/\/+$/, '');
}

/** A key, by value or by file; undefined when neither is given, or empty. @throws WrongUsage */
export function keyFrom(env: Environment, name: 'CC_API_KEY' | 'CC_OPERATOR_KEY'): string | undefined {
  const value = given(env[name]);
  const file = given(env[`${name}_FILE`]);
  const key = value ?? (file === undefined ? undefined : readKey(name, file).trim());
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) throw new WrongUsage(`${name} is no key: it must be one word of visible ASCII characters`);
  return key;
}

function given(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === '' ? undefined : text;
}

function readKey(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new WrongUsage(`${name}_FILE: the file ${file} cannot be read`);
  }
}

/** What the environment may hold, for the help. */
export const settingsHelp = `Settings, in the environment:
  CC_URL             where call-gateway is; ${DEFAULT_URL} unless given
  CC_CALLBACKS_URL   where e9-callback-ingest is, for \`callbacks import\`; ${DEFAULT_CALLBACKS_URL} unless given
  CC_API_KEY         the application's key; or CC_API_KEY_FILE, the file that holds it
  CC_OPERATOR_KEY    the operator's key; or CC_OPERATOR_KEY_FILE`;
