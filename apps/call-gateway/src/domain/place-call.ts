import type { BizData, CallEventOf, CallRecord, Ivr, PlaceCall, ProtectedNumber } from '@cc/contracts';

/** A request for a call, parsed and with its numbers protected. */
export interface CallRequest {
  readonly caller: ProtectedNumber;
  readonly called: ProtectedNumber;
  readonly agent?: string;
  readonly user?: string;
  readonly business?: string;
  readonly mainNum?: string | undefined;
  readonly extNum?: string | undefined;
  readonly channel?: string;
  /** Those of the business. */
  readonly channels?: readonly string[] | undefined;
  readonly bizData?: BizData;
  readonly record: boolean;
  readonly ivr?: Ivr;
  readonly maxDurationSeconds?: number;
  readonly notAfterSeconds: number;
}

export interface PlacedCall {
  /** What the application sees until the record store has told more. */
  readonly record: CallRecord;
  readonly requested: CallEventOf<'cc.call.requested.v1'>;
  readonly command: PlaceCall;
}

/** Everything that begins with a request: the first record, the event and the command, all of one moment. */
export function placeCall(callId: string, tenant: string, request: CallRequest, nowMs: number): PlacedCall {
  const { channel, channels, maxDurationSeconds, notAfterSeconds, record, ivr, ...told } = request;
  const call = { callId, tenant };
  return {
    record: {
      ...call,
      version: 1,
      state: 'init',
      stage: 'queued',
      recordState: 'partial',
      ...told,
      ...(ivr?.text === undefined ? {} : { ivrText: ivr.text }),
      ...(ivr?.url === undefined ? {} : { ivrUrl: ivr.url }),
      createdAt: nowMs,
      updatedAt: nowMs,
      attempts: 0,
      recording: { status: record ? 'expected' : 'none' },
    },
    requested: {
      type: 'cc.call.requested.v1',
      id: `${callId}/requested`,
      ...call,
      occurredAt: nowMs,
      recordedAt: nowMs,
      source: 'gateway',
      ...told,
      record,
      ...(ivr === undefined ? {} : { ivr }),
    },
    command: {
      type: 'cc.call.place.v1',
      id: `${callId}/place`,
      ...call,
      issuedAt: nowMs,
      ...told,
      record,
      ...(ivr === undefined ? {} : { ivr }),
      ...(channel === undefined ? {} : { channel }),
      ...(channels === undefined ? {} : { channels: [...channels] }),
      ...(maxDurationSeconds === undefined ? {} : { maxDurationSeconds }),
      notAfter: nowMs + notAfterSeconds * 1000,
    },
  };
}
