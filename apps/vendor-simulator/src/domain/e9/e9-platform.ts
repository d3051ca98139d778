import type { Clock } from '@cc/kernel';
import type { Exchange } from '../exchange';
import type { Pace } from '../pace';
import { mp3Of } from '../recording-audio';
import type { DialManner } from '../scenario';
import type { Tally } from '../tally';
import { termsOf, type TransmissionTerms } from '../transmission-terms';
import { beijingDateTime } from './beijing-time';
import { credentialFault, recordingAuth, type E9Account, type E9Credentials } from './e9-authentication';
import { E9_SUCCESS, representOf, textOf, type E9Answer, type E9Code, type E9Fields } from './e9-codes';
import { checkDial } from './e9-dial-request';
import { hangupFields } from './e9-notification';

export interface E9Reply {
  readonly answer: E9Answer;
  /** What the connection does with the answer. */
  readonly manner: TransmissionTerms;
}

export type E9Recording = { readonly kind: 'audio'; readonly audio: Buffer; readonly truncated: boolean } | { readonly kind: 'forbidden' | 'missing' };

export interface E9Tools {
  readonly account: E9Account;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly tally: Tally;
}

const RECORD_READY_SECONDS = 5;
const RECORD_KEPT_MS = 48 * 3600 * 1000;
const RECORDING_DELAY_SECONDS = 10 * 60;
const RECORDING_LATE_FACTOR = 3;
const QUERY_WINDOW_MS = 60_000;

/** The platform's side of the e9 interface: dial, cancel, query of call records, recordings. */
export class E9Platform {
  private queryTimes: number[] = [];

  constructor(
    private readonly tools: E9Tools,
    private readonly exchange: Exchange,
  ) {}

  /** The answer to a request whose credentials or body are wrong; undefined when they are right. */
  refusal(credentials: E9Credentials, fields: E9Fields | undefined): E9Answer | undefined {
    const code = credentialFault(credentials, this.tools.account, this.tools.clock.nowMs()) ?? (fields === undefined ? '900098' : undefined);
    return code === undefined ? undefined : this.refuse(code);
  }

  dial(fields: E9Fields, baseUrl: string): E9Reply {
    const checked = checkDial(fields, this.tools.account);
    if (checked.kind === 'fault') return { answer: this.refuse(checked.code), manner: termsOf('refused') };
    const { dial } = checked;
    const { scenario, call, manner } = this.exchange.dial({
      vendor: 'e9', a: dial.from, b: dial.to, echo: dial.userData, shownToA: dial.shownToA, shownToB: dial.shownToB,
      recorded: dial.needRecord, baseUrl, maxTalkSeconds: dial.maxCallSeconds,
    });
    this.tools.tally.add(call === undefined ? 'e9.dial.failed' : 'e9.dial.placed');
    if (call === undefined || scenario.dial === 'error-inside') return { answer: this.refuse(codeOf(scenario.dial)), manner };
    return { answer: { ...this.success(), callId: call.id, subStatusCode: dial.displayFault ?? '' }, manner };
  }

  cancel(fields: E9Fields): E9Answer {
    const appId = textOf(fields, 'appId');
    const callId = textOf(fields, 'callId');
    if (appId === undefined) return this.refuse('900112');
    if (callId === undefined) return this.refuse('900213');
    if (appId !== this.tools.account.appId) return this.refuse('900113');
    const ended = this.exchange.hangUp('e9', callId);
    if (ended === undefined) return this.refuse('900217');
    this.tools.tally.add('e9.cancelled');
    return { ...this.success(), callId };
  }

  /** The record of an ended call: seconds after its end, for 48 hours. */
  query(fields: E9Fields): E9Answer {
    const callId = textOf(fields, 'callId');
    const type = textOf(fields, 'type');
    if (callId === undefined) return this.refuse('900213');
    if (type === undefined) return this.refuse('900218');
    if (!['1', '2'].includes(type)) return this.refuse('900098');
    if (!this.mayQuery()) return this.refuse('900224');
    this.tools.tally.add('e9.queried');
    const call = this.exchange.find('e9', callId);
    const sinceEndMs = this.tools.clock.nowMs() - (call?.times.endedAt ?? 0);
    if (call === undefined || sinceEndMs < this.tools.pace.ms(RECORD_READY_SECONDS)) return this.refuse('900217');
    if (sinceEndMs > RECORD_KEPT_MS) return this.refuse('900219');
    const { type: callType, subType, ...texts } = hangupFields(call, this.tools.account.appId);
    return { ...this.success(), type: Number(type), callNotify: { ...texts, type: Number(callType), subType: Number(subType) } };
  }

  recording(callId: string, auth: string | undefined): E9Recording {
    const { account, clock, pace, tally } = this.tools;
    if (auth !== recordingAuth(account)) return { kind: 'forbidden' };
    const call = this.exchange.find('e9', callId);
    if (call === undefined || !call.recorded || call.times.connectedAt === undefined || call.scenario.recording === 'missing') return { kind: 'missing' };
    const delaySeconds = RECORDING_DELAY_SECONDS * (call.scenario.recording === 'late' ? RECORDING_LATE_FACTOR : 1);
    if (clock.nowMs() < call.times.endedAt + pace.ms(delaySeconds)) return { kind: 'missing' };
    tally.add('e9.recording.served');
    // The vendor records from A's answer on, B's ringing included.
    return { kind: 'audio', audio: mp3Of(call.times.endedAt - (call.times.aAnsweredAt ?? call.times.connectedAt)), truncated: call.scenario.recording === 'truncated' };
  }

  private mayQuery(): boolean {
    const nowMs = this.tools.clock.nowMs();
    this.queryTimes = this.queryTimes.filter((at) => at > nowMs - QUERY_WINDOW_MS);
    if (this.queryTimes.length >= this.tools.account.queriesPerMinute) return false;
    this.queryTimes.push(nowMs);
    return true;
  }

  private success(): E9Answer {
    return { statusCode: E9_SUCCESS, dateCreated: beijingDateTime(this.tools.clock.nowMs()) };
  }

  private refuse(code: E9Code): E9Answer {
    this.tools.tally.add(`e9.refused.${code}`);
    return { statusCode: code, dateCreated: beijingDateTime(this.tools.clock.nowMs()), represent: representOf(code) };
  }
}

/** The code of a dial that is answered without a call id. 900000 is "unknown": it proves nothing. */
function codeOf(manner: DialManner): E9Code {
  if (manner === 'refused') return '900221';
  return manner === 'unavailable' ? '900123' : '900000';
}
