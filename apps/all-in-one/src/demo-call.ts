import { pause } from '@cc/kernel';
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';
import { DEMO_CHANNEL } from './simulated-channels';

const POLL_MS = 200;
const LIMIT_MS = 180_000;
const REQUEST_LIMIT_MS = 10_000;

const Call = z.object({ callId: z.string(), recording: z.object({ status: z.string(), sizeBytes: z.number().optional(), url: z.string().optional() }) });
const Timeline = z.object({ items: z.array(z.looseObject({ id: z.string(), type: z.string(), source: z.string(), recordedAt: z.number(), channel: z.string().optional() })) });
type Entry = z.infer<typeof Timeline>['items'][number];

/** Places one call and prints each event as it comes, until the recording is archived. Resolves to whether that was seen. */
export async function demoCall(gatewayUrl: string, apiKey: string, say: (line: string) => void, signal: AbortSignal): Promise<boolean> {
  const api = axios.create({ baseURL: `${gatewayUrl}/v1`, headers: { authorization: `Bearer ${apiKey}` }, timeout: REQUEST_LIMIT_MS, proxy: false, signal });
  const placed = await place(api, signal);
  say(`demo call            ${placed.callId}: +8613800138000 is connected with +8613900139000`);
  const seen = new Set<string>();
  const began = Date.now();
  while (!signal.aborted && Date.now() - began < LIMIT_MS) {
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

/** Tries again while the gateway does not know its channels yet. */
async function place(api: AxiosInstance, signal: AbortSignal): Promise<z.infer<typeof Call>> {
  const body = { from: '+8613800138000', to: '+8613900139000', agent: 'agent-1', channel: DEMO_CHANNEL, record: true, bizData: { order: 'demo' } };
  for (;;) {
    const { status, data } = await api.post<unknown>('/calls', body, { validateStatus: (code) => code < 300 || code === 503 });
    if (status < 300) return Call.parse(data);
    await pause(POLL_MS, signal);
    if (signal.aborted) throw new Error('the demo call was not placed');
  }
}

function lineOf(entry: Entry, firstAt: number): string {
  const seconds = ((entry.recordedAt - firstAt) / 1000).toFixed(2).padStart(7);
  const name = entry.type.replace(/^cc\.call\./, '').replace(/\.v\d+$/, '').replaceAll('-', ' ');
  return `  ${seconds} s  ${name.padEnd(20)} ${entry.source.padEnd(9)} ${entry.channel ?? ''}`.trimEnd();
}
