import type { CloseType, EndedBy } from '@cc/contracts';
import type { CallFact, CallProgress, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../../vendor.port';
import { vendorCode } from '../../vendor-text';
import { wholeNumber } from '../../wire-json';
import { vendorUrlOf } from '../../vendor-url';
import type { AgentGatewaySettings } from './agent-gateway.config';
import { callOf, readPoll, recordingOf, type SeatEvent } from './agent-gateway.schema';

type KeptNames = Pick<AgentGatewaySettings, 'keepRecordingNames'>;

/** `feature` of a call that the seat made (cec_07_0529). */
const OUTBOUND = '7';
/** A vendor's clock that is farther off than this is not believed. */
const MAX_CLOCK_DIFFERENCE_MS = 86_400_000;

interface Ending {
  readonly closeType: CloseType;
  readonly endedBy?: EndedBy;
  readonly reason?: string;
}

type Step =
  | { readonly type: 'cc.call.a-ringing.v1' | 'cc.call.a-answered.v1' | 'cc.call.b-ringing.v1' | 'cc.call.connected.v1' }
  | ({ readonly type: 'cc.call.ended.v1' } & Ending);

/** A failure says nothing of whose it is: A's until A has picked up, then B's. */
function failed(progress: CallProgress): Ending | undefined {
  if (progress === 'connected') return { closeType: 255, reason: 'the vendor reports a failure after the talk began' };
  return { closeType: progress === 'a-answered' || progress === 'b-ringing' ? 2 : 1 };
}

/** One side left: a normal end of a talk. Before it, whoever leaves was not reached; before anything, it is another call's end. */
function left(side: 'a' | 'b', progress: CallProgress): Ending | undefined {
  if (progress === 'none') return undefined;
  const closeType = progress === 'connected' ? 0 : side === 'a' ? 1 : 2;
  return { closeType, endedBy: side };
}

/** These name no call, so that one that comes late may still be about the seat's last one: they count only while A rings. */
const whileRinging = (progress: CallProgress): Ending | undefined => (progress === 'a-ringing' ? { closeType: 1 } : undefined);

/** Events that end a call, by what was told before (cec_05_4029); busy cannot be told from no answer. */
const endings: Readonly<Record<string, (progress: CallProgress) => Ending | undefined>> = {
  AgentEvent_Call_Release: (progress) => left('a', progress),
  AgentEvent_Customer_Release: (progress) => left('b', progress),
  AgentEvent_Call_Out_Fail: failed,
  AgentEvent_Connect_Fail: failed,
  AgentEvent_Inside_Call_Fail: failed,
  AgentEvent_No_Answer: whileRinging,
  AgentOther_PhoneRelease: whileRinging,
};

const steps: Readonly<Record<string, Exclude<Step, { type: 'cc.call.ended.v1' }>>> = {
  AgentOther_PhoneAlerting: { type: 'cc.call.a-ringing.v1' },
  AgentOther_PhoneOffhook: { type: 'cc.call.a-answered.v1' },
  AgentEvent_Customer_Alerting: { type: 'cc.call.b-ringing.v1' },
  AgentEvent_Talking: { type: 'cc.call.connected.v1' },
};

/** The seat's own state, incoming calls, and recordings, of which only a file's name can be kept: about no call of ours. */
const NOBODYS = /^(AgentState_|AgentOther_(InService|ShutdownService)$|AgentEvent_(Ringing|Auto_Answer)$|AgentMediaEvent_)/;

function isNobodys(event: SeatEvent): boolean {
  if (NOBODYS.test(event.eventType)) return true;
  const { feature } = callOf(event);
  return event.eventType === 'AgentEvent_Talking' && feature !== undefined && feature !== OUTBOUND;
}

/** Which call a seat's event is about, where it names one; most name only the seat. */
export function subjectOf(raw: RawNotification, { keepRecordingNames }: KeptNames): NotificationSubject {
  const reading = readPoll(raw.body);
  if (reading.kind === 'nothing') return { none: true };
  if (reading.kind !== 'event') return {};
  const recording = keepRecordingNames ? recordingOf(reading.event) : undefined;
  if (recording !== undefined) return { vendorCallId: recording.callId };
  if (isNobodys(reading.event)) return { none: true };
  const { callId } = callOf(reading.event);
  return callId === undefined ? {} : { vendorCallId: callId };
}

/** Turns one event of a seat into facts, by how far its call has come. */
export function normalise(raw: RawNotification, { progress = 'none' }: NotificationContext, { keepRecordingNames }: KeptNames): Normalised {
  const reading = readPoll(raw.body);
  switch (reading.kind) {
    case 'unintelligible':
    case 'strange-event':
      return { kind: 'unintelligible', reason: 'an answer of another form than documented' };
    case 'refused':
      return { kind: 'unintelligible', reason: `agentevent failed with retcode ${vendorCode(reading.retcode)}` };
    case 'nothing':
      return { kind: 'facts', facts: [], unknownCodes: [] };
    case 'event': {
      const recording = keepRecordingNames ? recordingOf(reading.event) : undefined;
      return recording === undefined ? factsOf(reading.event, progress, raw.receivedAt) : recorded(recording, reading.event, raw.receivedAt);
    }
  }
}

function recorded({ callId, fileName }: { readonly callId: string; readonly fileName: string }, event: SeatEvent, receivedAt: number): Normalised {
  const fact: CallFact = { type: 'cc.call.recording-available.v1', ...timeOf(event, receivedAt), channelState: event.eventType, vendorCallId: callId, ...vendorUrlOf(fileName) };
  return { kind: 'facts', facts: [fact], unknownCodes: [] };
}

function factsOf(event: SeatEvent, progress: CallProgress, receivedAt: number): Normalised {
  const { eventType } = event;
  if (isNobodys(event)) return { kind: 'facts', facts: [], unknownCodes: [] };
  const known = Object.hasOwn(steps, eventType) || Object.hasOwn(endings, eventType);
  if (!known) return { kind: 'facts', facts: [], unknownCodes: [`event ${vendorCode(eventType)}`] };
  const step = progress === 'ended' ? undefined : stepOf(eventType, progress);
  if (step === undefined) return { kind: 'facts', facts: [], unknownCodes: [] };
  const fact: CallFact = { ...step, ...timeOf(event, receivedAt), channelState: eventType.slice(0, 32) };
  return { kind: 'facts', facts: [fact], unknownCodes: [] };
}

function stepOf(eventType: string, progress: CallProgress): Step | undefined {
  if (Object.hasOwn(steps, eventType)) return steps[eventType];
  const ending = endings[eventType]?.(progress);
  return ending === undefined ? undefined : { type: 'cc.call.ended.v1', ...ending };
}

/** The newer platform says when an event was made; the older does not. */
function timeOf({ eventGenTime }: SeatEvent, receivedAt: number): { readonly occurredAt?: number } {
  const told = wholeNumber(eventGenTime);
  return told !== undefined && Math.abs(told - receivedAt) <= MAX_CLOCK_DIFFERENCE_MS ? { occurredAt: told } : {};
}
