import type { CallCommand, CallEvent, PlaceCall } from '@cc/contracts';
import type { Attempt, AskResult, DialResult, HangUpResult } from '../../src/domain/attempt';
import { Carriers, type CarrierFacts, type ClearNumbers } from '../../src/domain/carriers';
import { Enquiries } from '../../src/domain/enquiries';
import { RouterWatch } from '../../src/domain/router-watch';
import type { AttemptRecord } from '../../src/domain/attempt-record';
import { Ledger, type LedgerUnit } from '../../src/domain/ledger';
import { Router, type RouterLimits } from '../../src/domain/router';
import type { ChosenLine } from '../../src/domain/route';
import type { MemoryLedger } from '../memory-ledger';
import type { CrashPoint, MannerName, ScriptedFault } from './script';
import type { SimulatedVendors } from './simulated-vendor';
import type { VirtualTime } from './virtual-time';

const NEVER = new Promise<never>(() => undefined);
/** As PostgreSQL does with a transaction whose client stands still. */
const IDLE_LIMIT_MS = 5000;
const RESTART_AFTER_MS = 3000;

/** One process that runs a router: it can be stopped for a while, and killed at chosen points. */
export class SimulatedProcess {
  private generation = 0;
  private stoppedUntilMs = 0;
  private readonly passed = new Map<CrashPoint, number>();

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    private readonly faults: readonly ScriptedFault['kind'][],
    private readonly trace: (line: string) => void,
  ) {
    for (const fault of faults) if ('stopAtMs' in fault) time.after(fault.stopAtMs, () => this.stop(fault.forMs));
  }

  get incarnation(): number {
    return this.generation;
  }

  /** Passes a point of the program; never for one that has died, later for one that is stopped. */
  async pass(incarnation: number, point?: CrashPoint): Promise<void> {
    if (incarnation !== this.generation) return await NEVER;
    if (point !== undefined && this.arrivesAt(point)) {
      this.generation += 1;
      this.trace(`${this.name} dies ${point}`);
      throw new Error('died');
    }
    while (this.stoppedUntilMs > this.time.elapsedMs()) await this.time.sleep(this.stoppedUntilMs - this.time.elapsedMs());
    if (incarnation !== this.generation) return await NEVER;
  }

  /** Whether it dies there; it may stand still there as well. */
  private arrivesAt(point: CrashPoint): boolean {
    const times = (this.passed.get(point) ?? 0) + 1;
    this.passed.set(point, times);
    for (const fault of this.faults) if ('stopAt' in fault && fault.stopAt === point && fault.occurrence === times) this.stop(fault.forMs);
    return this.faults.some((fault) => 'crashAt' in fault && fault.crashAt === point && fault.occurrence === times);
  }

  private stop(forMs: number): void {
    this.trace(`${this.name} stands still for ${forMs} ms`);
    this.stoppedUntilMs = Math.max(this.stoppedUntilMs, this.time.elapsedMs() + forMs);
  }
}

/** What one incarnation of a router works with. */
export interface SimulatedWorld {
  readonly time: VirtualTime;
  readonly ledger: MemoryLedger;
  readonly vendors: SimulatedVendors;
  readonly facts: readonly CarrierFacts[];
  readonly limits: RouterLimits;
  readonly watch: RouterWatch;
  readonly commands: readonly CallCommand[];
  readonly vendorEvents: readonly CallEvent[];
  numbersOf(callId: string): ClearNumbers;
  mannersOf(callId: string): readonly MannerName[];
}

/** The questions that are due as a process sees them. */
class ProcessEnquiries extends Enquiries {
  constructor(
    private readonly inner: Enquiries,
    private readonly step: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    super();
  }

