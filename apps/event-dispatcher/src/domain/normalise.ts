import { hash } from 'node:crypto';
import { CallEvent, LONGEST_TALK_SECONDS, type NotificationHeader } from '@cc/contracts';
import { z } from 'zod';

/** The attempt that a notification belongs to. */
export const KnownAttempt = z.object({ attemptId: z.string(), callId: z.string(), tenant: z.string(), channel: z.string(), recordRequested: z.boolean() }).readonly();
export type KnownAttempt = z.infer<typeof KnownAttempt>;

/** What a vendor's message says of the call, without the ids that only CC knows; `derived` when it reports something else in the first place. */
export interface Fact {
  readonly type: CallEvent['type'];
  /** Absent where the vendor tells no time. */
  readonly occurredAt?: number;
  readonly derived?: true;
  readonly [field: string]: unknown;
}

/**
 * A fact as a call event. Its id is made of what the vendor said, so that a message which the vendor repeats, or a poll
 * that tells the same again, gives the same event and not another one; when CC learnt of it is no part of that.
 */
export function toCallEvent(fact: Fact, attempt: KnownAttempt, header: NotificationHeader): CallEvent {
  const { derived, ...told } = fact;
  const said = withoutImpossibleTalk(told);
  const source = derived === true ? 'derived' : header.kind;
  const digest = hash('sha256', JSON.stringify([source, said]), 'hex').slice(0, 16);
  const { attemptId, callId, tenant, channel } = attempt;
  const at = said.occurredAt === undefined ? { occurredAt: header.receivedAt, untimed: true } : {};
  return CallEvent.parse({ ...said, ...at, id: `${attemptId}/${nameOf(fact.type)}/${digest}`, callId, tenant, attemptId, channel, recordedAt: header.receivedAt, source, ...(derived === true ? { via: header.kind } : {}) });
}

/** A talking time that no call can have tells nothing, and must not hold up the rest of the message. */
function withoutImpossibleTalk(told: Omit<Fact, 'derived'>): Omit<Fact, 'derived'> {
  const { durationSeconds, ...rest } = told;
  return typeof durationSeconds === 'number' && durationSeconds > LONGEST_TALK_SECONDS ? { ...rest, type: told.type } : told;
}

const nameOf = (type: string): string => type.replace(/^cc\.call\./, '').replace(/\.v\d+$/, '');
