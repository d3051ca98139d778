import { randomBytes } from 'node:crypto';
import type { HwSeatEvent } from './hw-seat-events';

export interface HwSeatSession {
  guid: string;
  /** The telephone that the agent signed in with. */
  readonly phone: string;
  lastPollAt: number;
  readonly events: HwSeatEvent[];
}

/** One seat: who is signed in, what it has still to be told, and its one call. */
export class HwSeat {
  session: HwSeatSession | undefined;
  callId: string | undefined;
  /** Ends the plan of the running call. */
  dropPlan: (() => void)[] = [];
  /** How far, epoch ms, the seat was told of which call. */
  toldUntil = -Infinity;
  toldOf: string | undefined;
  private heard: (() => void) | undefined;

  constructor(readonly agentId: number) {}

  signIn(phone: string, nowMs: number): HwSeatSession {
    this.interrupt();
    this.session = { guid: newGuid(), phone, lastPollAt: nowMs, events: [] };
    return this.session;
  }

  signOut(): void {
    this.session = undefined;
    this.interrupt();
  }

  tell(event: HwSeatEvent): void {
    this.session?.events.push(event);
    this.interrupt();
  }

  /** Resolves at the next event, sign-in or sign-out, or when another poll comes. */
  untilHeard(): Promise<void> {
    this.interrupt();
    return new Promise((resolve) => {
      this.heard = resolve;
    });
  }

  private interrupt(): void {
    this.heard?.();
    this.heard = undefined;
  }
}

export const newGuid = (): string => randomBytes(16).toString('hex');
