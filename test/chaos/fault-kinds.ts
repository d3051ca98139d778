import { pause } from '@cc/kernel';
import { serviceNames, type Service } from '../e2e/system';
import type { ChaosSystem } from './chaos-system';
import type { FaultKind, FaultTarget } from './fault-plan';

/** Heals what it did; resolves when the world is as before, or on its way there. */
export type Heal = () => Promise<void>;

/** A kind of fault with what it does. */
export interface ChaosFault extends FaultKind {
  /** @throws where it could not be done: then it did not happen. */
  begin(system: ChaosSystem, target: string, lastsMs: number): Promise<Heal>;
}

const services: readonly FaultTarget[] = serviceNames.map((name) => ({ name, occupies: [name] }));
const serviceOf = (system: ChaosSystem, target: string): ChaosSystem['services'][Service] => {
  const name = serviceNames.find((one) => one === target);
  if (name === undefined) throw new Error(`There is no service ${target}`);
  return system.services[name];
};

const serviceKilled: ChaosFault = {
  name: 'service killed (kill -9)', targets: services, lasts: [0, 15], comesRound: 6,
  begin: async (system, target) => {
    const service = serviceOf(system, target);
    await service.kill();
    return async () => service.start();
  },
};

const serviceStopped: ChaosFault = {
  // Longer than a Kafka session and than a lease.
  name: 'service stopped (SIGSTOP)', targets: services, lasts: [1, 40], comesRound: 6,
  begin: async (system, target) => {
    const service = serviceOf(system, target);
    service.pause();
    return async () => service.resume();
  },
};

/** Every kind of fault that there is. */
export const chaosFaults: readonly ChaosFault[] = [serviceKilled, serviceStopped];

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
  async run(plan: readonly { readonly kind: string; readonly target: string; readonly atMs: number; readonly lastsMs: number }[], signal: AbortSignal): Promise<void> {
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
      const heal = await fault.begin(this.system, target, lastsMs);
      await pause(lastsMs, signal);
      await heal();
      this.happened.push({ kind, target, at, lastedMs: Date.now() - at });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.say(`${kind}: ${target} did not happen: ${reason}`);
      this.didNot.push({ kind, target, reason });
    }
  }
}
