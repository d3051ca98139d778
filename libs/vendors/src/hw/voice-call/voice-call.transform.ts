import type { CloseType } from '@cc/contracts';
import { defined } from '@cc/kernel';
import type { CallFact, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../../vendor.port';
import { vendorCode, vendorText } from '../../vendor-text';
import type { VoiceCallSettings } from './voice-call.config';
import { legOf, parseEcho, type Leg } from './voice-call.echo';
import { causeOf, type VoiceCallCause } from './voice-call.errors';
import { feeFacts } from './voice-call.fee';
import { readPush } from './voice-call.push';
import { VOICE_CALL_SESSION, type StatusInfo } from './voice-call.schema';

type LegStep = Pick<CallFact, 'derived'> & { readonly type: 'cc.call.a-ringing.v1' | 'cc.call.a-answered.v1' | 'cc.call.b-ringing.v1' | 'cc.call.connected.v1' };

/**
 * What a leg's event means. "callout" only says that the leg is called, from which ringing is concluded. Of a leg that
 * cannot be told, that much is certain: A is called first, and B only once A has answered.
 */
const steps: Readonly<Record<string, Readonly<Record<Leg, LegStep>>>> = {
  callout: {
    a: { type: 'cc.call.a-ringing.v1', derived: true },
    b: { type: 'cc.call.b-ringing.v1', derived: true },
    unknown: { type: 'cc.call.a-ringing.v1', derived: true },
  },
  alerting: {
    a: { type: 'cc.call.a-ringing.v1' },
    b: { type: 'cc.call.b-ringing.v1' },
    unknown: { type: 'cc.call.a-ringing.v1', derived: true },
  },
  answer: {
    a: { type: 'cc.call.a-answered.v1' },
    b: { type: 'cc.call.connected.v1' },
    unknown: { type: 'cc.call.a-answered.v1', derived: true },
  },
};

/** Which call a push is about. */
export function subjectOf(raw: RawNotification): NotificationSubject {
  const push = readPush(raw);
  if (push.kind === 'unintelligible') return {};
  const { sessionId, userData } = push.kind === 'status' ? push.info : push.fee;
  const attemptId = parseEcho(userData)?.attemptId;
  return {
    ...(sessionId !== undefined && VOICE_CALL_SESSION.test(sessionId) ? { vendorCallId: sessionId } : {}),
    ...defined({ attemptId }),
  };
}

/** Turns status and fee pushes into facts. */
export function normaliserOf(settings: VoiceCallSettings): (raw: RawNotification, context: NotificationContext) => Normalised {
  return (raw, context) => {
    const push = readPush(raw);
    if (push.kind === 'unintelligible') return push;
    if (push.kind === 'fee') return feeFacts(push.fee, { endpoint: settings.endpoint, recordRequested: context.recordRequested });
    return push.eventType === 'disconnect' ? disconnect(push.info, settings.partyTypes) : progress(push.eventType, push.info, settings);
  };
}

function progress(eventType: string, info: StatusInfo, settings: VoiceCallSettings): Normalised {
  const step = Object.hasOwn(steps, eventType) ? steps[eventType] : undefined;
  if (step === undefined) return { kind: 'unintelligible', reason: `unknown event ${vendorText(eventType)}` };
  const leg = legOf(info.called, parseEcho(info.userData), settings.appSecret.reveal());
  return { kind: 'facts', facts: [{ ...step[leg], ...defined({ occurredAt: info.timestamp }), channelState: eventType }], unknownCodes: [] };
}

/** The end with its cause. */
function disconnect(info: StatusInfo, partyTypes: VoiceCallSettings['partyTypes']): Normalised {
  const { stateCode, partyType } = info;
  const cause = stateCode === undefined ? undefined : causeOf(stateCode);
  const endedBy = cause?.endedBy ?? sideOf(partyType, partyTypes);
  const fact: CallFact = { type: 'cc.call.ended.v1', ...momentOf(info, cause), channelState: 'disconnect', ...causeFields(stateCode, cause), ...defined({ endedBy }) };
  const unknownCodes = [
    ...(stateCode === undefined || cause !== undefined ? [] : [`stateCode ${vendorCode(stateCode)}`]),
    ...(partyType === undefined || endedBy !== undefined ? [] : [`partyType ${vendorCode(partyType)}`]),
  ];
  return { kind: 'facts', facts: [fact], unknownCodes };
}

/**
 * A code that does not tell the leg is the weaker word, since a push that said how far the call had come may be lost. So it counts as
 * derived, as the end of the fee push does, which knows when each leg answered: of the two the one that names the leg is believed.
 */
function momentOf({ timestamp }: StatusInfo, cause: VoiceCallCause | undefined): Pick<CallFact, 'occurredAt' | 'derived'> {
  return defined({ occurredAt: timestamp, derived: cause?.eitherLeg });
}

function causeFields(stateCode: string | undefined, cause: VoiceCallCause | undefined): { closeType: CloseType; eitherLeg?: true; vendorCode?: string; reason?: string } {
  if (stateCode === undefined) return { closeType: 255, reason: 'the vendor gave no stateCode' };
  return { closeType: cause?.closeType ?? 255, ...defined({ eitherLeg: cause?.eitherLeg }), vendorCode: vendorCode(stateCode) };
}

function sideOf(partyType: string | undefined, { a, b, vendor }: VoiceCallSettings['partyTypes']): 'a' | 'b' | 'vendor' | undefined {
  if (partyType === undefined) return undefined;
  if (a.includes(partyType)) return 'a';
  if (b.includes(partyType)) return 'b';
  return vendor.includes(partyType) ? 'vendor' : undefined;
}
