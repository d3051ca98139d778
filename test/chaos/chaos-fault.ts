import type { ChaosSystem } from './chaos-system';
import type { FaultKind } from './fault-plan';

/** Heals what it did; resolves when the world is as before, or on its way there. @throws where the fault turns out not to have happened. */
export type Heal = () => Promise<void>;

/** A kind of fault with what it does. */
export interface ChaosFault extends FaultKind {
  /** @throws where it could not be done: then it did not happen. @throws CannotHappenHere where this machine lacks what it takes. */
  begin(system: ChaosSystem, target: string): Promise<Heal>;
}

export class CannotHappenHere extends Error {}
