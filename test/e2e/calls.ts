import type { Database } from '@cc/postgres';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import type { System } from './system';

export const Ring = z.object({ leg: z.enum(['A', 'B']), number: z.string(), vendorCallId: z.string(), ringAt: z.number(), answeredAt: z.number().optional(), endedAt: z.number().optional() });
export type Ring = z.infer<typeof Ring>;

const Placed = z.object({ callId: z.string(), version: z.number() });
const CallNow = z.object({ callId: z.string(), state: z.string(), version: z.number(), recording: z.object({ status: z.string() }) });

export interface PlacedCall {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
}

/** Numbers that no other call of the test uses: valid Chinese mobiles, `to` with the scenario's digits at the end. */
export function numbersFor(index: number, digits: string): { from: string; to: string } {
  const serial = String(index).padStart(4, '0');
  return { from: `+86138${serial}0000`, to: `+86139${serial}00${digits}` };
}

export async function place(system: System, index: number, digits: string, body: Readonly<Record<string, unknown>> = {}): Promise<PlacedCall> {
  const { from, to } = numbersFor(index, digits);
  const { status, data } = await system.api.post<unknown>('/calls', { from, to, ...body });
  if (status !== 202) throw new Error(`the call was answered ${status}: ${JSON.stringify(data)}`);
  return { callId: Placed.parse(data).callId, from, to };
}

/** Waits until the call is closed and nothing more is expected of its recording. */
export async function settled(system: System, callId: string, limitMs: number): Promise<void> {
  await eventually(async () => {
    const { status, data } = await system.api.get<unknown>(`/calls/${callId}`);
    if (status !== 200) throw new Error(`GET answered ${status}: ${JSON.stringify(data)}`);
    const call = CallNow.parse(data);
    if (call.state !== 'close' || ['expected', 'available'].includes(call.recording.status)) throw new Error(`${callId} is ${call.state}, its recording ${call.recording.status}`);
  }, { limitMs, everyMs: 250 });
}

export async function ringsOf(system: System, number: string): Promise<Ring[]> {
  const { data } = await system.simulator.get<unknown>('/control/rings', { params: { number } });
  return z.object({ items: z.array(Ring) }).parse(data).items;
}

export async function rowOf(database: Database, callId: string): Promise<Record<string, unknown>> {
  const [row] = await database.query(`SELECT * FROM call_record WHERE cc_call_id = $1`, [callId]);
  if (row === undefined) throw new Error(`no record of ${callId}`);
  return row;
}
