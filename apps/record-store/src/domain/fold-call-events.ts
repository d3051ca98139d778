import { closeTypes, LONGEST_TALK_SECONDS, type CallEvent, type CallEventOf, type CallRecord, type CloseType, type Recording, type SourcedField } from '@cc/contracts';
import { defined } from '@cc/kernel';
import { Facts } from './facts';

/**
 * The record of one call from the set of its events: any order and any duplicates give the same record, byte for byte.
 * `undefined` while the `requested` event, which names the tenant, has not come.
 */
export function foldCallEvents(events: readonly CallEvent[]): CallRecord | undefined {
  const all = Facts.of(events);
  const requested = all.best('cc.call.requested.v1');
  if (requested === undefined) return undefined;
  const facts = all.ofLatestAttempt();
  const { type: _type, id: _id, callId, tenant, occurredAt, recordedAt: _recordedAt, source: _source, untimed: _untimed, record, ivr, ...request } = requested;
  return {
    callId,
    tenant,
    version: all.events.length,
    ...progressOf(facts),
    recordState: isComplete(facts) ? 'complete' : 'partial',
    ...request,
    ...defined({ ivrText: ivr?.text, ivrUrl: ivr?.url }),
    ...channelOf(facts),
    createdAt: occurredAt,
    updatedAt: all.events.reduce((latest, event) => Math.max(latest, event.recordedAt), 0),
    ...timesOf(facts),
    ...closeOf(facts),
    attempts: all.attempts,
    recording: recordingOf(facts, record),
    ...defined({ sources: sourcesOf(facts) }),
  };
}

function progressOf(facts: Facts): Pick<CallRecord, 'state' | 'stage'> {
  const stage = facts.furthest()?.stage ?? 'queued';
  return { state: stage === 'ended' ? 'close' : stage === 'connected' ? 'conn' : 'init', stage };
}

/** Complete when whoever knows has told how it ended; the reaper only gives up waiting. */
function isComplete(facts: Facts): boolean {
  const ended = facts.best('cc.call.ended.v1');
  return ended !== undefined && ended.source !== 'reaper';
}

function channelOf(facts: Facts): Partial<CallRecord> {
  const started = facts.best('cc.call.attempt-started.v1');
  const accepted = facts.best('cc.call.attempt-accepted.v1');
  return defined({ channel: started?.channel, vendor: started?.vendor, vendorCallId: accepted?.vendorCallId, channelState: facts.channelStateTeller()?.channelState });
}

function timesOf(facts: Facts): Partial<CallRecord> {
  const connectedAt = connectionOf(facts);
  return defined({
    aCallAt: facts.best('cc.call.a-ringing.v1')?.occurredAt,
    bCallAt: facts.best('cc.call.b-ringing.v1')?.occurredAt,
    aOffhookAt: facts.best('cc.call.a-answered.v1')?.occurredAt,
    bOffhookAt: connectedAt,
    connectedAt,
    closedAt: facts.best('cc.call.ended.v1')?.occurredAt,
  });
}

/** When both were joined; rebuilt from the end and the talking time where the event was lost. */
function connectionOf(facts: Facts): number | undefined {
  const connected = facts.best('cc.call.connected.v1');
  if (connected !== undefined) return connected.occurredAt;
  const ended = facts.best('cc.call.ended.v1');
  const talkedSeconds = talkTold(facts) ?? 0;
  return ended === undefined || talkedSeconds === 0 ? undefined : ended.occurredAt - talkedSeconds * 1000;
}

/** Talking time as somebody counted it. */
function talkTold(facts: Facts): number | undefined {
  return facts.teller('cc.call.ended.v1', 'durationSeconds')?.durationSeconds;
}

function closeOf(facts: Facts): Partial<CallRecord> {
  const ended = facts.best('cc.call.ended.v1');
  if (ended === undefined) return {};
  const closeType = closeTypeOf(ended, facts);
  return defined({
    durationSeconds: talkTold(facts) ?? talkCounted(ended, facts),
    closeType,
    closeReason: facts.teller('cc.call.ended.v1', 'reason')?.reason ?? closeTypes[closeType],
    vendorCode: facts.teller('cc.call.ended.v1', 'vendorCode')?.vendorCode,
    endedBy: facts.teller('cc.call.ended.v1', 'endedBy')?.endedBy ?? (cancelledBefore(facts, ended) === undefined ? undefined : 'application' as const),
  });
}

/** Where nobody tells the talking time; none where that would be a fault of somebody's clock. */
function talkCounted(ended: CallEventOf<'cc.call.ended.v1'>, facts: Facts): number | undefined {
  const connectedAt = connectionOf(facts);
  // Whether anybody talked is unknown where only the reaper ended the call.
  if (connectedAt === undefined) return ended.source === 'reaper' ? undefined : 0;
  const counted = Math.max(0, Math.floor((ended.occurredAt - connectedAt) / 1000));
  return counted > LONGEST_TALK_SECONDS ? undefined : counted;
}

