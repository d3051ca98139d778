import { seatKey, type CallEventOf, type PlaceCall, type Route, type RouteSimulation, type SimulateRoute } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import { attemptIdOf, closedUnplaced, endedByRefusal, LINE_TAKEN_TOO_LONG, startedEvent, TOO_LATE, type Refusal } from './attempt';
import type { CarrierFacts, Carriers, ClearNumbers } from './carriers';
import { endLimitsOf } from './end-limits';
import type { RouterWatch } from './router-watch';
import type { Ledger, LedgerUnit, LineState, NewAttempt, Postponed, QueuedCall, Survey } from './ledger';
import { PlanningBoard } from './planning-board';
import { decideRoute, isStillOpen, limitsCallers, type Decision } from './route';

/** An attempt committed as SENDING: its dial may now leave, once. */
export interface PlannedDial {
  readonly attempt: NewAttempt;
  readonly command: PlaceCall;
  readonly session: string | undefined;
}

export interface PlanningLimits {
  /** An attempt in doubt is looked after once this long has passed since its dial. */
  readonly setupSeconds: number;
  /** Where the channel does not say when the end of a call is missed. */
  readonly querySeconds: number;
}

/** What a look at the queue led to. */
export interface Planned {
  readonly dials: readonly PlannedDial[];
  readonly looked: number;
  /** There may be more to do at once. */
  readonly again: boolean;
}

const SOON_MS = 250;

/** What one look at the queue comes to. */
interface Plan {
  readonly begun: (PlannedDial & { readonly route: Route })[];
  readonly postponed: Postponed[];
  readonly closed: CallEventOf<'cc.call.ended.v1'>[];
}

/** A call whose numbers can be read. */
interface Readable {
  readonly call: QueuedCall;
  readonly callerRef: string;
  readonly numbers: ClearNumbers;
}

interface Considered extends Readable {
  readonly refusals: readonly Refusal[];
  readonly decision: Decision;
  readonly lineRef: string | undefined;
}

