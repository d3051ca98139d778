import type { Client } from 'pg';
import { z } from 'zod';

type Cell = string | number | null;

/** The record's columns without its id, as the floor fills them; `cc_call_id` is the key. */
const columns = {
  cc_call_id: 'text', tenant: 'text', main_num: 'text', ext_num: 'text', agent: 'text', call_id: 'text', caller: 'text', called: 'text', biz_data: 'text', channel: 'text', ch_state: 'text', state: 'text',
  a_call_time: 'bigint', b_call_time: 'bigint', a_offhook_time: 'bigint', b_offhook_time: 'bigint', conn_time: 'bigint', close_time: 'bigint', duration: 'int',
  ch_audio_url: 'text', audio_url: 'text', ivr_url: 'text', close_type: 'text', updated: 'bigint', created: 'bigint',
} as const;
type Column = keyof typeof columns;
const names = Object.keys(columns);

const UPSERT = `
  INSERT INTO floor_call AS stored (${names.join(', ')}) SELECT * FROM unnest(${Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
  ON CONFLICT (cc_call_id) DO UPDATE SET ${names.filter((name) => name !== 'cc_call_id').map((name) => `${name} = coalesce(excluded.${name}, stored.${name})`).join(', ')}`;

/** The table of records, and the positions. */
export const FLOOR_RECORD_TABLES = `
  CREATE TABLE IF NOT EXISTS floor_call (${Object.entries(columns).map(([name, type]) => `${name} ${type}${name === 'cc_call_id' ? ' PRIMARY KEY' : ''}`).join(', ')});
  CREATE TABLE IF NOT EXISTS floor_cursor (grp text, topic text, part int, off bigint NOT NULL DEFAULT -1, PRIMARY KEY (grp, topic, part)) WITH (fillfactor = 50)`;

/** What an event of the floor says: the columns that it knows. */
export const FloorEvent = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** What a callback says, as columns. */
export function translated(xml: string, tenant: string): Partial<Record<Column, Cell>> {
  const fields = Object.fromEntries([...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name = '', text = '']) => [name, text]));
  const at = epochMs(fields['dateCreated']);
  const told = { cc_call_id: fields['userData'] ?? '', tenant, call_id: fields['callId'] ?? '', caller: mask(fields['caller']), called: mask(fields['called']), channel: 'e9', ch_state: fields['action'] ?? '', updated: at };
  switch (fields['action']) {
    case 'CallInvite':
      return fields['userFlag'] === '0' ? { ...told, state: 'init', created: at, a_call_time: at } : { ...told, state: 'init', a_offhook_time: at, b_call_time: at };
    case 'CallEstablish':
      return { ...told, state: 'conn', b_offhook_time: at, conn_time: at };
    default:
      return { ...told, state: 'close', close_time: epochMs(fields['endTime']), duration: Number(fields['duration']), ch_audio_url: fields['recordUrl'] ?? null, close_type: fields['byeType'] ?? null };
  }
}

const mask = (number = ''): string => `+86${number.slice(0, 3)}****${number.slice(-4)}`;
const epochMs = (digits = ''): number => Date.parse(`${digits.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6')}+08:00`);

/** One row a call, the later events of a batch over the earlier ones. */
export async function upsert(client: Client, events: readonly Readonly<Record<string, Cell>>[]): Promise<void> {
  const rows = new Map<Cell, Readonly<Record<string, Cell>>>();
  for (const event of events) {
    const key = event['cc_call_id'] ?? null;
    rows.set(key, { ...rows.get(key), ...event });
  }
  await client.query(UPSERT, names.map((name) => [...rows.values()].map((row) => row[name] ?? null)));
}
