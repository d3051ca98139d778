import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const HOLD_MS = 300;
const REFUSED = (retcode: string): object => ({ message: 'no', retcode });

interface Agent {
  guid: string | undefined;
  readonly events: object[];
  /** Polls that are being held just now. */
  open: number;
}

/** A CC-Gateway on a real port that notices when a seat is polled by two at once. */
export class SeatVendor {
  readonly signIns: string[] = [];
  readonly forced: string[] = [];
  readonly polls: string[] = [];
  /** Seats that were polled by two at once. */
  readonly overlaps: string[] = [];
  /** Sign-ins that were refused, by the agent. */
  readonly refused: string[] = [];
  refusesSignIns = false;
  private readonly agents = new Map<string, Agent>();
  private guids = 0;

  private constructor(
    private readonly server: Server,
    /** Each poll gives another Guid. */
    private readonly dynamic: boolean,
  ) {}

  static async start(dynamic = false): Promise<SeatVendor> {
    const server = createServer((request, response) => void vendor.answer(request, response));
    const vendor = new SeatVendor(server, dynamic);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return vendor;
  }

  get endpoint(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('It does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  guidOf(agentId: string): string | undefined {
    return this.agentOf(agentId).guid;
  }

  pollsOf(agentId: string): number {
    return this.polls.filter((polled) => polled === agentId).length;
  }

  tell(agentId: string, eventType: string): void {
    this.agentOf(agentId).events.push({ eventType, workNo: agentId, content: null });
  }

  signOut(agentId: string): void {
    this.agentOf(agentId).guid = undefined;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private agentOf(agentId: string): Agent {
    const known = this.agents.get(agentId);
    if (known !== undefined) return known;
    const agent: Agent = { guid: undefined, events: [], open: 0 };
    this.agents.set(agentId, agent);
    return agent;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, operation = '', agentId = '', force] = /resource\/(\w+)\/(\d+)(\/forcelogin)?/.exec(request.url ?? '') ?? [];
    const agent = this.agentOf(agentId);
    const body = operation === 'onlineagent' ? this.signIn(agentId, agent, force !== undefined) : await this.poll(agentId, agent, request);
    response.writeHead(200, { 'content-type': 'application/json', ...(agent.guid === undefined ? {} : { Guid: agent.guid }) }).end(JSON.stringify(body));
  }

  private signIn(agentId: string, agent: Agent, force: boolean): object {
    if (this.refusesSignIns) {
      this.refused.push(agentId);
      return REFUSED('100-004');
    }
    if (agent.guid !== undefined && !force) return REFUSED('100-002');
    (force ? this.forced : this.signIns).push(agentId);
    agent.guid = `guid-${(this.guids += 1)}`;
    return { message: '', retcode: '0' };
  }

  private async poll(agentId: string, agent: Agent, { headers, socket }: IncomingMessage): Promise<object> {
    if (agent.guid === undefined || headers['guid'] !== agent.guid) return REFUSED('000-003');
    if (agent.open > 0) this.overlaps.push(agentId);
    agent.open += 1;
    this.polls.push(agentId);
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    if (agent.events.length === 0) await wait(HOLD_MS, undefined, { signal: gone.signal }).catch(() => undefined);
    agent.open -= 1;
    if (this.dynamic) agent.guid = `guid-${(this.guids += 1)}`;
    return { message: '', retcode: '0', event: gone.signal.aborted ? null : (agent.events.shift() ?? null) };
  }
}
