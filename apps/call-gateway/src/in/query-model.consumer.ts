import { decodeCallEvent, decodeCallRecord, decodeChannelHealth, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { CallCatalogue } from '../out/call-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { DoubtCatalogue } from '../out/doubt-catalogue';
import { RouterNews } from '../out/router-news';

/** Keeps what the API answers from: records, timelines, channels and doubts. */
@Controller()
export class QueryModelConsumer {
  constructor(
    private readonly calls: CallCatalogue,
    private readonly channels: ChannelCatalogue,
    private readonly doubts: DoubtCatalogue,
    private readonly news: RouterNews,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callRecords.name)
  async records(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallRecord, this.metrics);
    await this.calls.saveRecords(batch.tx, messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }

  @EventPattern(topics.callEvents.name)
  async events(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallEvent, this.metrics);
    const events = messages.map(({ message }) => message);
    await this.calls.addEvents(batch.tx, events);
    await this.doubts.follow(batch.tx, events);
    if (events.some(({ type }) => type === 'cc.call.attempt-started.v1' || type === 'cc.call.ended.v1')) await this.news.spread(batch.tx);
    return { kind: 'handled', parked };
  }

  @EventPattern(topics.channelHealth.name)
  async health(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeChannelHealth, this.metrics);
    await this.channels.save(batch.tx, messages.map(({ message }) => message));
    return { kind: 'handled', parked };
  }
}
