import { pause, withDeadline } from '@cc/kernel';
import { z } from 'zod';
import { callbackXml, type CallbackKind, type VendorCall } from './e9-callbacks';
import { DialDoor, EmbeddedSystem } from './embedded-system';
import { percentile, type Row } from './measure';

const SAMPLES = 200;
const WARM_UP = 20;
const LIMIT_MS = 15_000;

const Call = z.object({ callId: z.string(), version: z.number(), stage: z.string(), vendorCallId: z.string().optional() });
type Call = z.infer<typeof Call>;

/** Single calls on the embedded default, one after the other: request to dial, callback to record. */
export async function latencyRows(): Promise<Row[]> {
  const door = await DialDoor.open();
  try {
    const system = await EmbeddedSystem.start(door.url);
    try {
      const dialMs: number[] = [];
      const recordMs: number[] = [];
      for (let index = 0; index < WARM_UP + SAMPLES; index += 1) {
        const sample = await withDeadline(oneCall(system, door, index), LIMIT_MS, `Call ${index}`);
        if (index < WARM_UP) continue;
        dialMs.push(sample.dialMs);
        recordMs.push(sample.recordMs);
      }
      return [...rowsOf('POST /v1/calls to dial', dialMs, 50), ...rowsOf('callback to record', recordMs, 100)];
    } finally {
      await system.stop();
    }
  } finally {
    door.close();
  }
}

const rowsOf = (name: string, ms: readonly number[], aimMs: number): Row[] => [
  { name: `${name}, p50`, unit: 'ms', product: [percentile(ms, 0.5)], floor: [], aim: { of: 'value', figure: aimMs } },
  { name: `${name}, p99`, unit: 'ms', product: [percentile(ms, 0.99)], floor: [], aim: undefined },
];

/** One call to its end. The second measurement begins when the first one's effects have all arrived. */
async function oneCall(system: EmbeddedSystem, door: DialDoor, index: number): Promise<{ dialMs: number; recordMs: number }> {
  const dialling = door.next();
  const { placed, sentAt } = await place(system, index);
  const dial = await dialling;
  const accepted = await follow(system, placed, ({ vendorCallId }) => vendorCallId !== undefined);
  const call: VendorCall = { ...dial, startedAt: Date.now() - 60_000 };
  const calledBackAt = performance.now();
  await callBack(system, call, 'a-called');
  const ringing = await follow(system, accepted, ({ stage }) => stage === 'a-ringing');
  const recordMs = performance.now() - calledBackAt;
  await callBack(system, call, 'hung-up');
  await follow(system, ringing, ({ stage }) => stage === 'ended');
  return { dialMs: dial.arrivedAt - sentAt, recordMs };
}

/** Tries again while the gateway does not know its channels yet. */
async function place(system: EmbeddedSystem, index: number): Promise<{ placed: Call; sentAt: number }> {
  const serial = String(index).padStart(4, '0');
  const body = JSON.stringify({ from: `+86138${serial}0000`, to: `+86139${serial}0000`, record: false });
  for (;;) {
    const sentAt = performance.now();
    const response = await fetch(`${system.apiUrl}/calls`, { method: 'POST', body, headers: { ...authorization(system), 'content-type': 'application/json' } });
    const answer: unknown = await response.json();
    if (response.status === 202) return { placed: Call.parse(answer), sentAt };
    if (response.status !== 503) throw new Error(`The call was answered ${response.status}: ${JSON.stringify(answer)}`);
    await pause(100);
  }
}

/** Waits at the API, as an application does, until the call is as wanted. */
async function follow(system: EmbeddedSystem, from: Call, wanted: (call: Call) => boolean): Promise<Call> {
  let call = from;
  while (!wanted(call)) {
    const response = await fetch(`${system.apiUrl}/calls/${call.callId}?waitSeconds=10&afterVersion=${call.version}`, { headers: authorization(system) });
    call = Call.parse(await response.json());
  }
  return call;
}

async function callBack(system: EmbeddedSystem, call: VendorCall, kind: CallbackKind): Promise<void> {
  const response = await fetch(system.callbackUrl, { method: 'POST', body: callbackXml(call, kind), headers: { 'content-type': 'application/xml;charset=utf-8' } });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`The callback was answered ${response.status}`);
}

const authorization = ({ apiKey }: EmbeddedSystem): Record<string, string> => ({ authorization: `Bearer ${apiKey}` });
