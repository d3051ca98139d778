import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@cc/kernel';
import { eventually } from '@cc/testing';
import { backendFaults } from './backend-faults';
import type { ChaosFault } from './chaos-fault';
import { startChaosSystem, type ChaosSystem } from './chaos-system';
import { diskFaults } from './disk-faults';
import { planFaults, seededRandom } from './fault-plan';
import { Load } from './load';
import { ShownCall } from './model';
import { Nemesis } from './nemesis';
import { Oracle, unfinished, type Findings } from './oracle';
import { RecordWatch } from './record-watch';
import { textOf, type Recovery, type RunReport } from './report';
import { serviceFaults } from './service-faults';
import { vendorCalls } from './vendor-side';

export interface RunOptions {
  readonly seed: number;
  /** How long faults happen. */
  readonly minutes: number;
  readonly callsPerSecond: number;
  readonly speed: number;
  /** How long the system may take to come to rest afterwards. */
  readonly recoverySeconds: number;
  /** Of the kinds of faults those whose name contains one of these; all where there are none. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
}

/** A run shorter than this need not have seen every kind of fault. */
const SOMETIMES_MINUTES = 30;
/** A long run in which one of these figures is 0 has proven little. */
const SOMETIMES = ['callbacks acknowledged', 'callbacks refused', 'callbacks without an answer', 'notifications repeated in the log', 'placements repeated', 'recordings archived'];
const LOOK_MS = 2000;
/** The faults begin when calls are under way. */
const WARM_UP_MS = 5000;
const FRESH_CALL_LIMIT_MS = 120_000;

/** Scenarios whose recording cannot be had whole. */
const HOPELESS = ['97', '98'];

/** Every kind of fault that there is. */
const chaosFaults: readonly ChaosFault[] = [...serviceFaults, ...backendFaults, ...diskFaults];

/** One run from start to verdict; its report, the plan and the processes' logs lie in `test-output/chaos/<seed>`. */
export async function runChaos(options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const outputDir = join('test-output', 'chaos', String(options.seed));
  // Logs of an earlier run of the same seed would only mislead.
  rmSync(outputDir, { recursive: true, force: true });
  mkdirSync(outputDir, { recursive: true });
  const system = await startChaosSystem({ logDir: outputDir, speed: options.speed });
  try {
    const report = await new Run(options, system, outputDir).play(signal);
    writeFileSync(join(outputDir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(outputDir, 'report.md'), textOf(report));
    return report;
  } finally {
    await system.stop();
  }
}

class Run {
  private readonly began = Date.now();
  private readonly load: Load;

  constructor(
    private readonly options: RunOptions,
    private readonly system: ChaosSystem,
    private readonly outputDir: string,
  ) {
    this.load = new Load(system.api, seededRandom(options.seed + 1), `chaos-${options.seed}`);
  }

  async play(signal: AbortSignal): Promise<RunReport> {
    const { seed, minutes, callsPerSecond, speed, only } = this.options;
    const { system, load } = this;
    const kinds = chaosFaults.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
    const plan = planFaults(seed, minutes * 60_000, kinds);
    writeFileSync(join(this.outputDir, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    this.say(`seed ${seed}: ${plan.length} faults in ${minutes} minutes, ${callsPerSecond} calls a second`);
    const { status } = await system.api.put('/businesses/chaos', { mainNumber: '4001234567', extension: '801' });
    if (status !== 200) throw new Error(`the business was not taken: ${status}`);
    const watch = await RecordWatch.start(system.brokers, `chaos-watch-${seed}`);
    const nemesis = new Nemesis(system, kinds, (line) => this.say(line));
    const over = new AbortController();
    signal.addEventListener('abort', () => over.abort());
    const loading = load.run(callsPerSecond, over.signal);
    await pause(WARM_UP_MS, over.signal);
    await Promise.all([nemesis.run(plan, over.signal), pause(minutes * 60_000, over.signal)]);
    over.abort();
    await loading;
    this.say(`the faults are over: ${load.placements.length} calls, ${system.door.seen.length} callbacks`);
    const recovery = await this.recover();
    this.say(`${recovery.complete ? 'at rest' : 'NOT at rest'} after ${recovery.seconds} s`);
    const freshCallSeconds = await this.callFresh();
    const findings = await new Oracle(system, load, speed).judge();
    const lags = watch.lagsOf(await vendorCalls(system.simulator));
    await watch.stop();
    return {
      seed, at: new Date(this.began).toISOString(), minutes, callsPerSecond, speed, plan, happened: nemesis.happened, didNot: nemesis.didNot,
      missing: minutes < SOMETIMES_MINUTES ? [] : [...unseenFaults(kinds, nemesis), ...SOMETIMES.filter((figure) => findings.figures[figure] === 0)],
      recovery, freshCallSeconds, lags, selfMadeEnds: system.selfMadeEnds, findings: withWatch(findings, watch),
    };
  }

  private say(line: string): void {
    this.options.say(`${((Date.now() - this.began) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  }

  /** Waits until nothing is left to be done, or the limit is over. */
  private async recover(): Promise<Recovery> {
    const began = Date.now();
    const hopeless = this.load.placements.flatMap(({ to, key }) => (HOPELESS.includes(to.slice(-2)) ? [key] : []));
    for (;;) {
      const left = await unfinished(this.system, hopeless);
      const complete = Object.values(left).every((count) => count === 0);
      const seconds = Math.round((Date.now() - began) / 1000);
      if (complete || seconds >= this.options.recoverySeconds) return { seconds, complete, left };
      await pause(LOOK_MS);
    }
  }

  /** Liveness: a call that is placed now is carried out to its archived recording. Resolves to the seconds that it took. */
  private async callFresh(): Promise<number | undefined> {
    const began = Date.now();
    const { callId, refusal } = await this.load.placeFresh();
    if (callId === undefined) {
      this.say(`a fresh call was refused: ${refusal}`);
      return undefined;
    }
    try {
      await eventually(async () => {
        const call = ShownCall.parse((await this.system.api.get<unknown>(`/calls/${callId}`)).data);
        if (call.state !== 'close' || call.closeType !== 0 || call.recording.status !== 'archived') throw new Error(`it is ${call.state}, closed as ${call.closeType}, its recording ${call.recording.status}`);
      }, { limitMs: FRESH_CALL_LIMIT_MS, everyMs: 250 });
      return Math.round((Date.now() - began) / 1000);
    } catch (error) {
      this.say(`a fresh call did not work: ${String(error)}`);
      return undefined;
    }
  }
}

/** Kinds that never happened although they could have. */
function unseenFaults(kinds: readonly ChaosFault[], { happened, didNot }: Nemesis): string[] {
  const accounted = new Set([...happened, ...didNot.filter(({ impossible }) => impossible)].map(({ kind }) => kind));
  return kinds.map(({ name }) => name).filter((name) => !accounted.has(name));
}

function withWatch(findings: Findings, watch: RecordWatch): Findings {
  return { ...findings, violations: [...findings.violations, ...[...watch.wentBack].map((callId) => ({ about: callId, what: 'its record in the log was followed by an older one' }))] };
}
