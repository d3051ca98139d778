import type { CallRecord } from '@cc/contracts';

type Cell = string | number | null;

/** Each column of `call_record` that is written, its type in SQL and where its value comes from. The order is that of the table. */
export const columns: readonly (readonly [name: string, sqlType: string, value: (record: CallRecord) => Cell])[] = [
  ['tenant', 'text', (record) => record.tenant],
  ['main_num', 'text', (record) => record.mainNum ?? null],
  ['ext_num', 'text', (record) => record.extNum ?? null],
  ['agent', 'text', (record) => record.agent ?? null],
  ['call_id', 'text', (record) => record.vendorCallId ?? null],
  ['caller', 'text', (record) => record.caller.masked],
  ['called', 'text', (record) => record.called.masked],
  ['biz_data', 'text', (record) => bizDataText(record)],
  ['channel', 'text', (record) => record.vendor ?? null],
  ['ch_state', 'text', (record) => record.channelState ?? null],
  ['state', 'text', (record) => record.state],
  ['a_call_time', 'bigint', (record) => record.aCallAt ?? null],
  ['b_call_time', 'bigint', (record) => record.bCallAt ?? null],
  ['a_offhook_time', 'bigint', (record) => record.aOffhookAt ?? null],
  ['b_offhook_time', 'bigint', (record) => record.bOffhookAt ?? null],
  ['conn_time', 'bigint', (record) => record.connectedAt ?? null],
  ['close_time', 'bigint', (record) => record.closedAt ?? null],
  ['duration', 'int', (record) => record.durationSeconds ?? null],
  ['ch_audio_url', 'text', (record) => record.recording.vendorUrl ?? null],
  ['audio_url', 'text', (record) => record.recording.url ?? null],
  ['ivr_url', 'text', (record) => record.ivrUrl ?? null],
  ['ivr_text', 'text', (record) => record.ivrText ?? null],
  ['close_type', 'text', (record) => (record.closeType === undefined ? null : String(record.closeType))],
  ['updated', 'bigint', (record) => record.updatedAt],
  ['created', 'bigint', (record) => record.createdAt],
  ['cc_call_id', 'text', (record) => record.callId],
  ['channel_id', 'text', (record) => record.channel ?? null],
  ['version', 'int', (record) => record.version],
  ['attempts', 'int', (record) => record.attempts],
  ['ended_by', 'text', (record) => record.endedBy ?? null],
  ['record_state', 'text', (record) => record.recordState],
  ['recording_status', 'text', (record) => record.recording.status],
  ['recording_object', 'text', (record) => record.recording.object ?? null],
  ['recording_size_bytes', 'bigint', (record) => record.recording.sizeBytes ?? null],
  ['recording_sha256', 'text', (record) => record.recording.sha256 ?? null],
  ['caller_sealed', 'text', (record) => record.caller.sealed],
  ['called_sealed', 'text', (record) => record.called.sealed],
  ['caller_ref', 'text', (record) => record.caller.ref],
  ['called_ref', 'text', (record) => record.called.ref],
];

/** A string as it is, an object as JSON. */
function bizDataText({ bizData }: CallRecord): string | null {
  if (bizData === undefined) return null;
  return typeof bizData === 'string' ? bizData : JSON.stringify(bizData);
}
