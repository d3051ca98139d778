import { decodeBinding, decodeChannelOverride, decodeSeatSession, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PgLedger } from '../out/pg-ledger';

/** Bindings of users, the operators' switches and the seats' sessions, as the next choice needs them. */
@Controller()
export class DirectoryConsumer {
  constructor(
    private readonly ledger: PgLedger,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.bindings.name)
  async bind(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeBinding, this.metrics);
    await this.ledger.within(batch.tx).directory.saveBindings(messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }

  @EventPattern(topics.channelOverrides.name)
  async override(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeChannelOverride, this.metrics);
    await this.ledger.within(batch.tx).channels.saveOverrides(messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }

  @EventPattern(topics.seatSessions.name)
  async seat(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeSeatSession, this.metrics);
    await this.ledger.within(batch.tx).directory.saveSessions(messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }
}
