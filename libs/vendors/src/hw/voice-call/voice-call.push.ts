import type { RawNotification } from '../../vendor.port';
import { vendorText } from '../../vendor-text';
import { parseWire } from '../../wire-json';
import { Fee, FeeList, Push, type StatusInfo } from './voice-call.schema';

export type ReadPush =
  | { readonly kind: 'status'; readonly eventType: string; readonly info: StatusInfo }
  /** Of one call, put together where the vendor reports it in several entries. */
  | { readonly kind: 'fee'; readonly fee: Fee }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** What a push says, whichever of the two it is: both come to the same address. */
export function readPush(raw: RawNotification): ReadPush {
  if (raw.kind !== 'callback') return { kind: 'unintelligible', reason: `this vendor is not asked, yet the message came by ${raw.kind}` };
  const push = parseWire(raw.body.toString('utf8'), Push);
  if (push === undefined) return { kind: 'unintelligible', reason: 'no JSON of the documented form' };
  const { eventType = '(none)', statusInfo, feeLst } = push;
  if (eventType === 'fee' && feeLst !== undefined) return readFees(feeLst);
  if (eventType !== 'fee' && statusInfo !== undefined) return { kind: 'status', eventType, info: statusInfo };
  return { kind: 'unintelligible', reason: `event ${vendorText(eventType)} without what it should tell` };
}

function readFees(fees: readonly Fee[]): ReadPush {
  if (new Set(fees.map(callOf)).size > 1) return { kind: 'unintelligible', reason: 'fees of several calls in one message' };
  return { kind: 'fee', fee: fees.reduceRight((later, earlier) => ({ ...later, ...definedOf(earlier) })) };
}

/** One message for each call of which a push brings fees, up to 50 of them (rtc_05_0008); any other push as it is. */
export function splitFees(raw: RawNotification): readonly RawNotification[] {
  const list = parseWire(raw.body.toString('utf8'), FeeList);
  const byCall = new Map<string, unknown[]>();
  for (const entry of list?.feeLst ?? []) {
    const call = callOf(Fee.safeParse(entry).data ?? {});
    const alike = byCall.get(call);
    if (alike === undefined) byCall.set(call, [entry]);
    else alike.push(entry);
  }
  if (byCall.size <= 1) return [raw];
  return [...byCall.values()].map((feeLst) => ({ ...raw, body: Buffer.from(JSON.stringify({ eventType: 'fee', feeLst })) }));
}

const callOf = ({ sessionId, userData }: Partial<Fee>): string => sessionId ?? userData ?? '';

function definedOf(fee: Fee): Partial<Fee> {
  return Object.fromEntries(Object.entries(fee).filter(([, value]) => value !== undefined));
}
