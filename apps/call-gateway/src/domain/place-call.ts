import type { BizData, CallEventOf, CallRecord, Ivr, PlaceCall, ProtectedNumber, SimulateRoute } from '@cc/contracts';
import { defined } from '@cc/kernel';

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
  readonly whenBusy?: 'reject' | 'wait';
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
  const { record, ivr } = request;
  const call = { callId, tenant };
  const told = toldOf(request);
  return {
    record: {
      ...call,
      version: 1,
      state: 'init',
      stage: 'queued',
      recordState: 'partial',
      ...told,
      ...defined({ ivrText: ivr?.text, ivrUrl: ivr?.url }),
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
      ...defined({ ivr }),
    },
    command: {
      type: 'cc.call.place.v1',
      id: `${callId}/place`,
      ...call,
      issuedAt: nowMs,
      ...wishesOf(request),
      notAfter: nowMs + request.notAfterSeconds * 1000,
    },
  };
}

/** The question which route the call would take: nothing begins with it. */
export function simulateRoute(simulationId: string, tenant: string, request: CallRequest, nowMs: number): SimulateRoute {
  return { type: 'cc.call.simulate-route.v1', id: `${simulationId}/simulate`, callId: simulationId, tenant, issuedAt: nowMs, ...wishesOf(request) };
}

/** What is kept with the call. */
function toldOf({ channel: _channel, channels: _channels, maxDurationSeconds: _max, notAfterSeconds: _notAfter, whenBusy: _whenBusy, record: _record, ivr: _ivr, ...told }: CallRequest) {
  return told;
}

/** The same, with what only the router must know. */
function wishesOf(request: CallRequest) {
  const { channel, channels, maxDurationSeconds, whenBusy, record, ivr } = request;
  return {
    ...toldOf(request),
    record,
    ...defined({ ivr, channel, channels: channels === undefined ? undefined : [...channels], maxDurationSeconds, whenBusy }),
  };
}