  override channelsDue(...given: Parameters<Enquiries['channelsDue']>): ReturnType<Enquiries['channelsDue']> {
    return this.step(() => this.inner.channelsDue(...given));
  }
  override takeUnaskable(...given: Parameters<Enquiries['takeUnaskable']>): ReturnType<Enquiries['takeUnaskable']> {
    return this.step(() => this.inner.takeUnaskable(...given));
  }
  override claimTurn(...given: Parameters<Enquiries['claimTurn']>): ReturnType<Enquiries['claimTurn']> {
    return this.step(() => this.inner.claimTurn(...given));
  }
  override takeNext(...given: Parameters<Enquiries['takeNext']>): ReturnType<Enquiries['takeNext']> {
    return this.step(() => this.inner.takeNext(...given));
  }
  override looked(...given: Parameters<Enquiries['looked']>): Promise<void> {
    return this.step(() => this.inner.looked(...given));
  }
  override repairAsked(...given: Parameters<Enquiries['repairAsked']>): Promise<void> {
    return this.step(() => this.inner.repairAsked(...given));
  }
  override channelsIncomplete(...given: Parameters<Enquiries['channelsIncomplete']>): ReturnType<Enquiries['channelsIncomplete']> {
    return this.step(() => this.inner.channelsIncomplete(...given));
  }
  override reconcile(...given: Parameters<Enquiries['reconcile']>): ReturnType<Enquiries['reconcile']> {
    return this.step(() => this.inner.reconcile(...given));
  }
  override waiting(...given: Parameters<Enquiries['waiting']>): ReturnType<Enquiries['waiting']> {
    return this.step(() => this.inner.waiting(...given));
  }
}

/** The ledger as a process sees it: each step passes the process, so that it can die or stand still there. */
class ProcessLedger extends Ledger {
  override readonly enquiries: Enquiries;

  constructor(
    private readonly inner: MemoryLedger,
    private readonly process: SimulatedProcess,
    private readonly incarnation: number,
    private readonly time: VirtualTime,
  ) {
    super();
    this.enquiries = new ProcessEnquiries(inner.enquiries, (work) => this.step(work));
  }

  override async transaction<T>(work: (unit: LedgerUnit) => Promise<T>): Promise<T> {
    await this.process.pass(this.incarnation);
    const idle = this.time.sleep(IDLE_LIMIT_MS).then(() => Promise.reject(new Error('idle in a transaction for too long')));
    idle.catch(() => undefined);
    const result = await this.inner.transaction(work, { beforeCommit: () => Promise.race([this.process.pass(this.incarnation, 'before-commit'), idle]) }).catch((error: unknown) => this.fail(error));
    await this.process.pass(this.incarnation, 'after-commit').catch((error: unknown) => this.fail(error));
    return result;
  }
  override exclusively<T>(_task: 'planning' | 'health', work: (unit: LedgerUnit) => Promise<T>): Promise<T | undefined> {
    return this.transaction(work);
  }
  override takeHangUps(...given: Parameters<Ledger['takeHangUps']>): ReturnType<Ledger['takeHangUps']> {
    return this.step(() => this.inner.takeHangUps(...given));
  }
  override hangUpAgain(...given: Parameters<Ledger['hangUpAgain']>): Promise<void> {
    return this.step(() => this.inner.hangUpAgain(...given));
  }
  override sessionOf(...given: Parameters<Ledger['sessionOf']>): Promise<string | undefined> {
    return this.step(() => this.inner.sessionOf(...given));
  }
  override takeProbes(...given: Parameters<Ledger['takeProbes']>): ReturnType<Ledger['takeProbes']> {
    return this.step(() => this.inner.takeProbes(...given));
  }
  override probed(...given: Parameters<Ledger['probed']>): Promise<void> {
    return this.step(() => this.inner.probed(...given));
  }
  override dropClosed(...given: Parameters<Ledger['dropClosed']>): Promise<boolean> {
    return this.step(() => this.inner.dropClosed(...given));
  }
  override inDoubt(): ReturnType<Ledger['inDoubt']> {
    return this.step(() => this.inner.inDoubt());
  }

  private async step<T>(work: () => Promise<T>): Promise<T> {
    await this.process.pass(this.incarnation);
    const result = await work();
    await this.process.pass(this.incarnation);
    return result;
  }

  /** Whoever has died learns nothing any more. */
  private fail(error: unknown): Promise<never> {
    return this.process.incarnation === this.incarnation ? Promise.reject(error instanceof Error ? error : new Error(String(error))) : NEVER;
  }
}

class SimulatedCarriers extends Carriers {
  constructor(
    private readonly world: SimulatedWorld,
    private readonly process: SimulatedProcess,
    private readonly incarnation: number,
  ) {
    super();
  }

