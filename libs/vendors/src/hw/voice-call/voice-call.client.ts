import { randomBytes } from 'node:crypto';
import type { HttpOutcome } from '@cc/http';
import { maskNumber } from '@cc/kernel';
import { nationalNumber } from '../../national-number';
import type { CancelOutcome, DialOutcome, DialRequest, VendorPorts } from '../../vendor.port';
import { vendorCode, vendorText } from '../../vendor-text';
import { parseWire } from '../../wire-json';
import type { VoiceCallSettings } from './voice-call.config';
import { authenticationHeaders } from './voice-call.digest';
import { echoOf } from './voice-call.echo';
import { notPlacedBlame, VOICE_CALL_OK } from './voice-call.errors';
import { VOICE_CALL_SESSION, VoiceCallAnswer } from './voice-call.schema';

const MAX_DURATION_MINUTES = 1440;

/** The requests that we make to VoiceCall: dial, cancel, and the question for a recording. */
export class VoiceCallClient {
  constructor(
    private readonly settings: VoiceCallSettings,
    private readonly ports: VendorPorts,
  ) {}

  async dial(request: DialRequest): Promise<DialOutcome> {
    const body = this.dialBody(request);
    if (!body.ok) return { kind: 'unfit', reason: body.reason };
    return this.judgeDial(await this.post('click2Call', body.body, this.settings.dialTimeoutMs));
  }

  async cancel({ vendorCallId }: { readonly vendorCallId: string }): Promise<CancelOutcome> {
    const outcome = await this.post('callStop', { sessionid: vendorCallId, signal: 'call_stop' }, this.settings.requestTimeoutMs);
    if (outcome.kind !== 'answer') return { kind: 'unknown', reason: `${outcome.kind}: ${outcome.reason}` };
    const answer = readAnswer(outcome);
    if (answer?.resultcode === undefined) return { kind: 'unknown', reason: unreadable(outcome) };
    if (answer.resultcode !== VOICE_CALL_OK) return { kind: 'refused', vendorCode: vendorCode(answer.resultcode), reason: this.words(answer) };
    return outcome.status === 200 ? { kind: 'accepted' } : { kind: 'unknown', reason: unreadable(outcome) };
  }

  /** A signed question; the answer is not followed anywhere. */
  get(url: string): Promise<HttpOutcome> {
    return this.ports.http.exchange({ method: 'GET', url, headers: this.signature(), timeoutMs: this.settings.requestTimeoutMs });
  }

  private judgeDial(outcome: HttpOutcome): DialOutcome {
    if (outcome.kind === 'not-sent') return { kind: 'not-sent', reason: outcome.reason };
    if (outcome.kind === 'no-answer') return { kind: 'unknown', reason: outcome.reason };
    const answer = readAnswer(outcome);
    if (answer?.resultcode !== undefined) return this.judgeAnswer(answer, answer.resultcode, outcome.status);
    // RFC 9110, section 15.5.2: "the request has not been applied".
    if (outcome.status === 401) return { kind: 'rejected', vendorCode: 'http-401', reason: 'the vendor did not accept our signature', blame: 'channel' };
    return { kind: 'unknown', reason: unreadable(outcome) };
  }

  private judgeAnswer(answer: VoiceCallAnswer, resultCode: string, status: number): DialOutcome {
    const { sessionId } = answer;
    if (resultCode === VOICE_CALL_OK) {
      if (status !== 200) return { kind: 'unknown', reason: `accepted, but with HTTP status ${status}` };
      if (sessionId !== undefined && VOICE_CALL_SESSION.test(sessionId)) return { kind: 'accepted', vendorCallId: sessionId };
      return { kind: 'unknown', reason: 'accepted, but without a usable session id' };
    }
    const blame = sessionId === undefined ? notPlacedBlame(resultCode, this.settings.notPlacedCodes) : undefined;
    if (blame !== undefined) return { kind: 'rejected', vendorCode: vendorCode(resultCode), reason: this.words(answer), blame };
    return { kind: 'unknown', reason: `result code ${vendorCode(resultCode)}, which does not say that no call was placed: ${this.words(answer)}` };
  }

  private words({ resultdesc }: VoiceCallAnswer): string {
    const { appKey, appSecret, callbackUrl } = this.settings;
    return vendorText(resultdesc ?? 'the vendor gave no reason', [callbackUrl.reveal(), appSecret.reveal(), appKey]);
  }

  private dialBody(request: DialRequest): { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly reason: string } {
    const { displayNbr, displayCalleeNbr, appSecret, callbackUrl } = this.settings;
    const refused: string[] = [];
    const checked = (what: string, number: string): string => {
      if (nationalNumber(number) === undefined) refused.push(`the vendor cannot take ${maskNumber(number)} as ${what}`);
      return number;
    };
    const limit = maxDuration(request.maxDurationSeconds);
    if (limit.minutes > MAX_DURATION_MINUTES) refused.push(`the vendor allows calls of at most ${MAX_DURATION_MINUTES} minutes`);
    const pushes = Buffer.from(callbackUrl.reveal()).toString('base64');
    const body = {
      callerNbr: checked('the caller', request.caller),
      calleeNbr: checked('the called number', request.called),
      displayNbr: request.displayToCaller === undefined ? displayNbr : checked('the number shown to A', request.displayToCaller),
      displayCalleeNbr: request.displayToCalled === undefined ? displayCalleeNbr : checked('the number shown to B', request.displayToCalled),
      ...limit.field,
      statusUrl: pushes,
      feeUrl: pushes,
      recordFlag: String(request.record),
      partyTypeRequiredInDisconnect: 'true',
      userData: echoOf(request, appSecret.reveal()),
    };
    return refused.length === 0 ? { ok: true, body } : { ok: false, reason: refused.join('; ') };
  }

  private post(operation: 'click2Call' | 'callStop', body: unknown, timeoutMs: number): Promise<HttpOutcome> {
    return this.ports.http.exchange({
      method: 'POST',
      url: `${this.settings.endpoint}/rest/httpsessions/${operation}/v2.0`,
      headers: { ...this.signature(), Accept: 'application/json', 'Content-Type': 'application/json;charset=UTF-8' },
      body: JSON.stringify(body),
      timeoutMs,
    });
  }

  private signature(): Readonly<Record<string, string>> {
    const { appKey, appSecret, authentication } = this.settings;
    return authenticationHeaders({ appKey, appSecret: appSecret.reveal(), authentication }, { nonce: randomBytes(16).toString('hex'), nowMs: this.ports.clock.nowMs() });
  }
}

/** The vendor counts in minutes: a limit that is no whole minute becomes the next one, and never 0, which is no limit. */
function maxDuration(seconds: number | undefined): { readonly minutes: number; readonly field: { readonly maxDuration?: number } } {
  if (seconds === undefined) return { minutes: 0, field: {} };
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return { minutes, field: { maxDuration: minutes } };
}

type HttpAnswer = Extract<HttpOutcome, { kind: 'answer' }>;

/** The vendor's word: a 200, or the refusal that a 4xx may carry. With any other status the body is not taken for it. */
function readAnswer({ status, body }: HttpAnswer): VoiceCallAnswer | undefined {
  return status === 200 || (status >= 400 && status < 500) ? parseWire(body.toString('utf8'), VoiceCallAnswer) : undefined;
}

function unreadable({ status }: HttpAnswer): string {
  return status === 200 ? 'HTTP 200 with an answer of another form than documented' : `HTTP status ${status}`;
}
