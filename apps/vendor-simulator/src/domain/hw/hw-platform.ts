import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '@cc/kernel';
import type { Exchange } from '../exchange';
import type { Pace } from '../pace';
import { wavOf } from '../recording-audio';
import type { DialManner } from '../scenario';
import { phaseAt, type SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import { termsOf, type TransmissionTerms } from '../transmission-terms';
import { hwCallInfo, hwCallState, type HwResult } from './hw-call-info';

export type HwFields = Readonly<Record<string, unknown>>;

export interface HwAnswer {
  /** The vendor's pages give it as text, but as a number for recording addresses. */
  readonly retCode: string | number;
  readonly retMsg: string;
  readonly result?: HwResult | { readonly total: number; readonly callInfo: readonly HwResult[] };
}

export interface HwReply {
  readonly answer: HwAnswer;
  readonly manner: TransmissionTerms;
}

export type HwRecording = { readonly kind: 'audio'; readonly audio: Buffer; readonly truncated: boolean } | { readonly kind: 'forbidden' | 'missing' };

export interface HwTools {
  readonly clock: Clock;
  readonly pace: Pace;
  readonly tally: Tally;
}

const NUMBER = /^(?:\+?86|0086)?(?:1\d{10}|0\d{9,11}|400\d{7}|9\d{4,10}|[1-9]\d{2,7})$/;
const SHOWN_NUMBER = /^\+?\d{3,14}$/;
const MAX_CALL_DATA = 1024;
const MAX_SERIAL = 50;
const MAX_PAGE = 100;
const MAX_PERIOD_MS = 7 * 24 * 3600 * 1000;
const RECORDING_DELAY_SECONDS = 2;
const RECORDING_LATE_SECONDS = 60;
const ADDRESS_VALID_SECONDS = 5 * 60;
const SHORTEST_VALIDITY_MS = 10_000;

const fault = (retCode: string, retMsg: string): HwAnswer => ({ retCode, retMsg });

/** The platform's side of the 双呼 interface: create a call, poll it, its record and its recording. */
export class HwPlatform {
  /** Signs recording addresses; they die with the process, as tokens do. */
  private readonly addressKey = randomBytes(32);

  constructor(
    private readonly tools: HwTools,
    private readonly exchange: Exchange,
  ) {}

  createCall(fields: HwFields, baseUrl: string): HwReply {
    const order = orderOf(fields);
    if ('retCode' in order) return this.refuse(order);
    const { scenario, call, manner } = this.exchange.dial({
      vendor: 'hw', a: order.caller, b: order.called, echo: order.callData, shownToA: order.agentPresent, shownToB: order.callerPresent,
      recorded: true, baseUrl, callbackUrl: urlOf(fields['callBackUrl']), maxTalkSeconds: undefined,
    });
    this.tools.tally.add(call === undefined ? 'hw.dial.failed' : 'hw.dial.placed');
    if (call === undefined || scenario.dial === 'error-inside') return { ...this.refuse(faultOf(scenario.dial)), manner };
    return { answer: { retCode: '0', retMsg: 'success', result: { callSerialNo: call.id } }, manner };
  }

  queryCallState({ callSerialNo }: HwFields): HwAnswer {
    this.tools.tally.add('hw.polled');
    if (typeof callSerialNo !== 'string' || callSerialNo === '' || callSerialNo.length > MAX_SERIAL) return fault('3', 'wrong format of callSerialNo');
    const call = this.exchange.find('hw', callSerialNo);
    if (call === undefined) return fault('1', 'the state could not be queried');
    return { retCode: '0', retMsg: 'success', result: hwCallState(call, this.tools.clock.nowMs()) };
  }

  /** The records of the calls that began in a period and have ended, oldest first, in pages. */
  queryCallDetailRecord(fields: HwFields): HwAnswer {
    this.tools.tally.add('hw.records.queried');
    const query = recordQueryOf(fields);
    if ('retCode' in query) return query;
    const nowMs = this.tools.clock.nowMs();
    const found = this.exchange.all().filter((call) => query.covers(call) && phaseAt(call, nowMs) === 'ended');
    if (found.length === 0) return fault('1', 'nothing was found');
    return { retCode: '0', retMsg: 'success', result: { total: found.length, callInfo: found.slice(query.offset, query.offset + query.limit).map(hwCallInfo) } };
  }

  /** A recording's address that works for five minutes. */
  getRecordingAddress({ callSerialNo }: HwFields, baseUrl: string): HwAnswer {
    this.tools.tally.add('hw.recording.asked');
    if (typeof callSerialNo !== 'string' || callSerialNo.length > MAX_SERIAL) return { retCode: 12, retMsg: 'callSerialNo is longer than 50' };
    const call = this.exchange.find('hw', callSerialNo);
    if (call === undefined || !this.hasRecording(call)) return { retCode: 5, retMsg: 'there is no such record' };
    const expires = this.tools.clock.nowMs() + Math.max(SHORTEST_VALIDITY_MS, this.tools.pace.ms(ADDRESS_VALID_SECONDS));
    return { retCode: 0, retMsg: 'success', result: { url: `${baseUrl}/hw/recordings/${call.id}.wav?expires=${expires}&signature=${this.signatureOf(call.id, expires)}` } };
  }

  recording(id: string, expires: string | undefined, signature: string | undefined): HwRecording {
    const expiresAt = wholeOf(expires);
    if (expiresAt === undefined || signature !== this.signatureOf(id, expiresAt) || this.tools.clock.nowMs() >= expiresAt) return { kind: 'forbidden' };
    const call = this.exchange.find('hw', id);
    if (call?.times.connectedAt === undefined || !this.hasRecording(call)) return { kind: 'missing' };
    this.tools.tally.add('hw.recording.served');
    return { kind: 'audio', audio: wavOf(call.times.endedAt - call.times.connectedAt), truncated: call.scenario.recording === 'truncated' };
  }

  private hasRecording({ scenario, times }: SimulatedCall): boolean {
    if (times.connectedAt === undefined || scenario.recording === 'missing') return false;
    const delaySeconds = scenario.recording === 'late' ? RECORDING_LATE_SECONDS : RECORDING_DELAY_SECONDS;
    return this.tools.clock.nowMs() >= times.endedAt + this.tools.pace.ms(delaySeconds);
  }

  private signatureOf(id: string, expires: number): string {
    return createHmac('sha256', this.addressKey).update(`${id}\n${expires}`).digest('hex').slice(0, 32);
  }

  private refuse(answer: HwAnswer): HwReply {
    this.tools.tally.add(`hw.refused.${answer.retCode}`);
    return { answer, manner: termsOf('refused') };
  }
}

interface CallOrder {
  readonly caller: string;
  readonly called: string;
  readonly callData: string | undefined;
  readonly callerPresent: string | undefined;
  readonly agentPresent: string | undefined;
}

function orderOf({ caller, called, callData, callerPresent, agentPresent }: HwFields): CallOrder | HwAnswer {
  if (!isNumber(caller) || !isNumber(called) || !isShownNumber(callerPresent) || !isShownNumber(agentPresent)) return fault('5', 'wrong format of a number');
  if (callData !== undefined && (typeof callData !== 'string' || callData.length > MAX_CALL_DATA)) return fault('2', 'wrong callData');
  return { caller, called, callData, callerPresent, agentPresent };
}

/** The answer to a dial without a serial. 1 says that an equal task may exist already: a call may be running. */
function faultOf(manner: DialManner): HwAnswer {
  if (manner === 'refused') return fault('8', 'the caller is not in the range of the tenant');
  return manner === 'unavailable' ? fault('6', 'the VDN is not available') : fault('1', 'failed');
}

/** `callBackUrl`, which is sent as Base64; what is no such URL is not called. */
function urlOf(callBackUrl: unknown): string | undefined {
  const text = typeof callBackUrl === 'string' ? Buffer.from(callBackUrl, 'base64').toString('utf8') : '';
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && NUMBER.test(value);
}

function isShownNumber(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && SHOWN_NUMBER.test(value));
}

interface RecordQuery {
  readonly offset: number;
  readonly limit: number;
  covers(call: SimulatedCall): boolean;
}

function recordQueryOf(fields: HwFields): RecordQuery | HwAnswer {
  const [from, to] = [wholeOf(fields['startTime']), wholeOf(fields['endTime'])];
  const [offset, limit] = [wholeOf(fields['offset'] ?? 0), wholeOf(fields['limit'] ?? MAX_PAGE)];
  if (from === undefined || to === undefined || to < from || to - from > MAX_PERIOD_MS) return fault('2', 'startTime or endTime is wrong');
  if (offset === undefined || limit === undefined || limit < 1) return fault('4', 'limit or offset is wrong');
  return { offset, limit, covers: (call) => call.dialledAt >= from && call.dialledAt <= to && isOfQuery(call, fields) };
}

function isOfQuery(call: SimulatedCall, { caller, taskType = '0' }: HwFields): boolean {
  return call.vendor === 'hw' && call.protocol === undefined && (taskType === '0' || taskType === '1') && (caller === undefined || caller === call.a);
}

/** A whole number, given as such or as its digits. */
function wholeOf(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