  override all(): readonly CarrierFacts[] {
    return this.world.facts;
  }
  override find(channel: string): CarrierFacts | undefined {
    return this.world.facts.find((facts) => facts.channel === channel);
  }
  override numbersOf(command: PlaceCall): ClearNumbers {
    return this.world.numbersOf(command.callId);
  }
  override lineRefOf(_tenant: string, _channel: string, line: ChosenLine): string {
    return line.name;
  }
  override callerRefOf(caller: string): string {
    return caller;
  }

  override async dial(attempt: Attempt): Promise<DialResult> {
    await this.through('before-write');
    const answer = this.world.vendors.receive(attempt, this.world.numbersOf(attempt.callId).caller, this.world.mannersOf(attempt.callId));
    await this.through('after-write');
    const result = await answer;
    await this.through('after-answer');
    return result;
  }

  override async hangUp(attempt: AttemptRecord): Promise<HangUpResult> {
    await this.process.pass(this.incarnation);
    return this.world.vendors.hangUp(attempt.attemptId);
  }

  override async ask(attempt: AttemptRecord): Promise<AskResult> {
    await this.process.pass(this.incarnation);
    return this.world.vendors.ask(attempt);
  }

  override async probe(): Promise<{ readonly well: boolean }> {
    return { well: true };
  }

  private async through(point: CrashPoint): Promise<void> {
    await this.process.pass(this.incarnation, point).catch(() => NEVER);
  }
}

const BATCH = 3;
const PLAN_EVERY_MS = 1000;
const READ_EVERY_MS = 250;
const WATCH_EVERY_MS = 3000;

/** Runs a router's loops in a process, for as long as the world lasts, with a new incarnation after each death. */
export function runRouter(world: SimulatedWorld, process: SimulatedProcess): void {
  const { time, ledger } = world;
  const start = (): void => {
    const incarnation = process.incarnation;
    const own = new ProcessLedger(ledger, process, incarnation, time);
    const router = new Router(own, new SimulatedCarriers(world, process, incarnation), time, world.limits, world.watch);
    const loop = (everyMs: number, step: () => Promise<unknown>): void => {
      time.after(everyMs, () => {
        if (process.incarnation !== incarnation) return;
        void process.pass(incarnation).then(step).catch(() => undefined).then(() => loop(everyMs, step));
      });
    };
    const plan = async (): Promise<void> => {
      const planned = await router.planner.plan(8);
      for (const dial of planned?.dials ?? []) void router.dialling.dial(dial).catch(() => undefined);
    };
    ledger.onWake(() => time.after(5, () => void (process.incarnation === incarnation ? process.pass(incarnation).then(plan).catch(() => undefined) : undefined)));
    loop(PLAN_EVERY_MS, plan);
    loop(READ_EVERY_MS, () => read(own, ledger, 'commands', world.commands, (unit, batch) => router.obey(unit, batch)));
    loop(READ_EVERY_MS, () => read(own, ledger, 'events', world.vendorEvents, (unit, batch) => router.learn(unit, batch)));
    loop(PLAN_EVERY_MS, async () => await Promise.all((await router.takeHangUps(20)).map((attempt) => router.hangUp(attempt))));
    loop(WATCH_EVERY_MS, () => router.dialling.giveUpLost(10));
    loop(WATCH_EVERY_MS, async () => await Promise.all((await router.followUp.due()).map((due) => router.followUp.lookAfter(due))));
    loop(WATCH_EVERY_MS, async () => {
      await router.reconciliations.begin();
      await router.reconciliations.tell();
    });
    loop(WATCH_EVERY_MS, () => router.health.judge());
  };
  const keepAlive = (incarnation: number): void => time.after(RESTART_AFTER_MS, () => {
    if (process.incarnation !== incarnation) start();
    keepAlive(process.incarnation);
  });
  start();
  keepAlive(process.incarnation);
}

/** Reads the next messages; how far it got is committed with what they led to. */
async function read<T>(own: Ledger, ledger: MemoryLedger, reader: string, messages: readonly T[], handle: (unit: LedgerUnit, batch: readonly T[]) => Promise<void>): Promise<void> {
  if ((ledger.cursors.rows.get(reader) ?? 0) >= messages.length) return;
  await own.transaction(async (unit) => {
    const from = ledger.cursors.rows.get(reader) ?? 0;
    const batch = messages.slice(from, from + BATCH);
    await handle(unit, batch);
    ledger.cursors.set(reader, from + batch.length);
  });
}
