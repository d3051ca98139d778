import type { CallEvent, CallEventType, CallRecord, SourcedField } from '@cc/contracts';
import { defined } from '@cc/kernel';

/** The vendors' times have no fractions, and clocks differ: what is farther apart is another word about the same. */
const SAME_MOMENT_MS = 2000;
const SAME_SECONDS = 1;

const timeField: Partial<Readonly<Record<CallEventType, 'aCallAt' | 'bCallAt' | 'aOffhookAt' | 'connectedAt' | 'closedAt'>>> = {
  'cc.call.a-ringing.v1': 'aCallAt',
  'cc.call.b-ringing.v1': 'bCallAt',
  'cc.call.a-answered.v1': 'aOffhookAt',
  'cc.call.connected.v1': 'connectedAt',
  'cc.call.ended.v1': 'closedAt',
};

/** How the record took an event. */
interface Standing {
  /** The record's fields that were taken from it. */
  readonly gives?: readonly SourcedField[];
  /** The record's fields of which it says something else than what is believed. */
  readonly contradicts?: readonly SourcedField[];
  /** CC learnt of it only after the call's end. */
  readonly late?: true;
}

/** One line of the timeline. */
export function timelineEntryOf(event: CallEvent, standing: Standing) {
  const { id, tenant: _tenant, callId: _callId, type, ...rest } = event;
  const shown = rest satisfies Record<string, unknown>;
  return { id, type, ...('caller' in shown ? { ...shown, caller: shown.caller.masked, called: shown.called.masked } : shown), ...standing };
}
export type TimelineEntry = ReturnType<typeof timelineEntryOf>;

/** In the order in which CC learnt of the events; of one moment, by when they happened. @param record the call's, as it stands now. */
export function timelineOf(events: readonly CallEvent[], record: CallRecord): TimelineEntry[] {
  const end = events.find(({ id }) => record.sources?.[id]?.includes('closeType'));
  const attempt = events.find(({ id }) => record.sources?.[id]?.includes('channel'));
  const attemptId = attempt !== undefined && 'attemptId' in attempt ? attempt.attemptId : undefined;
  return [...events]
    .sort((a, b) => a.recordedAt - b.recordedAt || a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1))
    .map((event) => {
      const gives = record.sources?.[event.id];
      const contradicts = isOfAttempt(event, attemptId) ? contradictions(event, record).filter((field) => gives?.includes(field) !== true) : [];
      return timelineEntryOf(event, defined({ gives, contradicts: contradicts.length === 0 ? undefined : contradicts, late: isLate(event, end) ? true as const : undefined }));
    });
}

/** What is told of an earlier attempt is of another call at the vendor. */
function isOfAttempt(event: CallEvent, attemptId: string | undefined): boolean {
  return !('attemptId' in event) || event.attemptId === undefined || event.attemptId === attemptId;
}

/** The answer to a question comes late by its nature. */
function isLate(event: CallEvent, end: CallEvent | undefined): boolean {
  return end !== undefined && event.type in timeField && event.source !== 'query' && event.id !== end.id && event.recordedAt > end.recordedAt;
}

function contradictions(event: CallEvent, record: CallRecord): SourcedField[] {
  const fields: SourcedField[] = [];
  const field = timeField[event.type];
  const believed = field === undefined ? undefined : record[field];
  if (field !== undefined && believed !== undefined && event.untimed === undefined && Math.abs(believed - event.occurredAt) > SAME_MOMENT_MS) fields.push(field);
  if (event.type === 'cc.call.attempt-accepted.v1' && differ(event.vendorCallId, record.vendorCallId)) fields.push('vendorCallId');
  if (event.type === 'cc.call.ended.v1') fields.push(...contradictionsOfEnd(event, record));
  return fields;
}

function contradictionsOfEnd(event: Extract<CallEvent, { type: 'cc.call.ended.v1' }>, record: CallRecord): SourcedField[] {
  const fields: SourcedField[] = [];
  // One that does not say which leg failed leaves that to others.
  if (event.eitherLeg === undefined && differ(event.closeType, record.closeType)) fields.push('closeType');
  if (differ(event.endedBy, record.endedBy)) fields.push('endedBy');
  if (event.durationSeconds !== undefined && record.durationSeconds !== undefined && Math.abs(event.durationSeconds - record.durationSeconds) > SAME_SECONDS) fields.push('durationSeconds');
  return fields;
}

const differ = (told: unknown, believed: unknown): boolean => told !== undefined && believed !== undefined && told !== believed;
