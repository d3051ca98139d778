import type { ChannelNotification } from '@cc/contracts';
import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import { OTHER_CODES, type UnknownCode } from '../domain/unknown-code';

/** So many different codes are remembered; a vendor that makes up ever new ones fills neither the memory nor the log. */
const MAX_CODES = 500;
const MAX_SAMPLES = 3;
/** The adapters say `byeType 200`: the first word is one of theirs, the rest the vendor's. */
const FIELD = /^[A-Za-z]{1,32}(?= )/;

/** Vendor codes that their adapter does not know: counted by the field that had them, each told in the log once, and kept with samples by {@link UnknownCodesUpkeep}. */
@Injectable()
export class UnknownCodes {
  private readonly logged = new Set<string>();
  private noted = new Map<string, UnknownCode>();

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  note(notification: ChannelNotification, code: string, callId: string): void {
    const { channel } = notification;
    const field = FIELD.exec(code)?.[0] ?? 'other';
    this.metrics.counter('cc_unknown_vendor_codes_total', 'Vendor codes that the adapter does not know, by the field that had them; the log and dispatcher_unknown_code have the codes', ['channel', 'field']).add(1, { channel, field });
    const shown = code.slice(0, 48);
    const known = `${channel} ${shown}`;
    const remembered = this.logged.has(known);
    if (!remembered && this.logged.size < MAX_CODES) {
      this.logged.add(known);
      this.log.warn('unknown vendor code', { channel, code: shown, callId });
    }
    this.remember({ channel, code: remembered || this.logged.has(known) ? shown : OTHER_CODES, seen: 1, firstSeen: notification.receivedAt, lastSeen: notification.receivedAt, samples: [notification] });
  }

  /** What was noted since the last time; the caller gives it back by {@link remember} where it could not be kept. */
  take(): readonly UnknownCode[] {
    const taken = [...this.noted.values()];
    this.noted = new Map();
    return taken;
  }

  remember(news: UnknownCode): void {
    const key = `${news.channel} ${news.code}`;
    const before = this.noted.get(key);
    if (before === undefined) this.noted.set(key, news);
    else {
      this.noted.set(key, {
        ...news, seen: before.seen + news.seen, firstSeen: Math.min(before.firstSeen, news.firstSeen), lastSeen: Math.max(before.lastSeen, news.lastSeen),
        samples: [...before.samples, ...news.samples].slice(0, MAX_SAMPLES),
      });
    }
  }
}
