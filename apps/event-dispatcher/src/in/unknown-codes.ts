import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';

/** So many different codes are logged; a vendor that makes up ever new ones fills neither the memory nor the log. */
const MAX_LOGGED = 500;
/** The adapters say `byeType 200`: the first word is one of theirs, the rest the vendor's. */
const FIELD = /^[A-Za-z]{1,32}(?= )/;

/** Vendor codes that their adapter does not know: counted by the field that had them, each told in the log once. */
@Injectable()
export class UnknownCodes {
  private readonly logged = new Set<string>();

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  note(channel: string, code: string, callId: string): void {
    const field = FIELD.exec(code)?.[0] ?? 'other';
    this.metrics.counter('cc_unknown_vendor_codes_total', 'Vendor codes that the adapter does not know, by the field that had them; the log has the codes', ['channel', 'field']).add(1, { channel, field });
    const shown = code.slice(0, 48);
    const known = `${channel} ${shown}`;
    if (this.logged.has(known) || this.logged.size >= MAX_LOGGED) return;
    this.logged.add(known);
    this.log.warn('unknown vendor code', { channel, code: shown, callId });
  }
}
