import { createHmac, randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '@cc/kernel';
import type { Exchange } from '../exchange';
import type { Pace } from '../pace';
import { wavOf } from '../recording-audio';
import type { DialManner } from '../scenario';
import type { SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import { termsOf, type TransmissionTerms } from '../transmission-terms';
import type { KeptPushTerms } from './push-terms';
import { utcText } from './utc-time';
import { credentialFault, type VoiceCallApplication, type VoiceCallCredentials } from './voice-call-authentication';
import { refusalOf, VOICE_CALL_SUCCESS, type VoiceCallAnswer, type VoiceCallCode, type VoiceCallFields } from './voice-call-codes';
import { checkVoiceCallDial } from './voice-call-dial-request';
import { isRecorded, sessionOfRecord } from './voice-call-pushes';

export interface VoiceCallReply {
  /** Of a refusal, by the kind of its code. */
  readonly status: number;
  readonly answer: VoiceCallAnswer;
  readonly manner: TransmissionTerms;
}

export type VoiceCallRecording = { readonly kind: 'audio'; readonly audio: Buffer; readonly truncated: boolean } | { readonly kind: 'forbidden' | 'missing' };

export interface VoiceCallTools {
  readonly application: VoiceCallApplication;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly tally: Tally;
}

const RECORDING_DELAY_SECONDS = 2;
const RECORDING_LATE_SECONDS = 60;
const ADDRESS_VALID_SECONDS = 5 * 60;
const SHORTEST_VALIDITY_MS = 10_000;
/** A wrong digest is forbidden; who gives none, or another's, is not authenticated. */
const statuses: Readonly<Record<VoiceCallCode, number>> = { 1010002: 400, 1010003: 400, 1013003: 200, 1020165: 200, 9999999: 200, 1023001: 401, 1023002: 401, 1023003: 403, 1023004: 401 };

/** The platform's side of the VoiceCall interface: click2Call, callStop, recordings. */
export class VoiceCallPlatform {
  /** Signs the addresses of files; they die with the process. */
  private readonly addressKey = randomBytes(32);

  constructor(
    private readonly tools: VoiceCallTools,
    private readonly exchange: Exchange,
    private readonly pushTerms: KeptPushTerms,
  ) {}

  /** The answer to a request whose credentials are wrong; undefined when they are right. */
  refusal(credentials: VoiceCallCredentials): VoiceCallReply | undefined {
    const code = credentialFault(credentials, this.tools.application, this.tools.clock.nowMs());
    return code === undefined ? undefined : this.refuse(code);
  }

  /** @param fields undefined where the body is no JSON object. */
  click2Call(fields: VoiceCallFields | undefined, baseUrl: string): VoiceCallReply {
    if (fields === undefined) return this.refuse('1010002');
    const checked = checkVoiceCallDial(fields, this.tools.application.displayNumbers);
    if (checked.kind === 'fault') return this.refuse('1010003', checked.detail);
    const { dial } = checked;
    const { caller: a, callee: b, userData: echo, shownToA, shownToB, recorded, maxTalkSeconds } = dial;
    const id = this.newSessionId();
    this.pushTerms.keep(id, dial);
    const { scenario, call, manner } = this.exchange.dial({ vendor: 'hw', protocol: 'voiceCall', id, a, b, echo, shownToA, shownToB, recorded, baseUrl, maxTalkSeconds });
    this.tools.tally.add(call === undefined ? 'hw.voice.dial.failed' : 'hw.voice.dial.placed');
    if (call === undefined || scenario.dial === 'error-inside') return { ...this.refuse(codeOf(scenario.dial)), manner };
    return { status: 200, answer: { ...this.success(), sessionId: call.id }, manner };
  }

  callStop(fields: VoiceCallFields | undefined): VoiceCallReply {
    if (fields === undefined) return this.refuse('1010002');
    const { sessionid, signal } = fields;
    if (signal !== 'call_stop') return this.refuse('1010003', 'signal');
    const ended = typeof sessionid === 'string' ? this.exchange.hangUp('hw', sessionid, 'voiceCall') : undefined;
    if (ended === undefined) return this.refuse('1010003', 'sessionid');
    this.tools.tally.add('hw.voice.cancelled');
    return { status: 200, answer: this.success(), manner: termsOf('accepted') };
  }

  /** Where a recording's file lies for some minutes; undefined while, or where, there is none. */
  recordAddress(fileName: string | undefined, recordDomain: string | undefined, baseUrl: string): string | undefined {
    const { clock, pace, tally } = this.tools;
    tally.add('hw.voice.recording.asked');
    const call = this.recordedCall(sessionOfRecord(fileName, recordDomain));
    if (call === undefined) return undefined;
    const expires = clock.nowMs() + Math.max(SHORTEST_VALIDITY_MS, pace.ms(ADDRESS_VALID_SECONDS));
    return `${baseUrl}/hw/voice-recordings/${encodeURIComponent(call.id)}.wav?expires=${expires}&signature=${this.signatureOf(call.id, expires)}`;
  }

  recording(id: string, expires: string | undefined, signature: string | undefined): VoiceCallRecording {
    const expiresAt = /^\d{1,15}$/.test(expires ?? '') ? Number(expires) : undefined;
    if (expiresAt === undefined || signature !== this.signatureOf(id, expiresAt) || this.tools.clock.nowMs() >= expiresAt) return { kind: 'forbidden' };
    const call = this.recordedCall(id);
    if (call?.times.connectedAt === undefined) return { kind: 'missing' };
    this.tools.tally.add('hw.voice.recording.served');
    return { kind: 'audio', audio: wavOf(call.times.endedAt - call.times.connectedAt), truncated: call.scenario.recording === 'truncated' };
  }

  private recordedCall(id: string | undefined): SimulatedCall | undefined {
    const { clock, pace } = this.tools;
    const call = id === undefined ? undefined : this.exchange.find('hw', id, 'voiceCall');
    if (call === undefined || call.scenario.recording === 'missing' || !isRecorded(call, pace)) return undefined;
    const delaySeconds = call.scenario.recording === 'late' ? RECORDING_LATE_SECONDS : RECORDING_DELAY_SECONDS;
    return clock.nowMs() >= call.times.endedAt + pace.ms(delaySeconds) ? call : undefined;
  }

  private signatureOf(id: string, expires: number): string {
    return createHmac('sha256', this.addressKey).update(`${id}\n${expires}`).digest('hex').slice(0, 32);
  }

  /** In the form of the vendor's sample, `1202_566_0_20161228102743@callenabler.home1.com`. */
  private newSessionId(): string {
    const digits = utcText(this.tools.clock.nowMs()).replace(/\D/g, '');
    return `1202_${randomInt(1_000_000)}_${randomInt(1_000_000)}_${digits}@callenabler.home1.com`;
  }

  private success(): VoiceCallAnswer {
    return { resultcode: VOICE_CALL_SUCCESS, resultdesc: 'Success' };
  }

  private refuse(code: VoiceCallCode, detail?: string): VoiceCallReply {
    this.tools.tally.add(`hw.voice.refused.${code}`);
    return { status: statuses[code], answer: refusalOf(code, detail), manner: termsOf('refused') };
  }
}

/** The code of a dial that is answered without a session. */
function codeOf(manner: DialManner): VoiceCallCode {
  if (manner === 'refused') return '1013003';
  return manner === 'unavailable' ? '1020165' : '9999999';
}
