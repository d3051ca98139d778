import type { CallRecord } from '@cc/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CallCatalogue } from '../out/call-catalogue';

/** Lets requests wait for a newer version of a call, whichever replica learns of it. */
@Injectable()
export class CallChanges implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly waiters = new Set<() => void>();
  private unlisten: (() => Promise<void>) | undefined;
  private closing = false;

  constructor(private readonly calls: CallCatalogue) {}

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.calls.onChange(() => this.wakeAll());
  }

  /** Whoever waits gets the call as it is. */
  async onModuleDestroy(): Promise<void> {
    this.closing = true;
    this.wakeAll();
    await this.unlisten?.();
  }

  /** The call as soon as its version is above `afterVersion` (absent: above the one that there is now), or as it is when `waitMs` have passed. */
  async recordAfter(tenant: string, callId: string, afterVersion: number | undefined, waitMs: number): Promise<CallRecord | undefined> {
    const deadline = Date.now() + waitMs;
    let above = afterVersion;
    for (;;) {
      const waiting = this.nextChange(deadline - Date.now());
      const record = await this.calls.find(tenant, callId);
      const settled = record === undefined || waitMs === 0 || record.version > (above ??= record.version);
      if (settled || this.closing || Date.now() >= deadline) {
        waiting.cancel();
        return record;
      }
      await waiting.promise;
    }
  }

  /** Registered before the record is read, so that no change falls between. */
  private nextChange(limitMs: number): { promise: Promise<void>; cancel: () => void } {
    let cancel = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      const waiter = (): void => cancel();
      const timer = setTimeout(() => cancel(), Math.max(0, limitMs));
      cancel = () => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      this.waiters.add(waiter);
    });
    return { promise, cancel: () => cancel() };
  }

  private wakeAll(): void {
    for (const wake of [...this.waiters]) wake();
  }
}
