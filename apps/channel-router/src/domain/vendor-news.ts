import type { CallEvent } from '@cc/contracts';
import { lateRingEvent } from './attempt';
import type { RouterWatch } from './router-watch';
import type { AttemptRecord } from './attempt-record';
import type { LedgerUnit, VendorWord } from './ledger';

/** What the router itself or the application said is known here already. */
const ownSources: ReadonlySet<CallEvent['source']> = new Set<CallEvent['source']>(['router', 'reaper', 'gateway', 'archiver']);

/** A vendor's message about an attempt proves that it was placed, whatever the dial's answer was; its end frees the line. */
export function wordOf(event: CallEvent): VendorWord | undefined {
  if (ownSources.has(event.source)) return undefined;
  const word = plainWordOf(event);
  return word !== undefined && isAsked(event) ? { ...word, asked: true } : word;
}

function isAsked({ source, via }: CallEvent): boolean {
  return source === 'query' || via === 'query';
}

function plainWordOf(event: CallEvent): VendorWord | undefined {
  switch (event.type) {
    case 'cc.call.attempt-accepted.v1':
      return { attemptId: event.attemptId, vendorCallId: event.vendorCallId, says: 'placed' };
    case 'cc.call.a-ringing.v1':
    case 'cc.call.a-answered.v1':
    case 'cc.call.b-ringing.v1':
      return { attemptId: event.attemptId, says: 'placed' };
    case 'cc.call.connected.v1':
      return { attemptId: event.attemptId, says: 'connected' };
    case 'cc.call.ended.v1':
      return event.attemptId === undefined ? undefined : { attemptId: event.attemptId, says: 'ended', ...(event.durationSeconds === undefined ? {} : { timed: true }) };
    case 'cc.call.recording-available.v1':
      return { attemptId: event.attemptId, says: 'recorded' };
    default:
      return undefined;
  }
}

/** Takes in what vendors said of attempts. Phones that rang although their attempts counted as not placed are incidents: they are told of, and returned. */
export async function hear(unit: LedgerUnit, words: readonly VendorWord[], nowMs: number): Promise<readonly AttemptRecord[]> {
  const late = await unit.attempts.hear(words, nowMs);
  await unit.journal.append(late.map((attempt) => lateRingEvent(attempt, strongest(words.filter(({ attemptId }) => attemptId === attempt.attemptId)), nowMs)));
  return late;
}

function strongest(words: readonly VendorWord[]): Exclude<VendorWord['says'], 'recorded'> {
  return (['ended', 'connected'] as const).find((word) => words.some(({ says }) => says === word)) ?? 'placed';
}

/** Takes in the events of calls. */
export async function takeIn(unit: LedgerUnit, watch: RouterWatch, events: readonly CallEvent[], nowMs: number): Promise<void> {
  const words = events.flatMap((event) => wordOf(event) ?? []);
  if (words.length === 0) return;
  for (const attempt of await hear(unit, words, nowMs)) watch.lateRing(attempt);
  if (words.some(({ says }) => says === 'ended')) await unit.journal.wake();
}
