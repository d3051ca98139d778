import { decodeCallCommand, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PgCalls } from '../out/pg-calls';

/** Commands in: calls to place join the queue, calls to cancel are marked; the dial loop is woken when that is committed. */
@Controller()
export class CallCommandsConsumer {
  constructor(
    private readonly calls: PgCalls,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callCommands.name)
  async accept(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallCommand, this.metrics);
    await this.calls.enqueue(batch.tx, messages.flatMap(({ message }) => (message.type === 'cc.call.place.v1' ? [message] : [])), this.clock.nowMs());
    await this.calls.requestCancel(batch.tx, messages.flatMap(({ message }) => (message.type === 'cc.call.cancel.v1' ? [message.callId] : [])));
    await this.calls.wake(batch.tx);
    return { kind: 'handled', parked };
  }
}
