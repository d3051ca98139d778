import { decodeCallEvent, encodeCallRecord, topics } from '@cc/contracts';
import { EventLog, type Batch, type Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { foldCallEvents } from '../domain/fold-call-events';
import { PgCallRecords } from '../out/pg-call-records';

/** Call events in, call records out: each batch's new events are stored, and the record of every call they touch is folded anew. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly records: PgCallRecords,
    private readonly eventLog: EventLog,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async absorb(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallEvent, this.metrics);
    const histories = await this.records.addEvents(batch.tx, messages.map(({ message }) => message));
    const folded = histories.flatMap((events) => foldCallEvents(events) ?? []);
    await this.records.save(batch.tx, folded);
    await this.eventLog.appendInTransaction(batch.tx, topics.callRecords.name, folded.map(encodeCallRecord));
    return { kind: 'handled', parked };
  }
}
