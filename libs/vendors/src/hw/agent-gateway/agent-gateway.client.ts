import type { HttpOutcome, HttpRequest } from '@cc/http';
import { maskNumber } from '@cc/kernel';
import { nationalNumber } from '../../national-number';
import type { CancelOutcome, DialOutcome, DialRequest, VendorPorts } from '../../vendor.port';
import { vendorCode, vendorText } from '../../vendor-text';
import type { AgentGatewaySeat, AgentGatewaySettings } from './agent-gateway.config';
import { GATEWAY_OK, isPassing, isSessionOver, notPlacedBlame } from './agent-gateway.errors';
import { CALL_ID, CallIdText, parseAnswer, type GatewayAnswer } from './agent-gateway.schema';

const AUDIO = 0;

export interface SeatRequest {
  readonly method: HttpRequest['method'];
  /** Below `/agentgateway/resource`. */
  readonly path: string;
  readonly session?: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

/** The requests that we make to the CC-Gateway. */
export class AgentGatewayClient {
  constructor(
    private readonly settings: AgentGatewaySettings,
    private readonly ports: VendorPorts,
    private readonly seats: ReadonlyMap<string, AgentGatewaySeat>,
  ) {}

  /** One exchange, never repeated. */
  send({ method, path, session, body, timeoutMs }: SeatRequest): Promise<HttpOutcome> {
    return this.ports.http.exchange({
      method,
      url: `${this.settings.endpoint}/agentgateway/resource/${path}`,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' }), ...(session === undefined ? {} : { Guid: session }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs,
    });
  }

  /** Has the seat's telephone rung, then calls the customer. */
  async dial(request: DialRequest): Promise<DialOutcome> {
    if (request.maxDurationSeconds !== undefined) return { kind: 'unfit', reason: 'the vendor cannot limit the duration of a call' };
    const called = this.calledNumber(request);
    if (!called.ok) return { kind: 'unfit', reason: called.reason };
    const seat = request.seat === undefined ? undefined : this.seats.get(request.seat);
    if (seat === undefined) return { kind: 'not-sent', reason: 'the call names no seat of this channel' };
    if (request.session === undefined) return { kind: 'not-sent', reason: 'the seat is not signed in' };
    const body = { called: called.digits, callappdata: request.attemptId, mediaability: AUDIO, ...(seat.skillId === undefined ? {} : { skillid: seat.skillId }) };
    const { session } = request;
    const outcome = await this.send({ method: 'PUT', path: `voicecall/${seat.agentId}/callout`, session, body, timeoutMs: this.settings.dialTimeoutMs });
    return this.orWithheld(this.judgeDial(outcome, [session, seat.password.reveal()]));
  }

  /** Where each poll brings another session, a dial can be faster than the news of it: refused for its session, it is placed nowhere, and another try has a newer one. */
  private orWithheld(outcome: DialOutcome): DialOutcome {
    if (this.settings.authMode !== 'dynamic' || outcome.kind !== 'rejected' || !isSessionOver(outcome.vendorCode)) return outcome;
    return { kind: 'withheld', reason: `retcode ${outcome.vendorCode}: the session of the seat is not its latest` };
  }

  /** Ends the call of the seat. */
  async cancel(call: { readonly vendorCallId: string; readonly seat?: string; readonly session?: string }): Promise<CancelOutcome> {
    const seat = call.seat === undefined ? undefined : this.seats.get(call.seat);
    if (seat === undefined || call.session === undefined) return { kind: 'unknown', reason: 'the seat of the call is not known or not signed in' };
    const { session } = call;
    const timeoutMs = this.settings.requestTimeoutMs;
    const outcome = await this.send(this.settings.hangUp === 'release'
      ? { method: 'DELETE', path: `voicecall/${seat.agentId}/release`, session, timeoutMs }
      : { method: 'POST', path: `voicecall/${seat.agentId}/dropcall/${encodeURIComponent(call.vendorCallId)}`, session, timeoutMs });
    const read = readAnswer(outcome);
    if (read.kind === 'none') return { kind: 'unknown', reason: read.reason };
    if (read.retcode === GATEWAY_OK) return { kind: 'accepted' };
    if (isPassing(read.retcode)) return { kind: 'unknown', reason: `retcode ${vendorCode(read.retcode)}, which another try may not get` };
    return { kind: 'refused', vendorCode: vendorCode(read.retcode), reason: wordsOf(read.answer, [session, seat.password.reveal()]) };
  }

  private judgeDial(outcome: HttpOutcome, secrets: readonly string[]): DialOutcome {
    if (outcome.kind === 'not-sent') return outcome;
    const read = readAnswer(outcome);
    if (read.kind === 'none') return { kind: 'unknown', reason: read.reason };
    const { retcode, answer } = read;
    const callId = CallIdText.safeParse(answer.result).data;
    if (retcode === GATEWAY_OK) {
      if (callId !== undefined && CALL_ID.test(callId)) return { kind: 'accepted', vendorCallId: callId };
      return { kind: 'unknown', reason: 'accepted, but without a usable call id; the events of the seat will tell it' };
    }
    const blame = callId === undefined ? notPlacedBlame(retcode, this.settings.notPlacedCodes) : undefined;
    const words = wordsOf(answer, secrets);
    if (blame !== undefined) return { kind: 'rejected', vendorCode: vendorCode(retcode), reason: words, blame };
    return { kind: 'unknown', reason: `retcode ${vendorCode(retcode)}, which does not say that no call was placed: ${words}` };
  }

  private calledNumber({ called, displayToCaller, displayToCalled }: DialRequest): { readonly ok: true; readonly digits: string } | { readonly ok: false; readonly reason: string } {
    const digits = this.settings.numberFormat === 'country-code' ? called.replace(/^\+/, '') : nationalNumber(called)?.digits;
    const refused = [
      ...(digits === undefined || !/^[0-9*#]{1,24}$/.test(digits) ? [`the vendor cannot take ${maskNumber(called)} as the called number`] : []),
      ...(displayToCaller === undefined ? [] : ['a number shown to A cannot be chosen']),
      ...(displayToCalled === undefined ? [] : ['a number shown to B cannot be chosen']),
    ];
    return digits === undefined || refused.length > 0 ? { ok: false, reason: refused.join('; ') } : { ok: true, digits };
  }
}

export type GatewayReading =
  | { readonly kind: 'answer'; readonly retcode: string; readonly answer: GatewayAnswer; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'none'; readonly reason: string };

/** An answer with its retcode; only a 200 carries one by the vendor's pages. */
export function readAnswer(outcome: HttpOutcome): GatewayReading {
  if (outcome.kind !== 'answer') return { kind: 'none', reason: outcome.reason };
  if (outcome.status !== 200) return { kind: 'none', reason: `HTTP status ${outcome.status}` };
  const answer = parseAnswer(outcome.body);
  if (answer?.retcode === undefined) return { kind: 'none', reason: 'HTTP 200 with an answer of another form than documented' };
  return { kind: 'answer', retcode: answer.retcode, answer, headers: outcome.headers };
}

export const wordsOf = ({ message }: Pick<GatewayAnswer, 'message'>, secrets: readonly string[]): string => vendorText(message ?? 'the vendor gave no reason', secrets);
