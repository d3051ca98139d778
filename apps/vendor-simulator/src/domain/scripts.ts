import { nationalNumber } from './national-number';
import { scenarioOf, type Scenario, type ScenarioParts } from './scenario';
import type { VendorName } from './simulated-call';

/** What a tester posts: which calls it is for, and what they do. */
export interface ScriptOrder {
  /** The exact `to`, in any form; every one where it is missing. */
  readonly number?: string | undefined;
  readonly vendor?: VendorName | undefined;
  /** For how many dials; until it is deleted where it is missing. */
  readonly calls?: number | undefined;
  readonly scenario: ScenarioParts;
}

export interface Script {
  readonly id: string;
  readonly number: string | undefined;
  readonly vendor: VendorName | undefined;
  readonly callsLeft: number | undefined;
  readonly scenario: Scenario;
}

const MAX_SCRIPTS = 10_000;

/** The posted scripts. Of those that fit a dial the newest decides. */
export class Scripts {
  private readonly scripts = new Map<string, Script>();
  private posted = 0;

  /** Undefined when there are too many. */
  add({ number, vendor, calls, scenario }: ScriptOrder): Script | undefined {
    if (this.scripts.size >= MAX_SCRIPTS) return undefined;
    this.posted += 1;
    const id = `script-${this.posted}`;
    const script = { id, number, vendor, callsLeft: calls, scenario: scenarioOf('', { happens: 'As the posted script says', ...scenario, name: scenario.name ?? id }) };
    this.scripts.set(id, script);
    return script;
  }

  /** The scenario of a dial, which counts against the script's number of calls; undefined when no script fits. */
  take(vendor: VendorName, to: string): Scenario | undefined {
    const number = nationalNumber(to);
    const script = this.all().reverse().find((one) => (one.vendor ?? vendor) === vendor && (one.number === undefined || nationalNumber(one.number) === number));
    if (script === undefined) return undefined;
    if (script.callsLeft === 1) this.scripts.delete(script.id);
    else if (script.callsLeft !== undefined) this.scripts.set(script.id, { ...script, callsLeft: script.callsLeft - 1 });
    return script.scenario;
  }

  /** Oldest first. */
  all(): Script[] {
    return [...this.scripts.values()];
  }

  /** @returns whether there was such a script. */
  delete(id: string): boolean {
    return this.scripts.delete(id);
  }

  deleteAll(): void {
    this.scripts.clear();
  }
}
