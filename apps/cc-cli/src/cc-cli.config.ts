import { readFileSync } from 'node:fs';
import { WrongUsage } from './wrong-usage';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process: the only place that reads it. */
export function environment(): Environment {
  return process.env;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where call-gateway is. @throws WrongUsage */
export function gatewayUrl(env: Environment): string {
  const url = given(env['CC_URL']) ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new WrongUsage('CC_URL is no http or https address; example: CC_URL=https://cc.example.com');
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
  CC_API_KEY         the application's key; or CC_API_KEY_FILE, the file that holds it
  CC_OPERATOR_KEY    the operator's key; or CC_OPERATOR_KEY_FILE`;
