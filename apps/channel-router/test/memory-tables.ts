import type { PlaceCall } from '@cc/contracts';
import { liveStates, type AttemptState } from '../src/domain/attempt';
import type { NewAttempt, Settlement } from '../src/domain/ledger';

export interface StoredCall {
  readonly callId: string;
  readonly state: 'queued' | 'live' | 'closed';
  readonly command: PlaceCall | undefined;
  readonly nextTry: number;
  readonly position: number;
  readonly queuedAt: number;
  readonly waitsFor: string | undefined;
  readonly cancelled: boolean;
}

export interface StoredAttempt extends NewAttempt {
  readonly state: AttemptState;
  readonly vendorCallId: string | undefined;
  readonly settlement: Settlement | undefined;
  readonly acceptedAt: number | undefined;
  readonly heardAt: number | undefined;
  readonly answered: boolean;
  readonly hangUpTries: number;
  readonly notFoundSince: number | undefined;
  readonly hangUpAt: number | undefined;
  readonly lateRing: boolean;
  readonly connectedAt: number | undefined;
  readonly overAt: number | undefined;
  readonly lacksEnd: boolean;
  readonly repairAt: number | undefined;
  readonly repairAskedAt: number | undefined;
  readonly repairTries: number;
  readonly expired: boolean;
}

export interface StoredAccount {
  readonly nextQuery: number;
  readonly turns: number;
  readonly nextReconciliation: number;
}

export const isLive = ({ state }: { readonly state: AttemptState }): boolean => liveStates.includes(state);

/** A map whose changes can be taken back. */
export class Table<T> {
  readonly rows = new Map<string, T>();

  constructor(private readonly undo: (() => void)[]) {}

  set(key: string, row: T): void {
    const before = this.rows.get(key);
    this.undo.push(() => (before === undefined ? this.rows.delete(key) : this.rows.set(key, before)));
    this.rows.set(key, row);
  }

  delete(key: string): void {
    const before = this.rows.get(key);
    if (before === undefined) return;
    this.undo.push(() => this.rows.set(key, before));
    this.rows.delete(key);
  }

  values(): T[] {
    return [...this.rows.values()];
  }
}
