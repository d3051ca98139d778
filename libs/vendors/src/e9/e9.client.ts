import type { HttpOutcome } from '@cc/http';
import type { CancelOutcome, DialOutcome, DialRequest, QueriedCall, QueryAnswer, VendorPorts } from '../vendor.port';
import { vendorCode, vendorText } from '../vendor-text';
import { parseWire } from '../wire-json';
import type { E9Settings } from './e9.config';
import { E9_OK, E9_QUERY_RATE_EXCEEDED, notPlacedBlame } from './e9.errors';
import { e9Numbers } from './e9.numbers';
import { E9_CALL_ID, E9Answer } from './e9.schema';
import { signRequest } from './e9.signature';

const MAX_DURATION_SECONDS = 28_800;
/** Type 1 is 专线语音, the product of this adapter (calledRecordCheckRest). */
const RECORD_TYPE = 1;

/** The requests that we make to e9: dial, cancel, record query. */
export class E9Client {
  constructor(
    private readonly settings: E9Settings,
    private readonly ports: VendorPorts,
  ) {}

  async dial(request: DialRequest): Promise<DialOutcome> {
    const converted = e9Numbers(request);
    if (!converted.ok) return { kind: 'unfit', reason: converted.reason };
    const { maxDurationSeconds } = request;
    if (maxDurationSeconds !== undefined && maxDurationSeconds > MAX_DURATION_SECONDS) {
      return { kind: 'unfit', reason: `the vendor allows calls of at most ${MAX_DURATION_SECONDS} s` };
    }
    const body = {
      appId: this.settings.appId,
      ...converted.numbers,
      needRecord: request.record ? '1' : '0',
      userData: request.attemptId,
      ...(maxDurationSeconds === undefined ? {} : { maxCallTime: String(maxDurationSeconds) }),
    };
    return this.judgeDial(await this.post('Calls/callBack', { callback: body }, this.settings.dialTimeoutMs));
  }

  async cancel({ vendorCallId }: { readonly vendorCallId: string }): Promise<CancelOutcome> {
    const request = { req: { appId: this.settings.appId, callId: vendorCallId } };
    const outcome = await this.post('Calls/CancelCallback', request, this.settings.requestTimeoutMs);
    if (outcome.kind !== 'answer') return { kind: 'unknown', reason: `${outcome.kind}: ${outcome.reason}` };
    const answer = readAnswer(outcome);
    if (answer?.statusCode === undefined) return { kind: 'unknown', reason: unreadable(outcome) };
    if (answer.statusCode === E9_OK) return { kind: 'accepted' };
    return { kind: 'refused', vendorCode: vendorCode(answer.statusCode), reason: this.refusal(answer) };
  }

  /** The vendor finds ended calls only, of the last 48 hours. */
  async query({ vendorCallId }: QueriedCall): Promise<QueryAnswer> {
    if (vendorCallId === undefined) return { kind: 'no-answer', reason: 'the vendor finds a call by its own id only' };
    const outcome = await this.post('Records/query', { req: { callId: vendorCallId, type: RECORD_TYPE } }, this.settings.requestTimeoutMs);
    if (outcome.kind !== 'answer') return { kind: 'no-answer', reason: outcome.reason };
    const answer = readAnswer(outcome);
    if (answer?.statusCode === undefined) return { kind: 'no-answer', reason: unreadable(outcome) };
    if (answer.statusCode === E9_QUERY_RATE_EXCEEDED) return { kind: 'no-answer', reason: 'the vendor says that its limit of queries is exceeded' };
    return { kind: 'told', notification: { kind: 'query', headers: {}, body: outcome.body, receivedAt: this.ports.clock.nowMs(), request: 'Records/query' }, ...(answer.callNotify === undefined ? { nothing: true } : {}) };
  }

  private judgeDial(outcome: HttpOutcome): DialOutcome {
    if (outcome.kind === 'not-sent') return { kind: 'not-sent', reason: outcome.reason };
    if (outcome.kind === 'no-answer') return { kind: 'unknown', reason: outcome.reason };
    const answer = readAnswer(outcome);
    if (answer?.statusCode === undefined) return { kind: 'unknown', reason: unreadable(outcome) };
    if (answer.statusCode === E9_OK) return this.accepted(answer);
    const blame = answer.callId === undefined ? notPlacedBlame(answer.statusCode, this.settings.notPlacedCodes) : undefined;
    if (blame !== undefined) return { kind: 'rejected', vendorCode: vendorCode(answer.statusCode), reason: this.refusal(answer), blame };
    return { kind: 'unknown', reason: `status code ${vendorCode(answer.statusCode)}, which does not say that no call was placed: ${this.refusal(answer)}` };
  }

  private accepted(answer: E9Answer): DialOutcome {
    if (answer.callId === undefined || !E9_CALL_ID.test(answer.callId)) return { kind: 'unknown', reason: 'accepted, but without a usable call id' };
    return { kind: 'accepted', vendorCallId: answer.callId };
  }

  private refusal(answer: E9Answer): string {
    return vendorText(answer.represent ?? 'the vendor gave no reason', [this.settings.authToken.reveal(), this.settings.accountSid]);
  }

  private post(what: string, payload: unknown, timeoutMs: number): Promise<HttpOutcome> {
    const { endpoint, softVersion, accountSid, authToken } = this.settings;
    const { sig, authorization } = signRequest({ accountSid, authToken: authToken.reveal() }, this.ports.clock.nowMs());
    return this.ports.http.exchange({
      method: 'POST',
      url: `${endpoint}/${softVersion}/Accounts/${accountSid}/${what}?sig=${sig}`,
      headers: { Authorization: authorization, Accept: 'application/json;charset=utf-8', 'Content-Type': 'application/json;charset=utf-8' },
      body: JSON.stringify(payload),
      timeoutMs,
    });
  }
}

type HttpAnswer = Extract<HttpOutcome, { kind: 'answer' }>;

/** Only a 200 is documented as an answer; with any other status the body is not the vendor's word. */
function readAnswer(outcome: HttpAnswer): E9Answer | undefined {
  return outcome.status === 200 ? parseWire(outcome.body.toString('utf8'), E9Answer) : undefined;
}

function unreadable(outcome: HttpAnswer): string {
  return outcome.status === 200 ? 'HTTP 200 with an answer of another form than documented' : `HTTP status ${outcome.status}`;
}
