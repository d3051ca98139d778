import { decodeCallCommand, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Router } from '../domain/router';
import { PgLedger } from '../out/pg-ledger';

/** Commands in: calls to place join the queue, those to end are marked; the loops are woken when that is committed. */
@Controller()
export class CallCommandsConsumer {
  constructor(
    private readonly ledger: PgLedger,
    private readonly router: Router,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callCommands.name)
  async accept(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallCommand, this.metrics);
    await this.router.obey(this.ledger.within(batch.tx), messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }
}
