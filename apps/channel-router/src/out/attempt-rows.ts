import { PlaceCall } from '@cc/contracts';
import type { AttemptState } from '../domain/attempt';
import type { AttemptRecord } from '../domain/attempt-record';

export interface AttemptRow {
  attempt_id: string;
  call_id: string;
  tenant: string;
  number: number;
  channel: string;
  vendor: string;
  seat: string | null;
  state: AttemptState;
  vendor_call_id: string | null;
  sent_at: number;
  give_up_at: number;
  hold_until: number;
  ask_until: number;
  answered: boolean;
  hang_up_tries: number;
  not_found_since: number | null;
  heard: boolean;
  end_heard_at: number | null;
  call_state: string;
  command: unknown;
}

/** Of `router_attempt a JOIN router_call c`. */
export const ATTEMPT_COLUMNS = `a.attempt_id, a.call_id, a.tenant, a.number, a.channel, a.vendor, a.seat, a.state, a.vendor_call_id, a.sent_at, a.give_up_at, a.hold_until, a.ask_until, a.answered, a.hang_up_tries, a.not_found_since, a.heard_at IS NOT NULL AS heard, CASE WHEN NOT a.lacks_end THEN a.over_at END AS end_heard_at,
  c.state AS call_state, c.command`;

export function toAttemptRecord(row: AttemptRow): AttemptRecord {
  return {
    attemptId: row.attempt_id, callId: row.call_id, tenant: row.tenant, number: row.number, channel: row.channel, vendor: row.vendor, seat: row.seat ?? undefined,
    state: row.state, vendorCallId: row.vendor_call_id ?? undefined, sentAt: row.sent_at, giveUpAt: row.give_up_at, holdUntil: row.hold_until, askUntil: row.ask_until,
    answered: row.answered, hangUpTries: row.hang_up_tries, notFoundSince: row.not_found_since ?? undefined, heard: row.heard, endHeardAt: row.end_heard_at ?? undefined, callOpen: row.call_state !== 'closed',
    command: row.command === null ? undefined : PlaceCall.parse(row.command),
  };
}
