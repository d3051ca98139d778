import { pause } from '@cc/kernel';
import type { ChaosSystem } from './chaos-system';
import { CannotHappenHere, type ChaosFault } from './chaos-fault';
import type { PlannedFault } from './fault-plan';

export interface FaultThatHappened {
  readonly kind: string;
  readonly target: string;
  /** Epoch ms. */
  readonly at: number;
  readonly lastedMs: number;
}

export interface FaultThatDidNot {
  readonly kind: string;
  readonly target: string;
  readonly reason: string;
  /** The machine lacks what it takes; nothing is wrong with the run. */
  readonly impossible: boolean;
}

/** Carries out a plan. */
export class Nemesis {
  readonly happened: FaultThatHappened[] = [];
  readonly didNot: FaultThatDidNot[] = [];

  constructor(
    private readonly system: ChaosSystem,
    private readonly kinds: readonly ChaosFault[],
    private readonly say: (line: string) => void,
  ) {}

  /** Resolves when every fault is over and healed. An abort leaves out those that have not begun. */
  async run(plan: readonly PlannedFault[], signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const running: Promise<void>[] = [];
    for (const { kind, target, atMs, lastsMs } of plan) {
      await pause(Math.max(0, began + atMs - performance.now()), signal);
      if (signal.aborted) break;
      const fault = this.kinds.find(({ name }) => name === kind);
      if (fault !== undefined) running.push(this.carryOut(fault, target, lastsMs, signal));
    }
    await Promise.all(running);
  }

  private async carryOut(fault: ChaosFault, target: string, lastsMs: number, signal: AbortSignal): Promise<void> {
    const { name: kind } = fault;
    const at = Date.now();
    this.say(`${kind}: ${target}, ${(lastsMs / 1000).toFixed(1)} s`);
    try {
      const heal = await fault.begin(this.system, target);
      await pause(lastsMs, signal);
      await heal();
      this.happened.push({ kind, target, at, lastedMs: Date.now() - at });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.say(`${kind}: ${target} did not happen: ${reason}`);
      this.didNot.push({ kind, target, reason, impossible: error instanceof CannotHappenHere });
    }
  }
}
