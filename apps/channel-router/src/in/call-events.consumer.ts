import { decodeCallEvent, topics, type CallEvent } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { ChannelRouterSettings } from '../channel-router.config';
import { watchOf } from '../domain/attempt';
import { PgCalls } from '../out/pg-calls';

/** What the vendors told, back at the router: an attempt in doubt is confirmed, the end of a call frees its line. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly calls: PgCalls,
    private readonly clock: Clock,
    private readonly settings: ChannelRouterSettings,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async follow(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeCallEvent, this.metrics);
    const events = messages.map(({ message }) => message);
    await this.calls.confirm(batch.tx, events.flatMap(proofOfPlacement), watchOf('accepted', 0, this.clock.nowMs(), this.settings.values));
    const ended = events.flatMap((event) => (event.type === 'cc.call.ended.v1' && event.attemptId !== undefined ? [event.attemptId] : []));
    await this.calls.end(batch.tx, ended);
    if (ended.length > 0) await this.calls.wake(batch.tx);
    return { kind: 'handled', parked };
  }
}

/** A vendor's message about an attempt proves that it was placed, whatever the dial's answer was. */
function proofOfPlacement(event: CallEvent): { attemptId: string; vendorCallId?: string }[] {
  switch (event.type) {
    case 'cc.call.attempt-accepted.v1':
      return [{ attemptId: event.attemptId, vendorCallId: event.vendorCallId }];
    case 'cc.call.a-ringing.v1':
    case 'cc.call.a-answered.v1':
    case 'cc.call.b-ringing.v1':
    case 'cc.call.connected.v1':
      return [{ attemptId: event.attemptId }];
    default:
      return [];
  }
}
