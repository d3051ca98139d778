import { maskNumber } from '@cc/kernel';
import type { HttpOutcome } from '@cc/http';
import { nationalNumber } from '../../national-number';
import type { DialOutcome, DialRequest, ProbeOutcome, VendorPorts } from '../../vendor.port';
import { vendorCode, vendorText } from '../../vendor-text';
import type { HwSettings } from './hw.config';
import { HW_OK, notPlacedBlame } from './hw.errors';
import { HW_SERIAL, HwCreated, parseHwAnswer, type HwAnswer } from './hw.schema';
import { HwTokens } from './hw.token';

/** The answer to a request that may be repeated: parsed, with the bytes to keep. */
export type HwReply =
  | { readonly kind: 'reply'; readonly retCode: string; readonly retMsg: string; readonly result: unknown; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly reason: string };

const PATH = 'apiaccess/CC-Management/v1/mobileAgent';
const PROBED_PERIOD_MS = 60_000;

/** The requests that we make to 双呼: the dial, sent once at most, and questions, which may be asked again. */
export class HwClient {
  private readonly tokens: HwTokens;

  constructor(
    private readonly settings: HwSettings,
    private readonly ports: VendorPorts,
  ) {
    this.tokens = new HwTokens(settings, ports);
  }

  async dial(request: DialRequest): Promise<DialOutcome> {
    if (request.maxDurationSeconds !== undefined) return { kind: 'unfit', reason: 'the vendor cannot limit the duration of a call' };
    const body = this.dialBody(request);
    if (!body.ok) return { kind: 'unfit', reason: body.reason };
    const access = await this.tokens.get();
    if (access.kind === 'none') return { kind: 'not-sent', reason: `no access token: ${access.reason}` };
    if (request.leaveBy !== undefined && this.ports.clock.nowMs() > request.leaveBy) return { kind: 'not-sent', reason: 'the access token came too late for this dial' };
    const outcome = await this.post('createCall', body.body, access.token, this.settings.dialTimeoutMs);
    return this.judgeDial(outcome, access.token);
  }

  /** A number (E.164) as the vendor takes it; `undefined` where it cannot. */
  written(number: string): string | undefined {
    return this.settings.numberFormat === 'e164' ? number : nationalNumber(number)?.digits;
  }

  /**
   * Whether the vendor answers a question about the last minute's history, whatever it says. With the token that there is: whether a new
   * one ends those that other processes hold is not documented.
   */
  async probe(): Promise<ProbeOutcome> {
    const nowMs = this.ports.clock.nowMs();
    const { taskType } = this.settings;
    const reply = await this.ask('queryCallDetailRecord', { startTime: String(nowMs - PROBED_PERIOD_MS), endTime: String(nowMs), offset: '0', limit: '1', taskType });
    return reply.kind === 'reply' ? { kind: 'well' } : { kind: 'failed', reason: reply.reason };
  }

  /** One question; with another token when the vendor refuses the first one. */
  async ask(operation: string, body: unknown): Promise<HwReply> {
    const first = await this.askOnce(operation, body);
    return first === 'token-refused' ? replyOf(await this.askOnce(operation, body)) : first;
  }

  private async askOnce(operation: string, body: unknown): Promise<HwReply | 'token-refused'> {
    const access = await this.tokens.get();
    if (access.kind === 'none') return { kind: 'failed', reason: `no access token: ${access.reason}` };
    const outcome = await this.post(operation, body, access.token, this.settings.requestTimeoutMs);
    if (outcome.kind !== 'answer') return { kind: 'failed', reason: outcome.reason };
    if (outcome.status === 401) {
      this.tokens.drop(access.token);
      return 'token-refused';
    }
    const answer = readAnswer(outcome);
    if (answer?.retCode === undefined) return { kind: 'failed', reason: unreadable(outcome) };
    return { kind: 'reply', retCode: vendorCode(answer.retCode), retMsg: this.words(answer, access.token), result: answer.result, body: outcome.body };
  }

