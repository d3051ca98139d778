import type { CallEvent, ChannelNotification } from '@cc/contracts';
import { Log, Metrics, Sealer, describeError } from '@cc/kernel';
import { Channels, openNotification, type CallProgress, type Normalised } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { toCallEvent, type KnownAttempt } from '../domain/normalise';

export type Translated = { readonly kind: 'events'; readonly events: readonly CallEvent[] } | { readonly kind: 'unusable'; readonly reason: string };

/** A vendor's sealed message, with its attempt known, to call events. Never throws: what cannot be used comes back with its reason. */
@Injectable()
export class Translator {
  constructor(
    private readonly channels: Channels,
    private readonly sealer: Sealer,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  /** @param progress how far the call has come, for the messages of seats. */
  translate(notification: ChannelNotification, attempt: KnownAttempt, progress?: CallProgress): Translated {
    try {
      const adapter = this.channels.find(notification.channel)?.adapter;
      if (adapter === undefined) return { kind: 'unusable', reason: `channel ${notification.channel} is not configured here` };
      if (attempt.channel !== notification.channel) return { kind: 'unusable', reason: `the attempt belongs to channel ${attempt.channel}` };
      const raw = openNotification(notification.sealed, notification, this.sealer);
      const normalised = adapter.normalise(raw, { recordRequested: attempt.recordRequested, ...(progress === undefined ? {} : { progress }) });
      return normalised.kind === 'unintelligible' ? { kind: 'unusable', reason: normalised.reason } : { kind: 'events', events: this.eventsOf(normalised, notification, attempt) };
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
    for (const code of unknownCodes) {
      this.metrics.counter('cc_unknown_vendor_codes_total', 'Vendor codes that the adapter does not know; they became 255', ['channel', 'code']).add(1, { channel: notification.channel, code: code.slice(0, 32) });
      this.log.warn('unknown vendor code', { channel: notification.channel, code: code.slice(0, 32), callId: attempt.callId });
    }
    return facts.map((fact) => toCallEvent(fact, attempt, notification));
  }
}
