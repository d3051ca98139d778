import { decodeChannelNotification, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Delivery } from './delivery';

/** Vendor messages in, call events out. */
@Controller()
export class NotificationsConsumer {
  constructor(
    private readonly delivery: Delivery,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.channelNotifications.name)
  async dispatch(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeChannelNotification, this.metrics);
    await this.delivery.deliver(batch.tx, messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }
}
