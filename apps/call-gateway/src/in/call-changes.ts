import type { CallRecord } from '@cc/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CallCatalogue } from '../out/call-catalogue';
import { WaitingRoom } from './waiting-room';

/** Lets requests wait for a newer version of a call, whichever replica learns of it. */
@Injectable()
export class CallChanges implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly room = new WaitingRoom();
  private unlisten: (() => Promise<void>) | undefined;

  constructor(private readonly calls: CallCatalogue) {}

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.calls.onChange(() => this.room.wakeAll());
  }

  async onModuleDestroy(): Promise<void> {
    this.room.close();
    await this.unlisten?.();
  }

  /** The call as soon as its version is above `afterVersion` (absent: above the one that there is now), or as it is when `waitMs` have passed. */
  recordAfter(tenant: string, callId: string, afterVersion: number | undefined, waitMs: number): Promise<CallRecord | undefined> {
    let above = afterVersion;
    const isNewer = (record: CallRecord | undefined): boolean => record === undefined || record.version > (above ??= record.version);
    return this.room.until(() => this.calls.find(tenant, callId), isNewer, waitMs);
  }
}