  private judgeDial(outcome: HttpOutcome, token: string): DialOutcome {
    if (outcome.kind === 'not-sent') return { kind: 'not-sent', reason: outcome.reason };
    if (outcome.kind === 'no-answer') return { kind: 'unknown', reason: outcome.reason };
    if (outcome.status === 401) {
      // RFC 9110, section 15.5.2: "the request has not been applied"; the vendor's pages list 401 as "not authorised".
      this.tokens.drop(token);
      return { kind: 'rejected', vendorCode: 'http-401', reason: 'the vendor did not accept the access token', blame: 'channel' };
    }
    const answer = readAnswer(outcome);
    if (answer?.retCode === undefined) return { kind: 'unknown', reason: unreadable(outcome) };
    return this.judgeAnswer(answer, answer.retCode, token);
  }

  private judgeAnswer(answer: HwAnswer, retCode: string, token: string): DialOutcome {
    const callSerialNo = HwCreated.safeParse(answer.result).data?.callSerialNo;
    if (retCode === HW_OK) {
      if (callSerialNo !== undefined && HW_SERIAL.test(callSerialNo)) return { kind: 'accepted', vendorCallId: callSerialNo };
      return { kind: 'unknown', reason: 'accepted, but without a usable call serial number' };
    }
    const blame = callSerialNo === undefined ? notPlacedBlame(retCode, this.settings.notPlacedCodes) : undefined;
    if (blame !== undefined) return { kind: 'rejected', vendorCode: vendorCode(retCode), reason: this.words(answer, token), blame };
    return { kind: 'unknown', reason: `retCode ${vendorCode(retCode)}, which does not say that no call was placed: ${this.words(answer, token)}` };
  }

  private words(answer: HwAnswer, token: string): string {
    return vendorText(answer.retMsg ?? 'the vendor gave no reason', [token, this.settings.appSecret.reveal(), this.settings.appKey]);
  }

  private dialBody(request: DialRequest): { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly reason: string } {
    const refused: string[] = [];
    const { callbackUrl } = this.settings;
    const convert = (what: string, number: string): string => {
      const written = this.written(number);
      if (written === undefined) refused.push(`the vendor cannot take ${maskNumber(number)} as ${what}`);
      return written ?? '';
    };
    const body = {
      caller: convert('the caller', request.caller),
      called: convert('the called number', request.called),
      callData: request.attemptId,
      ...workNumber(request.agent),
      ...(callbackUrl === undefined ? {} : { callBackUrl: Buffer.from(callbackUrl.reveal()).toString('base64') }),
      ...(request.displayToCaller === undefined ? {} : { agentPresent: convert('the number shown to A', request.displayToCaller) }),
      ...(request.displayToCalled === undefined ? {} : { callerPresent: convert('the number shown to B', request.displayToCalled) }),
    };
    return refused.length === 0 ? { ok: true, body } : { ok: false, reason: refused.join('; ') };
  }

  private post(operation: string, body: unknown, token: string, timeoutMs: number): Promise<HttpOutcome> {
    return this.ports.http.exchange({
      method: 'POST',
      url: `${this.settings.endpoint}/${PATH}/${operation}`,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'X-APP-Key': this.settings.appKey },
      body: JSON.stringify(body),
      timeoutMs,
    });
  }
}

/** `agentWorkNo` is optional and a number of at most 5 digits; an agent with another name is not the vendor's. */
function workNumber(agent: string | undefined): { agentWorkNo?: number } {
  return agent !== undefined && /^\d{1,5}$/.test(agent) ? { agentWorkNo: Number(agent) } : {};
}

type HttpAnswer = Extract<HttpOutcome, { kind: 'answer' }>;

/** Only a 200 carries a retCode by the vendor's pages. */
function readAnswer(outcome: HttpAnswer): HwAnswer | undefined {
  return outcome.status === 200 ? parseHwAnswer(outcome.body.toString('utf8')) : undefined;
}

function unreadable(outcome: HttpAnswer): string {
  return outcome.status === 200 ? 'HTTP 200 with an answer of another form than documented' : `HTTP status ${outcome.status}`;
}

function replyOf(reply: HwReply | 'token-refused'): HwReply {
  return reply === 'token-refused' ? { kind: 'failed', reason: 'the vendor did not accept the access token' } : reply;
}
