import { pause } from '@cc/kernel';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import { z } from 'zod';
import { DEMO_CHANNEL } from './simulated-channels';

const POLL_MS = 200;
const REQUEST_LIMIT_MS = 10_000;

const Call = z.object({ callId: z.string(), recording: z.object({ status: z.string(), sizeBytes: z.number().optional(), url: z.string().optional() }) });
const Timeline = z.object({ items: z.array(z.looseObject({ id: z.string(), type: z.string(), source: z.string(), recordedAt: z.number(), channel: z.string().optional() })) });
const Refusal = z.object({ code: z.string(), detail: z.string() });
type Entry = z.infer<typeof Timeline>['items'][number];

/** Who follows the demo call: what is told to them, until when. */
export interface Attendance {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** How long the call may take to be placed, and again to be archived. */
  readonly limitMs: number;
}

/**
 * Places one call and prints each event as it comes, until the recording is archived. Resolves to whether that was seen.
 * @throws Error with the gateway's reason when it took no call in time.
 */
export async function demoCall(gatewayUrl: string, apiKey: string, attendance: Attendance): Promise<boolean> {
  const { say, signal, limitMs } = attendance;
  const api = axios.create({ baseURL: `${gatewayUrl}/v1`, headers: { authorization: `Bearer ${apiKey}` }, timeout: REQUEST_LIMIT_MS, proxy: false, signal });
  const placed = await place(api, attendance);
  say(`demo call            ${placed.callId}: +8613800138000 is connected with +8613900139000`);
  const seen = new Set<string>();
  const began = Date.now();
  while (!signal.aborted && Date.now() - began < limitMs) {
    const { items } = Timeline.parse((await api.get(`/calls/${placed.callId}/events`)).data);
    for (const entry of items.filter(({ id }) => !seen.has(id))) {
      seen.add(entry.id);
      say(lineOf(entry, items[0]?.recordedAt ?? began));
    }
    const call = Call.parse((await api.get(`/calls/${placed.callId}`)).data);
    if (call.recording.status === 'archived' || call.recording.status === 'failed') {
      say(`  recording ${call.recording.status}${call.recording.sizeBytes === undefined ? '' : `, ${call.recording.sizeBytes} bytes`}${call.recording.url === undefined ? '' : `, ${call.recording.url}`}`);
      return call.recording.status === 'archived';
    }
    await pause(POLL_MS, signal);
  }
  return false;
}

/** The gateway's answer, once it takes the request: until then, and at most until the limit, it is asked again, and each new reason that is worth a word is told. */
async function accepted(ask: () => Promise<AxiosResponse<unknown>>, silent: readonly string[], { say, signal, limitMs }: Attendance): Promise<unknown> {
  const began = Date.now();
  for (let told: string | undefined; ; ) {
    const { status, data } = await ask();
    if (status < 300) return data;
    const { code, detail } = Refusal.parse(data);
    if (Date.now() - began >= limitMs) throw new Error(`it was not placed within ${limitMs / 1000} s (${code}): ${detail}`);
    if (code !== told && !silent.includes(code)) say(`demo call            waits: ${detail}`);
    told = code;
    await pause(POLL_MS, signal);
    if (signal.aborted) throw new Error('the demo call was not placed');
  }
}

/** Waits until the gateway has heard of the channel, since it refuses to place a call on one that it does not know, and then until it takes the call. */
async function place(api: AxiosInstance, attendance: Attendance): Promise<z.infer<typeof Call>> {
  const body = { from: '+8613800138000', to: '+8613900139000', agent: 'agent-1', channel: DEMO_CHANNEL, record: true, bizData: { order: 'demo' } };
  const orNot = (...refusals: readonly number[]) => ({ validateStatus: (status: number) => status < 300 || refusals.includes(status) });
  await accepted(() => api.get(`/channels/${DEMO_CHANNEL}`, orNot(404, 503)), ['no-such-channel', 'no-channels-yet'], attendance);
  return Call.parse(await accepted(() => api.post('/calls', body, orNot(503)), [], attendance));
}

function lineOf(entry: Entry, firstAt: number): string {
  const seconds = ((entry.recordedAt - firstAt) / 1000).toFixed(2).padStart(7);
  const name = entry.type.replace(/^cc\.call\./, '').replace(/\.v\d+$/, '').replaceAll('-', ' ');
  return `  ${seconds} s  ${name.padEnd(20)} ${entry.source.padEnd(9)} ${entry.channel ?? ''}`.trimEnd();
}
