import { defined } from '@cc/kernel';
import type { CallFact, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../vendor.port';
import { vendorCode } from '../vendor-text';
import { parseWallClock } from '../vendor-time';
import { vendorUrlOf } from '../vendor-url';
import { wholeNumber } from '../wire-json';
import type { Contract, JyEvent, Reading, Times } from './jy.contract';
import { parseDocument, type BodyForm } from './jy.document';
import { fieldsOf, messagesIn, subjectOfMessage } from './jy.messages';
import { parseQueryName } from './jy.request-name';
import type { Path } from './jy.paths';

const OTHER = 255;

type Facts = Extract<Normalised, { kind: 'facts' }>;
type Field = (path: Path | undefined) => string | undefined;

type Told =
  | { readonly kind: 'messages'; readonly messages: readonly unknown[]; readonly reading: Reading; readonly form: BodyForm; readonly asked: NotificationSubject }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call a message is about: as it says itself, or as was asked. */
export function subjectOf(raw: RawNotification, contract: Contract): NotificationSubject {
  const told = read(raw, contract);
  return told.kind === 'messages' ? subjectOfAll(told) : (parseQueryName(raw.request) ?? {});
}

/** All messages of one notification are about one call. */
function subjectOfAll({ asked, messages, reading, form }: Extract<Told, { kind: 'messages' }>): NotificationSubject {
  return { ...asked, ...subjectOfMessage(messages[0], reading, form) };
}

/** Turns a callback or the answer to a query into facts, as the contract reads them. */
export function normalise(raw: RawNotification, context: NotificationContext, contract: Contract): Normalised {
  const told = read(raw, contract);
  if (told.kind === 'unintelligible') return told;
  const subject = subjectOfAll(told);
  const results = told.messages.map((message) => new Message(fieldsOf(message, told.form), told.reading, raw, subject).normalised(context));
  const unclear = results.find((result) => result.kind === 'unintelligible');
  if (unclear !== undefined) return unclear;
  const understood = results.flatMap((result) => (result.kind === 'facts' ? [result] : []));
  return { kind: 'facts', facts: understood.flatMap(({ facts }) => facts), unknownCodes: understood.flatMap(({ unknownCodes }) => unknownCodes) };
}

function read(raw: RawNotification, contract: Contract): Told {
  if (raw.kind === 'callback') return readCallback(raw, contract);
  const asked = parseQueryName(raw.request);
  if (raw.kind !== 'query' || contract.query === undefined || asked === undefined) return { kind: 'unintelligible', reason: `the contract has no such message, yet it came by ${raw.kind}` };
  const { answer, message } = contract.query;
  const document = parseDocument(raw.body, answer.form);
  if (document === undefined) return { kind: 'unintelligible', reason: `the answer is not ${answer.form}` };
  return { kind: 'messages', messages: [document], reading: message, form: answer.form, asked };
}

function readCallback(raw: RawNotification, contract: Contract): Told {
  const { form, message } = contract.callbacks;
  const messages = messagesIn(raw, contract);
  if (messages === undefined) return { kind: 'unintelligible', reason: `the body is not ${form} with what the contract says of it` };
  const subjects = messages.map((one) => subjectOfMessage(one, message, form));
  const calls = new Set(subjects.map(({ vendorCallId, attemptId }) => vendorCallId ?? attemptId ?? ''));
  if (calls.size > 1) return { kind: 'unintelligible', reason: 'messages of several calls in one' };
  return { kind: 'messages', messages, reading: message, form, asked: {} };
}

const factOf = {
  'a-ringing': 'cc.call.a-ringing.v1',
  'a-answered': 'cc.call.a-answered.v1',
  'b-ringing': 'cc.call.b-ringing.v1',
  connected: 'cc.call.connected.v1',
} as const;

/** One message about one call. */
class Message {
  constructor(
    private readonly field: Field,
    private readonly reading: Reading,
    private readonly raw: RawNotification,
    private readonly subject: NotificationSubject,
  ) {}

  normalised(context: NotificationContext): Normalised {
    const word = this.field(this.reading.event);
    if (word === undefined) return { kind: 'unintelligible', reason: 'the message names no event where the contract says' };
    const channelState = vendorCode(word).slice(0, 32);
    const event = Object.hasOwn(this.reading.events, word) ? this.reading.events[word] : undefined;
    if (event === undefined) return { kind: 'facts', facts: [], unknownCodes: [`event ${channelState}`] };
    return this.facts(event, this.at(this.reading.time), channelState, context);
  }

  private facts(event: JyEvent, occurredAt: number | undefined, channelState: string, context: NotificationContext): Normalised {
    switch (event) {
      case 'ignored':
        return { kind: 'facts', facts: [], unknownCodes: [] };
      case 'ended':
        return this.ended(occurredAt, channelState, context);
      case 'recording-available':
        return this.subject.vendorCallId === undefined
          ? { kind: 'unintelligible', reason: "a recording without the vendor's call id" }
          : { kind: 'facts', facts: this.recording(occurredAt, channelState), unknownCodes: [] };
      default:
        return { kind: 'facts', facts: [{ type: factOf[event], ...defined({ occurredAt }), channelState }], unknownCodes: [] };
    }
  }

  /** The end, with the answer times that it repeats: they rebuild what an earlier message, now lost, had to say. */
  private ended(occurredAt: number | undefined, channelState: string, context: NotificationContext): Facts {
    const derived = this.raw.kind === 'callback' ? { derived: true as const } : {};
    const [answeredAt, connectedAt] = [this.at(this.reading.answeredAt), this.at(this.reading.connectedAt)];
    const list: CallFact[] = [];
    if (answeredAt !== undefined) list.push({ type: 'cc.call.a-answered.v1', occurredAt: answeredAt, channelState, ...derived });
    if (connectedAt !== undefined) list.push({ type: 'cc.call.connected.v1', occurredAt: connectedAt, channelState, ...derived });
    const { fact, unknownCodes } = this.endOf(occurredAt, channelState);
    list.push(fact);
    // Where recordings have no message of their own, one that was due and has no address is told too: it will never come.
    const ownMessage = Object.values(this.reading.events).includes('recording-available');
    const due = context.recordRequested && connectedAt !== undefined && this.reading.recordingUrl !== undefined && !ownMessage;
    if (due || this.field(this.reading.recordingUrl) !== undefined) list.push(...this.recording(occurredAt, channelState));
    return { kind: 'facts', facts: list, unknownCodes };
  }

  private endOf(occurredAt: number | undefined, channelState: string): { readonly fact: CallFact; readonly unknownCodes: readonly string[] } {
    const { reading } = this;
    const cause = this.field(reading.cause);
    const endedByWord = this.field(reading.endedBy);
    const endedBy = known(reading.endedByValues, endedByWord);
    const durationSeconds = wholeNumber(this.field(reading.durationSeconds));
    const closeType = known(reading.causes, cause);
    const fact: CallFact = {
      type: 'cc.call.ended.v1',
      ...defined({ occurredAt }),
      channelState,
      closeType: closeType ?? OTHER,
      ...(cause === undefined ? { reason: 'the vendor gave no cause' } : { vendorCode: vendorCode(cause) }),
      ...defined({ endedBy, durationSeconds }),
    };
    const unknownCodes = [
      ...(cause === undefined || closeType !== undefined ? [] : [`cause ${vendorCode(cause)}`]),
      ...(endedByWord === undefined || endedBy !== undefined ? [] : [`endedBy ${vendorCode(endedByWord)}`]),
    ];
    return { fact, unknownCodes };
  }

  private recording(occurredAt: number | undefined, channelState: string): CallFact[] {
    const { vendorCallId } = this.subject;
    return vendorCallId === undefined ? [] : [{ type: 'cc.call.recording-available.v1', ...defined({ occurredAt }), channelState, vendorCallId, ...vendorUrlOf(this.field(this.reading.recordingUrl)) }];
  }

  private at(times: Times | undefined): number | undefined {
    const text = times === undefined ? undefined : this.field(times.path);
    if (times === undefined || text === undefined) return undefined;
    switch (times.format) {
      case 'epochMs':
        return /^[1-9]\d{12}$/.test(text) ? Number(text) : undefined;
      case 'epochSeconds':
        return /^[1-9]\d{9}$/.test(text) ? Number(text) * 1000 : undefined;
      case 'wallClock':
        return parseWallClock(text, times.timeZone);
    }
  }
}

function known<T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}
