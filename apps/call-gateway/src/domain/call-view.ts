import type { CallEvent, CallRecord } from '@cc/contracts';

/** The call as the API shows it: numbers masked, nothing sealed. Fields without a value are left out. */
export function viewOf(record: CallRecord) {
  const { tenant: _tenant, caller, called, recording, vendorCode: _vendorCode, ivrText: _ivrText, ivrUrl: _ivrUrl, ...shown } = record;
  const { object: _object, vendorUrl: _vendorUrl, ...recordingShown } = recording;
  return { ...shown, caller: caller.masked, called: called.masked, recording: recordingShown };
}
export type CallView = ReturnType<typeof viewOf>;

/** One line of the timeline. */
export function timelineEntryOf(event: CallEvent) {
  const { id, tenant: _tenant, callId: _callId, type, ...rest } = event;
  const shown = rest satisfies Record<string, unknown>;
  return { id, type, ...('caller' in shown ? { ...shown, caller: shown.caller.masked, called: shown.called.masked } : shown) };
}
export type TimelineEntry = ReturnType<typeof timelineEntryOf>;

/** In the order in which CC learnt of the events; of one moment, by when they happened. */
export function timelineOf(events: readonly CallEvent[]): TimelineEntry[] {
  return [...events].sort((a, b) => a.recordedAt - b.recordedAt || a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1)).map(timelineEntryOf);
}
