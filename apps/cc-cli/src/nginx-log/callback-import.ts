import { backoffMs, pause } from '@cc/kernel';
import type { Ingest } from '../ingest';
import { entriesOf, type LoggedCallback } from './log-line';
import { linesOf } from './log-lines';

/** At once: the ingest writes those together that wait together. */
const IN_FLIGHT = 16;
const PATIENCE_MS = 60_000;
const TELL_EVERY_MS = 5_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** So many faults are listed; all are counted. */
const LISTED = 1_000;

/** A line that needs an operator's eye. */
export interface LineFault {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export interface ImportOptions {
  readonly files: readonly string[];
  /** Nothing is sent. */
  readonly dryRun: boolean;
  /** What the ingest had acknowledged is left out. */
  readonly skipStored: boolean;
  /** The ingest may be away for this long before the import stops; 60,000 unless told. */
  readonly patienceMs?: number;
  readonly progress: (report: ImportReport) => void;
}

/** What became of the lines. Every line is in `lines`; one that was cut off may count for two entries. */
export class ImportReport {
  lines = 0;
  /** On the ingest's disk now; with `dryRun`: would be sent. */
  imported = 0;
  readonly channels: Record<string, number> = {};
  /** The same line of the log, met again. */
  repeated = 0;
  /** The ingest had acknowledged them, and they were to be left out. */
  stored = 0;
  /** Refused by NGINX, or cut off, before their body was there. */
  notTaken = 0;
  /** The ingest said no when they came (404), and does so now. */
  refusedAgain = 0;
  refused = 0;
  broken = 0;
  readonly refusedLines: LineFault[] = [];
  readonly brokenLines: LineFault[] = [];
  /** Where it gave up, and why; absent: it came to the end. */
  stopped?: LineFault;

  /** Everything that the log has of vendors' callbacks is with the ingest. */
  get complete(): boolean {
    return this.broken === 0 && this.refused === 0 && this.stopped === undefined;
  }

  tookOver({ channel }: LoggedCallback): void {
    this.imported += 1;
    this.channels[channel] = (this.channels[channel] ?? 0) + 1;
  }

  foundBroken(fault: LineFault): void {
    this.broken += 1;
    if (this.brokenLines.length < LISTED) this.brokenLines.push(fault);
  }

  wasRefused(fault: LineFault): void {
    this.refused += 1;
    if (this.refusedLines.length < LISTED) this.refusedLines.push(fault);
  }
}

interface Found {
  readonly file: string;
  readonly line: number;
  readonly callback: LoggedCallback;
}

/** Hands every callback of NGINX's logs to the ingest, roughly in the order in which they came. Repeating it changes nothing. */
export class CallbackImport {
  readonly report = new ImportReport();
  private readonly seen = new Set<string>();
  private lastSuccessAt = performance.now();
  private lastToldAt = performance.now();
  private readonly patienceMs: number;

  constructor(
    private readonly ingest: Ingest,
    private readonly options: ImportOptions,
  ) {
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /** @throws WrongUsage when a file is not there; then nothing was sent. */
  async run(): Promise<ImportReport> {
    const found = this.callbacks(await inOrder(this.options.files));
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.deliverEach(found)));
    return this.report;
  }

  private async *callbacks(files: readonly string[]): AsyncGenerator<Found> {
    const { report } = this;
    for (const file of files) {
      for await (const line of linesOf(file)) {
        report.lines += 1;
        const entries = 'fault' in line ? [{ kind: 'broken' as const, reason: line.fault }] : entriesOf(line.text);
        for (const entry of entries) {
          if (entry.kind === 'broken') report.foundBroken({ file, line: line.number, reason: entry.reason });
          else if (entry.kind === 'not-taken') report.notTaken += 1;
          else if (this.isWanted(entry.callback)) yield { file, line: line.number, callback: entry.callback };
        }
        this.tell();
        if (report.stopped !== undefined) return;
      }
    }
  }

  private isWanted({ requestId, acknowledgedByIngest }: LoggedCallback): boolean {
    if (this.seen.has(requestId)) {
      this.report.repeated += 1;
      return false;
    }
    this.seen.add(requestId);
    if (!this.options.skipStored || !acknowledgedByIngest) return true;
    this.report.stored += 1;
    return false;
  }

  private async deliverEach(found: AsyncGenerator<Found>): Promise<void> {
    for await (const one of byMany(found)) {
      if (this.report.stopped !== undefined) return;
      if (this.options.dryRun) this.report.tookOver(one.callback);
      else await this.deliver(one);
    }
  }

  private async deliver({ file, line, callback }: Found): Promise<void> {
    for (let attempt = 0; this.report.stopped === undefined; attempt += 1) {
      const delivery = await this.ingest.deliver(callback);
      if (delivery.kind === 'later') {
        if (performance.now() - this.lastSuccessAt > this.patienceMs) this.report.stopped ??= { file, line, reason: delivery.reason };
        else await pause(50 + backoffMs(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
        continue;
      }
      if (delivery.kind === 'none') {
        this.report.stopped ??= { file, line, reason: delivery.reason };
        return;
      }
      this.lastSuccessAt = performance.now();
      if (delivery.kind === 'stored') this.report.tookOver(callback);
      else if (delivery.status === 404 && callback.status === 404) this.report.refusedAgain += 1;
      else this.report.wasRefused({ file, line, reason: `the ingest answered ${delivery.status} ${delivery.reason}` });
      return;
    }
  }

  private tell(): void {
    if (performance.now() - this.lastToldAt < (TELL_EVERY_MS)) return;
    this.lastToldAt = performance.now();
    this.options.progress(this.report);
  }
}

/** One generator for several takers: none of them ends it for the others. */
function byMany<T>(source: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
}

/** By the time of their first callback, whatever their names: the oldest first. What has none comes last. */
async function inOrder(files: readonly string[]): Promise<string[]> {
  const dated = await Promise.all(files.map(async (file) => ({ file, firstAt: await firstArrivalIn(file) })));
  return dated.sort((a, b) => a.firstAt - b.firstAt || a.file.localeCompare(b.file)).map(({ file }) => file);
}

async function firstArrivalIn(file: string): Promise<number> {
  for await (const line of linesOf(file)) {
    if ('fault' in line) continue;
    for (const entry of entriesOf(line.text)) if (entry.kind === 'callback') return entry.callback.arrivedAt;
  }
  return Number.MAX_SAFE_INTEGER;
}
