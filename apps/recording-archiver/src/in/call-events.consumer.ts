import { decoderOfCallEvents, topics, type CallEventOf } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Channels } from '@cc/vendors';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PgArchiveTasks, type NewTask } from '../out/pg-archive-tasks';

const DAY_MS = 24 * 60 * 60 * 1000;
const decode = decoderOfCallEvents('cc.call.recording-available.v1');

/** Each recording that a vendor has becomes a task. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly tasks: PgArchiveTasks,
    private readonly channels: Channels,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async take(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decode, this.metrics);
    await this.tasks.add(batch.tx, messages.map(({ message }) => this.taskOf(message)));
    return { kind: 'handled', parked };
  }

  private taskOf(event: CallEventOf<'cc.call.recording-available.v1'>): NewTask {
    const access = this.channels.find(event.channel)?.adapter.recording;
    const { attemptId, callId, tenant, channel, vendorCallId, vendorUrl, recordedAt } = event;
    return { attemptId, callId, tenant, channel, vendorCallId, vendorUrl, availableAt: recordedAt, firstTryAt: recordedAt + (access?.firstTryAfterMs ?? 0), giveUpAt: recordedAt + (access?.giveUpAfterMs ?? DAY_MS) };
  }
}