/** Decides where queued calls go and commits their attempts. One router plans at a time, so that lines, limits and the order of waiting calls are exact. */
export class Planner {
  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    private readonly limits: PlanningLimits,
    private readonly watch: RouterWatch,
  ) {}

  /** One look at the queue. `undefined` while another router is at it. */
  async plan(limit: number): Promise<Planned | undefined> {
    return await this.ledger.exclusively('planning', async (unit) => {
      const nowMs = this.clock.nowMs();
      const due = await unit.queue.due(nowMs, limit);
      return due.length === 0 ? { dials: [], looked: 0, again: false } : { ...(await this.planAll(unit, due, nowMs)), looked: due.length };
    });
  }

  /** The routes that calls would take now; nothing is changed. */
  async simulate(unit: LedgerUnit, commands: readonly SimulateRoute[]): Promise<RouteSimulation[]> {
    const nowMs = this.clock.nowMs();
    const readable = commands.flatMap((command) => {
      const numbers = this.carriers.numbersOf(command);
      if (numbers === undefined) this.watch.unreadable(command.callId);
      return numbers === undefined ? [] : [{ command, numbers, callerRef: this.carriers.callerRefOf(numbers.caller) }];
    });
    const survey = await this.survey(unit, readable.map(({ command }) => command), readable.map(({ callerRef }) => callerRef), nowMs);
    const board = new PlanningBoard(this.carriers.all(), survey);
    const decided = readable.map(({ command, numbers, callerRef }) => ({ command, decision: decideRoute(board.routable(command, numbers), board.snapshotFor(command.callId, callerRef)) }));
    const refs = decided.map(({ command, decision }) => this.lineRefOf(command.tenant, decision));
    const lines = await unit.attempts.linesOf(refs.flatMap((ref) => ref ?? []));
    return decided.map(({ command, decision }, index) => {
      const busy = lines.busy.has(refs[index] ?? '');
      return { simulationId: command.callId, tenant: command.tenant, route: busy ? { ...decision.route, lineBusy: true } : decision.route, decidedAt: nowMs };
    });
  }

  private async planAll(unit: LedgerUnit, due: readonly QueuedCall[], nowMs: number): Promise<Omit<Planned, 'looked'>> {
    const sorted = due.map((call) => this.readable(call, nowMs));
    const plan: Plan = { begun: [], postponed: [], closed: sorted.flatMap((entry) => ('call' in entry ? [] : [entry])) };
    const readable = sorted.flatMap((entry) => ('call' in entry ? [entry] : []));
    const survey = await this.survey(unit, readable.map(({ call }) => call.command), readable.map(({ callerRef }) => callerRef), nowMs);
    const board = new PlanningBoard(this.carriers.all(), survey);
    const considered = readable.map((entry): Considered => this.consider({ ...entry, refusals: survey.refusals.get(entry.call.command.callId) ?? [] }, board));
    const known = new Set(considered.flatMap(({ lineRef }) => lineRef ?? []));
    const lines = mutable(await unit.attempts.linesOf([...known]));
    for (const entry of considered) {
      const { chosen } = entry.decision;
      const open = chosen === undefined || isStillOpen(chosen.facts, board.snapshotFor(entry.call.command.callId, entry.callerRef));
      const current = open ? entry : this.consider(entry, board);
      // Another channel than at first, with a line that was not asked for: at the next look.
      if (current.lineRef !== undefined && !known.has(current.lineRef)) plan.postponed.push({ callId: current.call.command.callId, nextTryMs: nowMs });
      else this.place(current, lines, board, survey, plan, nowMs);
    }
    // Who stood first in a row may have left it in this look, and the next one was judged before.
    const rowMoved = plan.postponed.some(({ waitsFor }) => waitsFor !== undefined) && plan.closed.length + plan.begun.length > 0;
    const again = rowMoved || plan.postponed.some(({ nextTryMs }) => nextTryMs <= nowMs);
    return { dials: await this.commit(unit, plan, nowMs), again };
  }

  private async survey(unit: LedgerUnit, commands: readonly (PlaceCall | SimulateRoute)[], callerRefs: readonly string[], nowMs: number): Promise<Survey> {
    const channels = this.carriers.all();
    const users = commands.flatMap(({ tenant, user }) => (user === undefined ? [] : [{ tenant, user }]));
    const agents = commands.flatMap(({ agent }) => agent ?? []);
    return await unit.directory.survey({ users, agents, channels: channels.map(({ channel }) => channel), callIds: commands.map(({ callId }) => callId), callerRefs: channels.some(limitsCallers) ? callerRefs : [], nowMs });
  }

  /** The end of a call that ends here, without a channel. */
  private readable(call: QueuedCall, nowMs: number): Readable | CallEventOf<'cc.call.ended.v1'> {
    const { command, cancelled, waits } = call;
    const close = (end: Parameters<typeof closedUnplaced>[1]): CallEventOf<'cc.call.ended.v1'> => closedUnplaced(command, end, nowMs);
    if (cancelled) return close({ closeType: 255, endedBy: 'application', reason: 'cancelled before a channel took it' });
    if (nowMs > command.notAfter && !waits) return close({ closeType: 255, endedBy: 'cc', reason: TOO_LATE });
    const numbers = this.carriers.numbersOf(command);
    if (numbers === undefined) return close({ closeType: 6, endedBy: 'cc', reason: 'the numbers of the call were sealed with another key than this router has' });
    return { call, numbers, callerRef: this.carriers.callerRefOf(numbers.caller) };
  }

  private consider(entry: Omit<Considered, 'decision' | 'lineRef'>, board: PlanningBoard): Considered {
    const { command } = entry.call;
    const decision = decideRoute(board.routable(command, entry.numbers), board.snapshotFor(command.callId, entry.callerRef));
    return { ...entry, decision, lineRef: this.lineRefOf(command.tenant, decision) };
  }

  private lineRefOf(tenant: string, { chosen }: Decision): string | undefined {
    return chosen === undefined ? undefined : this.carriers.lineRefOf(tenant, chosen.facts.channel, chosen.line);
  }

  private place(entry: Considered, lines: MutableLines, board: PlanningBoard, survey: Survey, plan: Plan, nowMs: number): void {
    const { call, decision, lineRef } = entry;
    const { command, position } = call;
    if (nowMs > command.notAfter) {
      plan.closed.push(closedUnplaced(command, { closeType: 255, endedBy: 'cc', reason: LINE_TAKEN_TOO_LONG, route: { ...decision.route, lineBusy: true } }, nowMs));
      return;
    }
    if (decision.chosen === undefined || lineRef === undefined) return this.withoutChannel(entry, plan, nowMs);
    if (lines.busy.has(lineRef) || (lines.firstWaiting.get(lineRef) ?? position) < position) {
      if (command.whenBusy === 'reject') {
        plan.closed.push(closedUnplaced(command, { closeType: 3, endedBy: 'cc', reason: 'the line is busy with another call', route: { ...decision.route, lineBusy: true } }, nowMs));
        return;
      }
      plan.postponed.push({ callId: command.callId, nextTryMs: command.notAfter + 1, waitsFor: lineRef });
      lines.firstWaiting.set(lineRef, Math.min(lines.firstWaiting.get(lineRef) ?? position, position));
      return;
    }
    const attempt = this.attemptFor(entry, decision.chosen, lineRef, nowMs);
    lines.busy.add(lineRef);
    board.noteBegun(attempt);
    const session = attempt.seat === undefined ? undefined : survey.sessions.get(seatKey(attempt.channel, attempt.seat));
    plan.begun.push({ attempt, command, route: decision.route, session });
  }

  private attemptFor({ call: { command }, callerRef, refusals }: Considered, { facts: { channel, vendor, capabilities }, line, trial }: NonNullable<Decision['chosen']>, lineRef: string, nowMs: number): NewAttempt {
    const number = Math.max(0, ...refusals.map((refusal) => refusal.number)) + 1;
    const lookAt = nowMs + this.limits.setupSeconds * 1000;
    const carrier = this.carriers.find(channel);
    const mustHangUp = command.maxDurationSeconds !== undefined && capabilities.cancel && !capabilities.maxDuration;
    return {
      attemptId: attemptIdOf(command.callId, number), callId: command.callId, tenant: command.tenant, number, channel, vendor,
      ...(line.kind === 'seat' ? { seat: line.name } : {}),
      lineRef, callerRef, trial, sentAt: nowMs, lookAt, giveUpAt: lookAt, holdUntil: nowMs + longestMs(carrier, command),
      ...endLimitsOf(carrier, command, this.limits.querySeconds, nowMs),
      ...(mustHangUp ? { hangUpAfterSeconds: command.maxDurationSeconds } : {}),
    };
  }

  private withoutChannel({ call: { command }, decision, refusals }: Considered, plan: Plan, nowMs: number): void {
    if (decision.soon) {
      plan.postponed.push({ callId: command.callId, nextTryMs: Math.min(nowMs + SOON_MS, command.notAfter + 1) });
      return;
    }
    const last = refusals.at(-1);
    const reasons = decision.route.candidates.map(({ channel, excluded }) => `${channel}: ${excluded?.reason ?? 'unknown'}`);
    const unknown = command.channel !== undefined && !decision.route.candidates.some(({ channel }) => channel === command.channel) ? [`${command.channel}: it is not in the channel file`] : [];
    const why = [...unknown, ...reasons].join('; ');
    plan.closed.push(last === undefined
      ? closedUnplaced(command, { closeType: 6, endedBy: 'cc', reason: `no channel can take the call (${why})`, route: decision.route }, nowMs)
      : endedByRefusal(last, decision.route, nowMs));
  }

  private async commit(unit: LedgerUnit, plan: Plan, nowMs: number): Promise<PlannedDial[]> {
    const ids = await unit.attempts.begin(plan.begun.map(({ attempt }) => attempt));
    const begun = plan.begun.filter(({ attempt }) => ids.has(attempt.attemptId));
    const prevented = plan.begun.filter(({ attempt }) => !ids.has(attempt.attemptId)).map(({ attempt }): Postponed => ({ callId: attempt.callId, nextTryMs: nowMs + SOON_MS }));
    await unit.queue.postpone([...plan.postponed, ...prevented]);
    await unit.queue.close(plan.closed.map(({ callId }) => callId));
    await unit.journal.append([...plan.closed, ...begun.map(({ attempt, command, route }) => startedEvent(attempt, command.record, route, nowMs))]);
    return begun;
  }
}

interface MutableLines {
  readonly busy: Set<string>;
  readonly firstWaiting: Map<string, number>;
}

const mutable = ({ busy, firstWaiting }: LineState): MutableLines => ({ busy: new Set(busy), firstWaiting: new Map(firstWaiting) });

/** No longer than this can the call last at the vendor, from its dial on. */
function longestMs(facts: CarrierFacts | undefined, { maxDurationSeconds = 0 }: Pick<PlaceCall, 'maxDurationSeconds'>): number {
  return Math.max(facts?.longestCallSeconds ?? 0, maxDurationSeconds) * 1000;
}
