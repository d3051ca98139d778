import { decoderOfCallEvents, placementProofs, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Router } from '../domain/router';
import { PgLedger } from '../out/pg-ledger';

const decode = decoderOfCallEvents(...placementProofs, 'cc.call.ended.v1', 'cc.call.recording-available.v1');

/** What the vendors told, back at the router: an attempt in doubt is confirmed, the end of a call frees its line. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly ledger: PgLedger,
    private readonly router: Router,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async follow(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decode, this.metrics);
    await this.router.learn(this.ledger.within(batch.tx), messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }
}
