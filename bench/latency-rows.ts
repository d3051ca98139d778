import { pause, withDeadline } from '@cc/kernel';
import { z } from 'zod';
import { freshDatabase } from './backends';
import { callbackXml, type CallbackKind, type VendorCall } from './e9-callbacks';
import { DialDoor, EmbeddedSystem } from './embedded-system';
import { LatencyFloor } from './latency-floor';
import { interleave, percentile, type Row } from './measure';

const SAMPLES = 200;
const WARM_UP = 10;
const LIMIT_MS = 15_000;

const Call = z.object({ callId: z.string(), version: z.number(), stage: z.string(), vendorCallId: z.string().optional() });
type Call = z.infer<typeof Call>;

/** What one call showed, in ms. */
interface Sample {
  readonly dialMs: number;
  readonly recordMs: number;
}

/** Single calls, one after the other, on the floor and on the embedded default in turn: request to dial, callback to record. */
export async function latencyRows(server: string): Promise<Row[]> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const door = await DialDoor.open();
    ends.push(() => Promise.resolve(door.close()));
    const database = await freshDatabase(server);
    ends.push(() => database.stop());
    const floor = await LatencyFloor.open(database.at, door.url);
    ends.push(() => floor.close());
    const system = await EmbeddedSystem.start(door.url);
    ends.push(() => system.stop());
    const samples = await interleave(
      WARM_UP + SAMPLES,
      (index) => withDeadline(oneCallByHand(floor, door), LIMIT_MS, `Call ${index} of the floor`),
      (index) => withDeadline(oneCall(system, door, index), LIMIT_MS, `Call ${index}`),
    );
    const measured = { floor: samples.floor.slice(WARM_UP), product: samples.product.slice(WARM_UP) };
    return [...rowsOf('POST /v1/calls to dial', measured, ({ dialMs }) => dialMs, 50), ...rowsOf('callback to record', measured, ({ recordMs }) => recordMs, 100)];
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function rowsOf(name: string, { product, floor }: { readonly product: readonly Sample[]; readonly floor: readonly Sample[] }, of: (sample: Sample) => number, aimMs: number): Row[] {
  const at = (share: number): Pick<Row, 'product' | 'floor'> => ({ product: [percentile(product.map(of), share)], floor: [percentile(floor.map(of), share)] });
  return [
    { name: `${name}, p50`, unit: 'ms', ...at(0.5), aim: { of: 'value', figure: aimMs } },
    { name: `${name}, p99`, unit: 'ms', ...at(0.99), aim: undefined },
  ];
}

async function oneCallByHand({ url }: LatencyFloor, door: DialDoor): Promise<Sample> {
  const dialling = door.next();
  const sentAt = performance.now();
  const placed = await fetch(`${url}/calls`, { method: 'POST', body: '{}' });
  const id = await placed.text();
  const dial = await dialling;
  const calledBackAt = performance.now();
  await (await fetch(`${url}/callbacks/${id}`, { method: 'POST', body: callbackXml({ ...dial, startedAt: Date.now() }, 'a-called') })).text();
  await (await fetch(`${url}/calls/${id}`)).text();
  return { dialMs: dial.arrivedAt - sentAt, recordMs: performance.now() - calledBackAt };
}

/** One call to its end. The second measurement begins when the first one's effects have all arrived. */
async function oneCall(system: EmbeddedSystem, door: DialDoor, index: number): Promise<Sample> {
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
