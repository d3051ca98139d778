import { decoderOfCallEvents, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Channels } from '@cc/vendors';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PgPollTasks } from '../out/pg-poll-tasks';
import { PollerSettings } from '../poller.config';

const decode = decoderOfCallEvents('cc.call.attempt-accepted.v1', 'cc.call.ended.v1');

/** A call accepted by a channel that must be polled becomes a task; the end of a call ends its task. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly tasks: PgPollTasks,
    private readonly channels: Channels,
    private readonly clock: Clock,
    private readonly settings: PollerSettings,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async follow(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decode, this.metrics);
    const events = messages.map(({ message }) => message);
    const nowMs = this.clock.nowMs();
    const accepted = events.flatMap((event) => (event.type === 'cc.call.attempt-accepted.v1' && this.isPolled(event.channel) ? [event] : []));
    await this.tasks.add(batch.tx, accepted, nowMs, nowMs + this.settings.values.followSeconds * 1000);
    const ended = events.flatMap((event) => (event.type === 'cc.call.ended.v1' && event.attemptId !== undefined && event.channel !== undefined && this.isPolled(event.channel) ? [event.attemptId] : []));
    await this.tasks.end(batch.tx, ended, nowMs);
    return { kind: 'handled', parked };
  }

  private isPolled(channel: string): boolean {
    return this.channels.find(channel)?.adapter.polling !== undefined;
  }
}
