import type { Gateway } from './gateway';
import type { Ingest } from './ingest';
import { WrongUsage } from './wrong-usage';

export interface Option {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in the help; absent for a flag. */
  readonly value?: string;
  readonly help: string;
  readonly required?: true;
}

export interface Command {
  /** As it is typed: `call place`. */
  readonly name: string;
  readonly summary: string;
  /** `many`: of the last one there may be more than one. */
  readonly positionals: readonly { readonly name: string; readonly help: string; readonly many?: true }[];
  readonly options: Readonly<Record<string, Option>>;
  run(given: Given, gateway: Gateway, print: Print, more: Surroundings): Promise<void>;
}

/** What few commands need. */
export interface Surroundings {
  readonly ingest: Ingest;
  /** Tells how far it has come, to whoever watches: nothing with --json. */
  readonly tell: (progress: string) => void;
}

/** Shows a result: `data` with --json, else what `text` makes of it. */
export type Print = (data: unknown, text: () => string) => void;

/** The values that a command was given. */
export class Given {
  constructor(
    private readonly positionals: readonly string[],
    private readonly options: Readonly<Record<string, string | boolean | undefined>>,
  ) {}

  /** The n-th of the values without a name; the command line has made sure that it is there. */
  positional(index: number): string {
    return this.positionals[index] ?? '';
  }

  /** Every one of the values without a name. */
  every(): readonly string[] {
    return this.positionals;
  }

  text(name: string): string | undefined {
    const value = this.options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Of an option that is required. */
  needed(name: string): string {
    return this.text(name) ?? '';
  }

  flag(name: string): boolean {
    return this.options[name] === true;
  }

  /** @throws WrongUsage when it is no number. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text)) throw new WrongUsage(`--${name} must be a whole number`);
    return Number(text);
  }
}

/** The fields without those that are undefined: what was not typed is not sent. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
