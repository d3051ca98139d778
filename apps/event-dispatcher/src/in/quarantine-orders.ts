import type { DropQuarantined, ListQuarantine, QuarantineList, QuarantineOutcome, ReleaseQuarantined } from '@cc/contracts';
import { defined, Log, maskNumbersIn } from '@cc/kernel';
import { OperatorDesk } from '@cc/platform';
import type { Tx } from '@cc/postgres';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { QuarantineEntry } from '../out/pg-quarantine';
import { Quarantine } from './quarantine';

const LONGEST_REASON = 300;

/** What operators order of the quarantine. */
@Injectable()
export class QuarantineOrders implements OnApplicationBootstrap {
  constructor(
    private readonly desk: OperatorDesk,
    private readonly quarantine: Quarantine,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.desk.add('cc.operator.list-quarantine.v1', (command, tx) => this.list(command, tx));
    this.desk.add('cc.operator.release-quarantined.v1', (command, tx) => this.release(command, tx));
    this.desk.add('cc.operator.drop-quarantined.v1', (command, tx) => this.drop(command, tx));
  }

  private async list({ channel, cause, after, limit }: ListQuarantine, tx: Tx): Promise<QuarantineList> {
    return { items: (await this.quarantine.list(tx, defined({ channel, cause }), { limit, ...defined({ after }) })).map(listed) };
  }

  private async release({ notificationId, operator, reason }: ReleaseQuarantined, tx: Tx): Promise<QuarantineOutcome> {
    const released = await this.quarantine.release(tx, notificationId, operator);
    this.log.info('an operator had a quarantined notification delivered', { notificationId, operator, reason, outcome: released.kind });
    return { outcome: released.kind, ...defined({ reason: released.kind === 'kept' ? shown(released.reason) : undefined }) };
  }

  private async drop({ notificationId, operator, reason }: DropQuarantined, tx: Tx): Promise<QuarantineOutcome> {
    const dropped = await this.quarantine.drop(tx, notificationId);
    this.log.warn('an operator had a quarantined notification dropped', { notificationId, operator, reason, dropped });
    return { outcome: dropped ? 'dropped' : 'gone' };
  }
}

function listed({ position, header: { id, channel, kind, receivedAt, attemptId, vendorCallId }, cause, reason, keptSince }: QuarantineEntry): QuarantineList['items'][number] {
  return { position, notificationId: id, channel, kind, cause, reason: shown(reason), receivedAt, keptSince, ...defined({ attemptId, vendorCallId: vendorCallId === undefined ? undefined : maskNumbersIn(vendorCallId) }) };
}

const shown = (text: string): string => maskNumbersIn(text).slice(0, LONGEST_REASON);
