import { maskNumber } from '@cc/kernel';
import type { HttpOutcome } from '@cc/http';
import { nationalNumber } from '../national-number';
import type { CancelOutcome, DialOutcome, DialRequest, ProbeOutcome, QueriedCall, QueryAnswer, VendorPorts } from '../vendor.port';
import { vendorCode, vendorText } from '../vendor-text';
import type { JySettings } from './jy.config';
import type { Contract, ContractAnswer, ContractRequest } from './jy.contract';
import { parseDocument, plainText } from './jy.document';
import { VENDOR_CALL_ID } from './jy.ids';
import { textAt } from './jy.paths';
import { queryName } from './jy.request-name';
import { buildRequest, namesOf, type Given } from './jy.requests';

type Answered = Answer | NoAnswer;
type Answer = { readonly kind: 'answer'; readonly code: string; readonly words: string; readonly document: unknown; readonly body: Buffer };
type NoAnswer = { readonly kind: 'not-sent'; readonly reason: string } | { readonly kind: 'unreadable'; readonly reason: string };

/** The requests that the contract describes. The dial is sent once at most. */
export class JyClient {
  private readonly contract: Contract;
  private readonly secrets: readonly string[];

  constructor(
    private readonly settings: JySettings,
    private readonly ports: VendorPorts,
  ) {
    this.contract = settings.contract;
    this.secrets = [...Object.values(settings.credentials), ...(settings.callbackUrl === undefined ? [] : [settings.callbackUrl])].map((secret) => secret.reveal());
  }

  async dial(request: DialRequest): Promise<DialOutcome> {
    const { request: form, answer } = this.contract.dial;
    const values = this.dialValues(request);
    if (!values.ok) return { kind: 'unfit', reason: values.reason };
    const answered = await this.ask(form, answer, values.given, this.settings.dialTimeoutMs);
    if (answered.kind === 'not-sent') return { kind: 'not-sent', reason: answered.reason };
    if (answered.kind === 'unreadable') return { kind: 'unknown', reason: answered.reason };
    return this.judgeDial(answered);
  }

  async cancel(cancel: NonNullable<Contract['cancel']>, vendorCallId: string): Promise<CancelOutcome> {
    const answered = await this.ask(cancel.request, cancel.answer, { vendorCallId }, this.settings.requestTimeoutMs);
    if (answered.kind !== 'answer') return { kind: 'unknown', reason: answered.reason };
    if (cancel.answer.accepted.includes(answered.code)) return { kind: 'accepted' };
    return { kind: 'refused', vendorCode: vendorCode(answered.code), reason: answered.words };
  }

  async query(query: NonNullable<Contract['query']>, { vendorCallId, attemptId }: QueriedCall): Promise<QueryAnswer> {
    const byId = vendorCallId === undefined ? undefined : query.byVendorCallId;
    const request = byId ?? query.byAttemptId;
    if (request === undefined) return { kind: 'no-answer', reason: `contract.query has no ${vendorCallId === undefined ? 'byAttemptId' : 'byVendorCallId'}, and nothing else of the call is known` };
    const answered = await this.ask(request, query.answer, { vendorCallId, attemptId }, this.settings.requestTimeoutMs);
    if (answered.kind !== 'answer') return { kind: 'no-answer', reason: answered.reason };
    if (query.answer.notFound.includes(answered.code)) return { kind: 'not-found' };
    if (!query.answer.accepted.includes(answered.code)) return { kind: 'no-answer', reason: `code ${vendorCode(answered.code)}: ${answered.words}` };
    const name = queryName(byId === undefined || vendorCallId === undefined ? { attemptId } : { vendorCallId });
    return { kind: 'told', notification: { kind: 'query', headers: {}, body: answered.body, receivedAt: this.ports.clock.nowMs(), request: name } };
  }

