import type { PlaceCall } from '@cc/contracts';
import { newId } from '@cc/kernel';
import { attemptIdOf, type AttemptState } from '../src/domain/attempt';
import type { AttemptRecord } from '../src/domain/attempt-record';
import type { ChannelUpdate, DialEvidence, EvidenceQuestion, Ledger, LedgerUnit, LineState, NewAttempt, Settlement, Survey, SurveyQuestions, VendorWord } from '../src/domain/ledger';

export const NOW = 1_790_000_000_000;
export const LOOK = NOW + 90_000;
export const HOLD = NOW + 30_000_000;
export const ASK_UNTIL = NOW + 172_800_000;
const number = { masked: '****', ref: 'ref', sealed: 'sealed' };

export function command(more: Partial<PlaceCall> = {}): PlaceCall {
  const callId = more.callId ?? newId('call');
  return { type: 'cc.call.place.v1', id: `${callId}/place`, callId, tenant: 'acme', issuedAt: NOW, caller: number, called: number, record: false, notAfter: NOW + 60_000, bizData: { nested: ['x'] }, ...more };
}

export function attemptFor(callId: string, more: Partial<NewAttempt> = {}): NewAttempt {
  const attemptNumber = more.number ?? 1;
  return {
    attemptId: attemptIdOf(callId, attemptNumber), callId, tenant: 'acme', number: attemptNumber, channel: 'e9-main', vendor: 'e9', lineRef: `line of ${callId}`, callerRef: `caller of ${callId}`, trial: false,
    sentAt: NOW, lookAt: LOOK, giveUpAt: LOOK, holdUntil: HOLD, askUntil: ASK_UNTIL, ringWithinSeconds: 900, talkWithinSeconds: 900, lacksDuration: false, lacksRecording: false, ...more,
  };
}

export const accepted = (more: Partial<Settlement> = {}): Settlement => ({ state: 'accepted', outcome: 'well', kind: 'accepted', vendorCallId: 'v-1', at: NOW + 10, lookAt: NOW + 900_000, ...more });
export const inDoubt = (more: Partial<Settlement> = {}): Settlement => ({ state: 'unknown', outcome: 'failure', kind: 'unknown', reason: 'reset', at: NOW + 10, lookAt: NOW + 90_000, ...more });
export const refused = (more: Partial<Settlement> = {}): Settlement => ({ state: 'refused', outcome: 'failure', kind: 'rejected', vendorCode: '31', reason: 'no balance', at: NOW + 10, lookAt: NOW + 90_000, ...more });

/** Whoever dies with a hang-up in hand leaves it due again after this. */
export const HANG_UP_LEASE_MS = 100_000;

/** The ledger in short words. */
export class Desk {
  constructor(readonly ledger: Ledger) {}

  in<T>(work: (unit: LedgerUnit) => Promise<T>): Promise<T> {
    return this.ledger.transaction(work);
  }
  enqueue(commands: readonly PlaceCall[], nowMs = NOW): Promise<void> {
    return this.in(({ queue }) => queue.enqueue(commands, nowMs));
  }
  due(nowMs = NOW, limit = 100): Promise<string[]> {
    return this.in(async ({ queue }) => (await queue.due(nowMs, limit)).map((call) => call.command.callId));
  }
  begin(...attempts: readonly NewAttempt[]): Promise<string[]> {
    return this.in(async (unit) => [...(await unit.attempts.begin(attempts))]);
  }
  /** A call with a live attempt. */
  async live(more: Partial<NewAttempt> = {}): Promise<NewAttempt> {
    const placed = command();
    await this.enqueue([placed]);
    const attempt = attemptFor(placed.callId, more);
    expect(await this.begin(attempt)).toEqual([attempt.attemptId]);
    return attempt;
  }
  settle(attemptId: string, settlement: Settlement): Promise<'moved' | 'known' | 'late'> {
    return this.in(({ attempts }) => attempts.settle(attemptId, settlement));
  }
  hear(says: VendorWord['says'], attemptId: string, vendorCallId?: string, nowMs = NOW, asked = false, more: Partial<VendorWord> = {}): Promise<readonly AttemptRecord[]> {
    return this.in(({ attempts }) => attempts.hear([{ attemptId, says, vendorCallId, asked, ...more }], nowMs));
  }
  resolve(attemptId: string, state: 'not-placed' | 'abandoned' | 'ended'): Promise<boolean> {
    return this.in(({ attempts }) => attempts.resolve(attemptId, state, NOW + 30));
  }
  close(...callIds: readonly string[]): Promise<void> {
    return this.in(({ queue }) => queue.close(callIds));
  }
  cancel(callId: string, nowMs = NOW + 40): Promise<void> {
    return this.in(({ queue }) => queue.requestCancel([callId], nowMs));
  }
  lines(...lineRefs: readonly string[]): Promise<LineState> {
    return this.in(({ attempts }) => attempts.linesOf(lineRefs));
  }
  async found(attemptId: string): Promise<AttemptRecord> {
    const attempt = await this.in(({ attempts }) => attempts.find(attemptId));
    if (attempt === undefined) throw new Error(`There is no attempt ${attemptId}`);
    return attempt;
  }
  survey(questions: Partial<SurveyQuestions>): Promise<Survey> {
    return this.in(({ directory }) => directory.survey({ users: [], agents: [], channels: ['e9-main', 'quiet'], callIds: [], callerRefs: [], nowMs: NOW, ...questions }));
  }
  async hangUps(nowMs: number, limit = 10): Promise<string[]> {
    return (await this.ledger.takeHangUps(nowMs, nowMs + HANG_UP_LEASE_MS, limit)).map(({ attemptId }) => attemptId).sort();
  }
  /** Attempts of e9-main that are due at that time, without taking them for long. */
  async overdue(nowMs: number, againAtMs = nowMs, limit = 10): Promise<string[]> {
    return (await this.ledger.enquiries.takeUnaskable({ channel: 'e9-main', finds: 'none' }, nowMs, againAtMs, limit)).map(({ attemptId }) => attemptId).sort();
  }
  /** An attempt in that state. */
  async inState(state: AttemptState, more: Partial<NewAttempt> = {}): Promise<NewAttempt> {
    const attempt = await this.live(more);
    const { attemptId } = attempt;
    if (state === 'accepted') await this.settle(attemptId, accepted());
    if (state === 'refused') await this.settle(attemptId, refused());
    if (state === 'unknown' || state === 'not-placed' || state === 'abandoned') await this.settle(attemptId, inDoubt());
    if (state === 'not-placed' || state === 'abandoned') await this.resolve(attemptId, state);
    if (state === 'ended') await this.hear('ended', attemptId);
    expect((await this.found(attemptId)).state).toBe(state);
    return attempt;
  }
  save(...updates: readonly ChannelUpdate[]): Promise<void> {
    return this.in(({ channels }) => channels.save(updates));
  }
  async evidence(question: Partial<EvidenceQuestion> = {}): Promise<DialEvidence | undefined> {
    const asked = { channel: 'e9-main', fromMs: NOW - 30_000, sinceMs: NOW - 30_000, heardByMs: NOW + 60_000, ...question };
    return await this.in(async ({ channels }) => (await channels.evidence([{ ...asked, channel: 'another' }, asked])).get(asked.channel));
  }
}
