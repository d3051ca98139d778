import type { CallEventOf } from '@cc/contracts';

/** One recording that must be fetched. */
export interface ArchiveTask {
  readonly attemptId: string;
  readonly callId: string;
  readonly tenant: string;
  readonly channel: string;
  readonly vendorCallId: string;
  readonly vendorUrl: string | undefined;
  /** When the vendor announced it, epoch ms. */
  readonly availableAt: number;
  readonly giveUpAt: number;
  /** Tries that have failed. */
  readonly tries: number;
}

export interface StoredRecording {
  readonly object: string;
  readonly url: string;
  readonly vendorUrl?: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What one try led to. */
export type TryOutcome =
  | { readonly kind: 'stored'; readonly recording: StoredRecording }
  | { readonly kind: 'again'; readonly reason: string }
  | { readonly kind: 'never'; readonly reason: string };

export type Conclusion =
  | { readonly kind: 'concluded'; readonly event: CallEventOf<'cc.call.recording-archived.v1'> | CallEventOf<'cc.call.recording-failed.v1'> }
  | { readonly kind: 'again'; readonly reason: string; readonly inMs: number };

const MAX_PAUSE_MS = 10 * 60_000;

/** The end of a task, or when to try again: more and more slowly, until its limit. */
export function conclude(task: ArchiveTask, outcome: TryOutcome, nowMs: number, firstPauseMs: number): Conclusion {
  const about = { callId: task.callId, tenant: task.tenant, attemptId: task.attemptId, channel: task.channel, occurredAt: nowMs, recordedAt: nowMs, source: 'archiver' as const };
  if (outcome.kind === 'stored') return { kind: 'concluded', event: { type: 'cc.call.recording-archived.v1', id: `${task.attemptId}/recording-archived`, ...about, ...outcome.recording } };
  const inMs = Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** Math.min(task.tries, 16));
  if (outcome.kind === 'again' && nowMs + inMs <= task.giveUpAt) return { kind: 'again', reason: outcome.reason, inMs };
  const reason = outcome.kind === 'never' ? outcome.reason : `given up after ${task.tries + 1} tries: ${outcome.reason}`;
  return { kind: 'concluded', event: { type: 'cc.call.recording-failed.v1', id: `${task.attemptId}/recording-failed`, ...about, reason } };
}

/** The key in the object store: by day and call, without a number; the digest lets another content never replace the first. */
export function objectKey(task: ArchiveTask, sha256: string, extension: string): string {
  const day = new Date(task.availableAt).toISOString().slice(0, 10).replaceAll('-', '/');
  return `recordings/${day}/${task.callId}/${sha256.slice(0, 16)}.${extension}`;
}