/** A's failure and the same of B. */
const failureOfB: Partial<Readonly<Record<CloseType, CloseType>>> = { 1: 2, 3: 4 };

/** Where the vendor does not say whose failure it was: B's if A is known to have answered. */
function closeTypeOf(ended: CallEventOf<'cc.call.ended.v1'>, facts: Facts): CloseType {
  const answeredByA = facts.best('cc.call.a-answered.v1') ?? facts.best('cc.call.b-ringing.v1') ?? facts.best('cc.call.connected.v1');
  return ended.eitherLeg === undefined || answeredByA === undefined ? ended.closeType : (failureOfB[ended.closeType] ?? ended.closeType);
}

/** Where the vendor does not tell which side ended a call: the application, if it asked before and the vendor did as it was asked. */
function cancelledBefore(facts: Facts, ended: CallEventOf<'cc.call.ended.v1'>): CallEventOf<'cc.call.cancel-requested.v1'> | undefined {
  const cancelled = facts.best('cc.call.cancel-requested.v1');
  const heard = facts.teller('cc.call.hang-up-answered.v1', 'accepted')?.accepted === true;
  return heard && cancelled !== undefined && cancelled.recordedAt < ended.recordedAt ? cancelled : undefined;
}

function recordingOf(facts: Facts, requested: boolean): Recording {
  const available = facts.best('cc.call.recording-available.v1');
  const archived = facts.best('cc.call.recording-archived.v1');
  if (archived !== undefined) {
    const { object, url, sizeBytes, sha256, durationSeconds } = archived;
    return { status: 'archived', object, url, sizeBytes, sha256, ...defined({ durationSeconds, vendorUrl: archived.vendorUrl ?? available?.vendorUrl }) };
  }
  const failed = facts.best('cc.call.recording-failed.v1');
  if (failed !== undefined) return { status: 'failed', reason: failed.reason, ...defined({ vendorUrl: available?.vendorUrl }) };
  if (available !== undefined) return { status: 'available', ...defined({ vendorUrl: available.vendorUrl }) };
  return requested ? unannounced(facts) : { status: 'none' };
}

/** What is to be expected while the vendor has told of no recording. */
function unannounced(facts: Facts): Recording {
  const ended = facts.best('cc.call.ended.v1');
  if (ended === undefined || connectionOf(facts) !== undefined) return { status: 'expected' };
  return ended.source === 'reaper' ? { status: 'failed', reason: 'nobody knows whether there is one: no end of the call was heard of' } : { status: 'absent' };
}

/** Which event each field was taken from; `undefined` while nobody but the application has told anything. */
function sourcesOf(facts: Facts): Record<string, SourcedField[]> | undefined {
  const started = facts.best('cc.call.attempt-started.v1');
  const connection = connectionOf(facts) === undefined ? undefined : (facts.best('cc.call.connected.v1') ?? facts.teller('cc.call.ended.v1', 'durationSeconds'));
  const tellers: readonly (readonly [SourcedField, CallEvent | undefined])[] = [
    ['stage', facts.furthest()?.event],
    ['channel', started],
    ['vendor', started],
    ['channelState', facts.channelStateTeller()],
    ['vendorCallId', facts.best('cc.call.attempt-accepted.v1')],
    ['aCallAt', facts.best('cc.call.a-ringing.v1')],
    ['bCallAt', facts.best('cc.call.b-ringing.v1')],
    ['aOffhookAt', facts.best('cc.call.a-answered.v1')],
    ['bOffhookAt', connection],
    ['connectedAt', connection],
    ...closeTellers(facts),
    ['recording', facts.best('cc.call.recording-archived.v1') ?? facts.best('cc.call.recording-failed.v1') ?? facts.best('cc.call.recording-available.v1')],
  ];
  const sources = new Map<string, SourcedField[]>();
  for (const [field, event] of tellers) if (event !== undefined) sources.set(event.id, [...(sources.get(event.id) ?? []), field]);
  return sources.size === 0 ? undefined : Object.fromEntries([...sources].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function closeTellers(facts: Facts): readonly (readonly [SourcedField, CallEvent | undefined])[] {
  const ended = facts.best('cc.call.ended.v1');
  if (ended === undefined) return [];
  return [
    ['closedAt', ended],
    ['durationSeconds', facts.teller('cc.call.ended.v1', 'durationSeconds') ?? (talkCounted(ended, facts) === undefined ? undefined : ended)],
    ['closeType', ended],
    ['closeReason', facts.teller('cc.call.ended.v1', 'reason') ?? ended],
    ['vendorCode', facts.teller('cc.call.ended.v1', 'vendorCode')],
    ['endedBy', facts.teller('cc.call.ended.v1', 'endedBy') ?? cancelledBefore(facts, ended)],
  ];
}