  async probe(probe: NonNullable<Contract['probe']>): Promise<ProbeOutcome> {
    const answered = await this.ask(probe.request, probe.answer, {}, this.settings.requestTimeoutMs);
    if (answered.kind !== 'answer') return { kind: 'failed', reason: answered.reason };
    return probe.answer.accepted.includes(answered.code) ? { kind: 'well' } : { kind: 'failed', reason: `code ${vendorCode(answered.code)}: ${answered.words}` };
  }

  private judgeDial({ code, words, document }: Answer): DialOutcome {
    const { answer } = this.contract.dial;
    const id = textAt(document, answer.vendorCallId);
    if (answer.accepted.includes(code)) {
      return id !== undefined && VENDOR_CALL_ID.test(id) ? { kind: 'accepted', vendorCallId: id } : { kind: 'unknown', reason: 'accepted, but without a usable call id' };
    }
    const blame = id === undefined && Object.hasOwn(answer.notPlaced, code) ? answer.notPlaced[code] : undefined;
    if (blame !== undefined) return { kind: 'rejected', vendorCode: vendorCode(code), reason: words, blame };
    return { kind: 'unknown', reason: `code ${vendorCode(code)}, which does not say that no call was placed: ${words}` };
  }

  private async ask(request: ContractRequest, answer: ContractAnswer, given: Given, timeoutMs: number): Promise<Answered> {
    const outcome = await this.ports.http.exchange({ ...buildRequest(request, given, this.settings, this.ports.clock.nowMs()), timeoutMs });
    if (outcome.kind === 'not-sent') return { kind: 'not-sent', reason: outcome.reason };
    if (outcome.kind === 'no-answer') return { kind: 'unreadable', reason: outcome.reason };
    return this.read(outcome, answer);
  }

  private read({ status, body }: Extract<HttpOutcome, { kind: 'answer' }>, answer: ContractAnswer): Answered {
    if (!answer.statuses.includes(status)) return { kind: 'unreadable', reason: `HTTP status ${status}` };
    const document = parseDocument(body, answer.form);
    const code = textAt(document, answer.code);
    if (code === undefined) return { kind: 'unreadable', reason: `HTTP ${status} with an answer of another form than the contract says` };
    const words = plainText(textAt(document, answer.message) ?? 'the vendor gave no reason', answer.form);
    return { kind: 'answer', code, words: vendorText(words, this.secrets), document, body };
  }

  private dialValues(request: DialRequest): { readonly ok: true; readonly given: Given } | { readonly ok: false; readonly reason: string } {
    const refused = this.missing(request);
    const convert = (what: string, number: string | undefined): string | undefined => {
      const written = number === undefined ? undefined : this.written(number);
      if (number !== undefined && written === undefined) refused.push(`the vendor cannot take ${maskNumber(number)} as ${what}`);
      return written;
    };
    const { yes, no } = this.contract.record;
    const given: Given = {
      attemptId: request.attemptId,
      caller: convert('the caller', request.caller),
      called: convert('the called number', request.called),
      displayToCaller: convert('the number shown to A', request.displayToCaller),
      displayToCalled: convert('the number shown to B', request.displayToCalled),
      agent: request.agent,
      record: request.record ? yes : no,
      maxDurationSeconds: request.maxDurationSeconds,
      callbackUrl: this.settings.callbackUrl?.reveal(),
    };
    return refused.length === 0 ? { ok: true, given } : { ok: false, reason: refused.join('; ') };
  }

  /** What the call needs and the contract's dial does not carry. */
  private missing(request: DialRequest): string[] {
    const names = namesOf(this.contract.dial.request);
    const wanted = [
      ['maxDurationSeconds', request.maxDurationSeconds !== undefined],
      ['displayToCaller', request.displayToCaller !== undefined],
      ['displayToCalled', request.displayToCalled !== undefined],
    ] as const;
    return wanted.flatMap(([name, needed]) => (needed && !names.has(name) ? [`contract.dial.request does not carry {${name}}`] : []));
  }

  private written(number: string): string | undefined {
    switch (this.contract.numberFormat) {
      case 'national':
        return nationalNumber(number)?.digits;
      case 'e164':
        return number;
      case 'digits':
        return number.replace('+', '');
    }
  }
}
