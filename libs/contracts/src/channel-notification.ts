import { z } from 'zod';
import { describeIssues } from './parsing';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';

const NOTIFICATION_TYPE = 'cc.channel.notification.v1';

/** How a vendor's message reached us. */
export const NotificationKind = z.enum(['callback', 'poll', 'query']);
export type NotificationKind = z.infer<typeof NotificationKind>;

/** What the checks said of a callback. `unverifiable`: there is no check; the vendor proves nothing, and the channel names no sources. */
const NotificationVerdict = z.enum(['trusted', 'unverifiable', 'forged']);

/** Which check failed: what the vendor proves, or from where it came. */
const FailedCheck = z.enum(['signature', 'source']);
type FailedCheck = z.infer<typeof FailedCheck>;

export type CallbackVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'unverifiable' }
  | { readonly kind: 'forged'; readonly failedCheck: FailedCheck; readonly reason: string };

/**
 * Why a notification was put aside. `forged`: a check of the callback failed; `unaddressed`: it names neither our attempt nor a vendor
 * call; `orphaned`: no attempt that it belongs to was heard of in time; `unusable`: anything else, which the reason tells.
 */
export const QuarantineCause = z.enum(['forged', 'unaddressed', 'orphaned', 'unusable']);
export type QuarantineCause = z.infer<typeof QuarantineCause>;

/** What of a notification is readable on the topic: everything but the message itself. */
export const NotificationHeader = z.object({
  /** Identical for each copy of one stored message, so that a re-sent copy has no further effect. */
  id: z.string(),
  channel: z.string(),
  kind: NotificationKind,
  /** Our clock, epoch ms. */
  receivedAt: z.number().int(),
  vendorCallId: z.string().optional(),
  /** Ours, where the one who asked knows it. */
  attemptId: z.string().optional(),
  /** The seat that was polled, for vendors who tell what a seat does and not always which call is meant. */
  seat: z.string().optional(),
  /** Of a callback. Absent: of a poll or query, or written before there were verdicts. */
  verdict: NotificationVerdict.optional(),
  /** By which check it counts as forged. Absent also where this version does not know the check. */
  failedCheck: FailedCheck.optional().catch(undefined),
  /** Why it counts as forged. */
  verdictReason: z.string().max(200).optional(),
});
export type NotificationHeader = z.infer<typeof NotificationHeader>;

/** The vendor's message byte for byte, sealed with the notification's id as context. */
export const ChannelNotification = NotificationHeader.extend({ sealed: z.instanceof(Buffer) });
export type ChannelNotification = z.infer<typeof ChannelNotification>;

/** A verdict as the header has it. */
export function verdictFields(verdict: CallbackVerdict): Pick<NotificationHeader, 'verdict' | 'failedCheck' | 'verdictReason'> {
  if (verdict.kind !== 'forged') return { verdict: verdict.kind };
  return { verdict: 'forged', failedCheck: verdict.failedCheck, verdictReason: verdict.reason.slice(0, 200) };
}

/** The record key: all messages about one vendor call, or one seat, stay in order. */
export function notificationKey(header: NotificationHeader): string {
  return `${header.channel}|${header.seat ?? header.vendorCallId ?? header.attemptId ?? header.id}`;
}

export function encodeChannelNotification(message: ChannelNotification, service: string): WireRecord {
  return {
    key: notificationKey(message),
    value: message.sealed,
    headers: {
      ...cloudEventHeaders({
        id: message.id, type: NOTIFICATION_TYPE, source: `/cc/${service}`, subject: message.channel,
        timeMs: message.receivedAt, contentType: 'application/octet-stream',
      }),
      ce_channel: message.channel,
      ce_kind: message.kind,
      ce_receivedat: String(message.receivedAt),
      ...(message.vendorCallId === undefined ? {} : { ce_vendorcallid: message.vendorCallId }),
      ...(message.attemptId === undefined ? {} : { ce_attemptid: message.attemptId }),
      ...(message.seat === undefined ? {} : { ce_seat: message.seat }),
      ...(message.verdict === undefined ? {} : { ce_verdict: message.verdict }),
      ...(message.failedCheck === undefined ? {} : { ce_failedcheck: message.failedCheck }),
      ...(message.verdictReason === undefined ? {} : { ce_verdictreason: message.verdictReason }),
    },
  };
}

export function decodeChannelNotification(wire: WireRecord): Decoded<ChannelNotification> {
  const type = wire.headers['ce_type'] ?? '';
  if (type !== NOTIFICATION_TYPE) return { kind: 'unknown-type', type };
  const parsed = ChannelNotification.safeParse({
    id: wire.headers['ce_id'],
    channel: wire.headers['ce_channel'],
    kind: wire.headers['ce_kind'],
    receivedAt: Number(wire.headers['ce_receivedat']),
    vendorCallId: wire.headers['ce_vendorcallid'],
    attemptId: wire.headers['ce_attemptid'],
    seat: wire.headers['ce_seat'],
    verdict: wire.headers['ce_verdict'],
    failedCheck: wire.headers['ce_failedcheck'],
    verdictReason: wire.headers['ce_verdictreason'],
    sealed: wire.value,
  });
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}
