import type { CallRecord } from '@cc/contracts';

/** The call as the API shows it: numbers masked, nothing sealed. Fields without a value are left out. */
export function viewOf(record: CallRecord) {
  const { tenant: _tenant, caller, called, recording, vendorCode: _vendorCode, ivrText: _ivrText, ivrUrl: _ivrUrl, sources: _sources, ...shown } = record;
  const { object: _object, vendorUrl: _vendorUrl, ...recordingShown } = recording;
  return { ...shown, caller: caller.masked, called: called.masked, recording: recordingShown };
}
export type CallView = ReturnType<typeof viewOf>;
