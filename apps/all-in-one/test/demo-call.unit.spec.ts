import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { demoCall } from '../src/demo-call';

const LIMIT_MS = 600;

describe('the demo call', () => {
  let gateway: Server;
  let url: string;
  /** What the gateway says to each request to place a call, and to each question about the channel; the last of them to all that follow. */
  let answers: { readonly status: number; readonly body: object }[];
  let channelAnswers: typeof answers;
  const said: string[] = [];
  const place = (limitMs = LIMIT_MS) => demoCall(url, 'key', { say: (line) => void said.push(line), signal: new AbortController().signal, limitMs });
  const refusal = (code: string, detail: string) => ({ status: 503, body: { code, detail } });

  beforeAll(async () => {
    gateway = createServer((request, reply) => {
      const placed = { status: 200, body: { callId: 'call-1', recording: { status: 'archived' }, items: [] } };
      const next = (queue: typeof answers) => (queue.length > 1 ? queue.shift() : queue[0]) ?? placed;
      const { status, body } = request.method === 'POST' ? next(answers) : request.url?.startsWith('/v1/channels/') === true ? next(channelAnswers) : placed;
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const address = gateway.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  beforeEach(() => {
    said.length = 0;
    channelAnswers = [];
  });
  afterAll(() => gateway.close());

  it('is given up when the gateway takes none in time, with its reason', async () => {
    answers = [refusal('no-channel-up', 'e9-main is down (refused)')];
    await expect(place()).rejects.toThrow('it was not placed within 0.6 s (no-channel-up): e9-main is down (refused)');
    expect(said).toEqual(['demo call            waits: e9-main is down (refused)']);
  });

  it('is tried again meanwhile, without a word while its channel is not known', async () => {
    channelAnswers = [refusal('no-channels-yet', 'not known yet'), { status: 404, body: { code: 'no-such-channel', detail: 'not known yet' } }, { status: 200, body: {} }];
    answers = [refusal('log-unavailable', 'the log is away'), { status: 202, body: { callId: 'call-1', recording: { status: 'expected' } } }];
    expect(await place(60_000)).toBe(true);
    expect(said.join('\n')).not.toContain('not known yet');
    expect(said.slice(0, 2)).toEqual(['demo call            waits: the log is away', expect.stringContaining('call-1: ')]);
  });
});
