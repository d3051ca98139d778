import type { CallEvent, ChannelNotification } from '@cc/contracts';
import { Log, Metrics, Sealer, describeError } from '@cc/kernel';
import { Channels, openNotification, type Normalised } from '@cc/vendors';
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

  translate(notification: ChannelNotification, attempt: KnownAttempt): Translated {
    try {
      const adapter = this.channels.find(notification.channel)?.adapter;
      if (adapter === undefined) return { kind: 'unusable', reason: `channel ${notification.channel} is not configured here` };
      if (attempt.channel !== notification.channel) return { kind: 'unusable', reason: `the attempt belongs to channel ${attempt.channel}` };
      const raw = openNotification(notification.sealed, notification, this.sealer);
      const normalised = adapter.normalise(raw, { recordRequested: attempt.recordRequested });
      return normalised.kind === 'unintelligible' ? { kind: 'unusable', reason: normalised.reason } : { kind: 'events', events: this.eventsOf(normalised, notification, attempt) };
    } catch (error) {
      return { kind: 'unusable', reason: describeError(error) };
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
