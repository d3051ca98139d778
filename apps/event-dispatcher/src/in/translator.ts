import type { CallEvent, ChannelNotification } from '@cc/contracts';
import { Sealer, describeError } from '@cc/kernel';
import { Channels, openNotification, type CallProgress, type Normalised } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { toCallEvent, type KnownAttempt } from '../domain/normalise';
import { advance } from '../domain/seat-call';
import { UnknownCodes } from './unknown-codes';

/** `progress`: how far the call has come now, where the vendor's adapter reads it. */
export type Translated = { readonly kind: 'events'; readonly events: readonly CallEvent[]; readonly progress: CallProgress } | { readonly kind: 'unusable'; readonly reason: string };

/** A vendor's sealed message, with its attempt known, to call events. Never throws: what cannot be used comes back with its reason. */
@Injectable()
export class Translator {
  constructor(
    private readonly channels: Channels,
    private readonly sealer: Sealer,
    private readonly unknownCodes: UnknownCodes,
  ) {}

  /** @param progress how far the call has come by the messages before, of vendors who tell what a seat does. */
  translate(notification: ChannelNotification, attempt: KnownAttempt, progress: CallProgress = 'none'): Translated {
    try {
      const adapter = this.channels.find(notification.channel)?.adapter;
      if (adapter === undefined) return { kind: 'unusable', reason: `channel ${notification.channel} is not configured here` };
      if (attempt.channel !== notification.channel) return { kind: 'unusable', reason: `the attempt belongs to channel ${attempt.channel}` };
      const raw = openNotification(notification.sealed, notification, this.sealer);
      const normalised = adapter.normalise(raw, { recordRequested: attempt.recordRequested, progress });
      if (normalised.kind === 'unintelligible') return { kind: 'unusable', reason: normalised.reason };
      const events = this.eventsOf(normalised, notification, attempt);
      return { kind: 'events', events, progress: adapter.readsProgress === true ? advance(progress, events) : progress };
    } catch (error) {
      return { kind: 'unusable', reason: describeError(error) };
    }
  }

  /** Whether a seat's message would say nothing of a call of which it is the first. */
  isSilent(notification: ChannelNotification): boolean {
    try {
      const normalised = this.channels.find(notification.channel)?.adapter.normalise(openNotification(notification.sealed, notification, this.sealer), { recordRequested: false, progress: 'none' });
      return normalised?.kind === 'facts' && normalised.facts.length === 0 && normalised.unknownCodes.length === 0;
    } catch {
      return false;
    }
  }

  private eventsOf({ facts, unknownCodes }: Extract<Normalised, { kind: 'facts' }>, notification: ChannelNotification, attempt: KnownAttempt): CallEvent[] {
    for (const code of unknownCodes) this.unknownCodes.note(notification, code, attempt.callId);
    return facts.map((fact) => toCallEvent(fact, attempt, notification));
  }
}
