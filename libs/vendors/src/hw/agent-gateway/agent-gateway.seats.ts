import type { HttpOutcome } from '@cc/http';
import { vendorCode } from '../../vendor-text';
import type { SeatFollowUp, SeatPoll, SignIn, VendorPorts } from '../../vendor.port';
import { readAnswer, wordsOf, type AgentGatewayClient, type GatewayReading } from './agent-gateway.client';
import type { AgentGatewaySeat, AgentGatewaySettings } from './agent-gateway.config';
import { ALREADY_SIGNED_IN, GATEWAY_OK, isSessionOver, isSignInRefused } from './agent-gateway.errors';
import { readPoll } from './agent-gateway.schema';

/** A seat that is not polled for two minutes is signed out (cec_07_1274). */
const SIGNED_OUT_AFTER_MS = 120_000;
type HttpAnswer = Extract<HttpOutcome, { kind: 'answer' }>;

const GUID = /^[\x21-\x7e]{1,512}$/;
/** The platform has signed the seat out. */
const SHUT_DOWN = 'AgentOther_ShutdownService';

/** Signs seats in and asks what they do. The session is the header `Guid`. */
export class AgentGatewaySeats implements SeatFollowUp {
  readonly signedOutAfterMs = SIGNED_OUT_AFTER_MS;

  constructor(
    private readonly settings: AgentGatewaySettings,
    private readonly client: AgentGatewayClient,
    private readonly clock: VendorPorts['clock'],
    private readonly byName: ReadonlyMap<string, AgentGatewaySeat>,
  ) {}

  get seats(): readonly string[] {
    return [...this.byName.keys()];
  }

  get pauseMs(): number {
    return this.settings.pauseMs;
  }

  async signIn(name: string): Promise<SignIn> {
    const seat = this.byName.get(name);
    if (seat === undefined) return { kind: 'refused', reason: 'the channel file has no such seat' };
    const first = await this.logIn(seat, '');
    const signedIn = first.kind === 'answer' && first.retcode === ALREADY_SIGNED_IN ? await this.logIn(seat, '/forcelogin') : first;
    const judged = judgeSignIn(signedIn, [seat.password.reveal()]);
    return judged.kind === 'signed-in' ? await this.resetSkill(seat, judged) : judged;
  }

  async poll(name: string, session: string): Promise<SeatPoll> {
    const seat = this.byName.get(name);
    if (seat === undefined) return { kind: 'signed-out', reason: 'the channel file has no such seat' };
    const outcome = await this.client.send({ method: 'GET', path: `agentevent/${seat.agentId}`, session, timeoutMs: this.settings.pollTimeoutMs });
    if (outcome.kind !== 'answer') return { kind: 'failed', reason: outcome.reason };
    if (outcome.status !== 200) return { kind: 'failed', reason: `HTTP status ${outcome.status}` };
    return this.judgePoll(outcome, session, seat);
  }

  private async logIn({ agentId, password, phone }: AgentGatewaySeat, force: '' | '/forcelogin'): Promise<GatewayReading> {
    const { agentType, initialStatus, requestTimeoutMs } = this.settings;
    const body = {
      password: password.reveal(),
      phonenum: phone,
      ...(agentType === undefined ? {} : { agenttype: agentType }),
      ...(initialStatus === undefined ? {} : { status: initialStatus }),
    };
    return readAnswer(await this.client.send({ method: 'PUT', path: `onlineagent/${agentId}${force}`, body, timeoutMs: requestTimeoutMs }));
  }

  private async resetSkill({ agentId, skillId, password }: AgentGatewaySeat, signedIn: Extract<SignIn, { kind: 'signed-in' }>): Promise<SignIn> {
    const { resetSkill, requestTimeoutMs } = this.settings;
    if (resetSkill === 'off') return signedIn;
    const skill = resetSkill === 'seat' && skillId !== undefined ? `?skillid=${skillId}` : '';
    const { session } = signedIn;
    const read = readAnswer(await this.client.send({ method: 'POST', path: `onlineagent/${agentId}/resetskill/${resetSkill === 'auto'}${skill}`, session, timeoutMs: requestTimeoutMs }));
    if (read.kind === 'answer' && read.retcode === GATEWAY_OK) return signedIn;
    return { kind: 'failed', reason: `signed in, but the skills could not be set: ${read.kind === 'none' ? read.reason : `retcode ${vendorCode(read.retcode)}: ${wordsOf(read.answer, [session, password.reveal()])}`}` };
  }

  private judgePoll({ body, headers }: HttpAnswer, session: string, { password }: AgentGatewaySeat): SeatPoll {
    const reading = readPoll(body);
    if (reading.kind === 'unintelligible') return { kind: 'failed', reason: 'HTTP 200 with an answer of another form than documented' };
    if (reading.kind === 'refused') {
      const reason = `retcode ${vendorCode(reading.retcode)}: ${wordsOf(reading, [session, password.reveal()])}`;
      return { kind: isSessionOver(reading.retcode) ? 'signed-out' : 'failed', reason };
    }
    if (reading.kind === 'event' && reading.event.eventType === SHUT_DOWN) return { kind: 'signed-out', reason: 'the platform signed the seat out' };
    const next = { session: this.nextSession(session, headers) };
    if (reading.kind === 'nothing') return { kind: 'nothing', ...next };
    return { kind: 'told', notifications: [{ kind: 'poll', headers: {}, body, receivedAt: this.clock.nowMs(), request: 'agentevent' }], ...next };
  }

  private nextSession(session: string, headers: Readonly<Record<string, string>>): string {
    const given = headers['guid'];
    return this.settings.authMode === 'dynamic' && given !== undefined && GUID.test(given) ? given : session;
  }
}

function judgeSignIn(read: GatewayReading, secrets: readonly string[]): SignIn {
  if (read.kind === 'none') return { kind: 'failed', reason: read.reason };
  const { retcode, answer, headers } = read;
  if (retcode !== GATEWAY_OK) {
    const reason = `retcode ${vendorCode(retcode)}: ${wordsOf(answer, secrets)}`;
    return { kind: isSignInRefused(retcode) ? 'refused' : 'failed', reason };
  }
  const session = headers['guid'];
  if (session === undefined || !GUID.test(session)) return { kind: 'failed', reason: 'signed in, but the answer has no usable header Guid' };
  return { kind: 'signed-in', session };
}
