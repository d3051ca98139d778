import { z } from 'zod';
import { BizData, ProtectedNumber } from './call-numbers';
import { EndedBy } from './call-events';
import { CloseType } from './close-types';
import { decodeJson, encodeJson, type JsonMessage } from './json-message';
import type { Decoded, WireRecord } from './wire';

export const CallState = z.enum(['init', 'conn', 'close']);
export type CallState = z.infer<typeof CallState>;

/** Finer than the state: what the call is doing just now. */
export const CallStage = z.enum(['queued', 'dialing', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended']);
export type CallStage = z.infer<typeof CallStage>;

/**
 * `none` nobody asked for one; `expected` asked for, not there yet; `available` the vendor has it;
 * `archived` in our object store; `failed` given up, with the reason; `absent` the call never talked.
 */
export const RecordingStatus = z.enum(['none', 'expected', 'available', 'archived', 'failed', 'absent']);
export type RecordingStatus = z.infer<typeof RecordingStatus>;

export const Recording = z.object({
  status: RecordingStatus,
  object: z.string().optional(),
  url: z.string().optional(),
  vendorUrl: z.string().optional(),
  sizeBytes: z.number().int().nonnegative().optional(),
  sha256: z.string().optional(),
  durationSeconds: z.number().nonnegative().optional(),
  reason: z.string().optional(),
});
export type Recording = z.infer<typeof Recording>;

const at = z.number().int().optional();

/** What others than the application tell of a call. `stage` stands for `state` as well, `recording` for all of it. */
export const SourcedField = z.enum([
  'stage', 'channel', 'vendor', 'channelState', 'vendorCallId', 'aCallAt', 'bCallAt', 'aOffhookAt', 'bOffhookAt', 'connectedAt', 'closedAt',
  'durationSeconds', 'closeType', 'closeReason', 'vendorCode', 'endedBy', 'recording',
]);
export type SourcedField = z.infer<typeof SourcedField>;

/** The unified call record, the same for every vendor. Times are epoch ms, durations seconds. */
export const CallRecord = z.object({
  callId: z.string(),
  tenant: z.string().max(32),
  /**
   * The number of distinct events that the record was folded from: it grows with each event. An earlier copy of an event that is known
   * may still correct what depends on when CC learnt of it; that record has the version of the one that it replaces.
   */
  version: z.number().int().positive(),
  state: CallState,
  stage: CallStage,
  recordState: z.enum(['partial', 'complete']),
  agent: z.string().max(64).optional(),
  user: z.string().optional(),
  business: z.string().optional(),
  mainNum: z.string().max(16).optional(),
  extNum: z.string().max(8).optional(),
  caller: ProtectedNumber,
  called: ProtectedNumber,
  bizData: BizData.optional(),
  /** The channel's id. */
  channel: z.string().optional(),
  vendor: z.string().max(8).optional(),
  channelState: z.string().max(32).optional(),
  vendorCallId: z.string().max(64).optional(),
  createdAt: z.number().int(),
  updatedAt: z.number().int(),
  aCallAt: at,
  bCallAt: at,
  aOffhookAt: at,
  bOffhookAt: at,
  connectedAt: at,
  closedAt: at,
  durationSeconds: z.number().int().nonnegative().optional(),
  closeType: CloseType.optional(),
  closeReason: z.string().optional(),
  /** The vendor's raw code behind the close type. */
  vendorCode: z.string().optional(),
  endedBy: EndedBy.optional(),
  ivrText: z.string().optional(),
  ivrUrl: z.string().optional(),
  attempts: z.number().int().nonnegative(),
  recording: Recording,
  /** Which event each field was taken from: by the event's id the names of the fields. What is not in here comes from the request. */
  sources: z.record(z.string(), z.array(SourcedField)).optional(),
});
export type CallRecord = z.infer<typeof CallRecord>;

const message: JsonMessage<CallRecord> = {
  type: 'cc.call.record.v1', writtenBy: 'record-store', schema: CallRecord,
  keyOf: ({ callId }) => callId, idOf: ({ callId, version }) => `${callId}/${version}`, timeMsOf: ({ updatedAt }) => updatedAt,
};

export const encodeCallRecord = (record: CallRecord): WireRecord => encodeJson(message, record);
export const decodeCallRecord = (wire: WireRecord): Decoded<CallRecord> => decodeJson(message, wire);
