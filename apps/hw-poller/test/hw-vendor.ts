import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** `undefined`: status 500. */
type Answer = string | undefined;
const Question = z.object({ callSerialNo: z.string() });
const NO_RECORD = '{"retCode":"1","retMsg":"未查询到数据"}';

export const stateAnswer = (state: number, more: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({ retCode: '0', retMsg: 'success', result: { state, ...more } });
export const recordAnswer = (callSerialNo: string): string => JSON.stringify({ retCode: '0', result: { total: 1, callInfo: [{ callSerialNo, state: 3 }] } });

/** 双呼 on a real port: it answers by call serial number what the test says, and keeps what it was asked. */
export class HwVendor {
  readonly polled: string[] = [];
  readonly states = new Map<string, Answer>();
  /** The answer to every question for records. */
  record: Answer = NO_RECORD;
  private recordsAsked = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HwVendor> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        const answer = vendor.answerTo(request.url?.split('/').at(-1) ?? '', body);
        response.writeHead(answer === undefined ? 500 : 200, { 'content-type': 'application/json' }).end(answer);
      });
    });
    const vendor = new HwVendor(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return vendor;
  }

  get endpoint(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('It does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  pollsOf(serial: string): number {
    return this.polled.filter((polled) => polled === serial).length;
  }

  get askedForRecords(): number {
    return this.recordsAsked;
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.server.close(done));
  }

  private answerTo(operation: string, body: string): Answer {
    if (operation === 'tokenByAkSk') return '{"AccessToken":"token","Expires":"3600"}';
    if (operation === 'queryCallDetailRecord') {
      this.recordsAsked += 1;
      return this.record;
    }
    const { callSerialNo } = Question.parse(JSON.parse(body));
    this.polled.push(callSerialNo);
    return this.states.get(callSerialNo);
  }
}
