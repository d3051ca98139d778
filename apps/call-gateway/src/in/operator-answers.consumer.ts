import { decodeOperatorAnswer, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { OperatorAnswerCatalogue } from '../out/operator-answer-catalogue';

/** Keeps the services' answers for the requests that wait for them, whichever replica has those. */
@Controller()
export class OperatorAnswersConsumer {
  constructor(
    private readonly answers: OperatorAnswerCatalogue,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.operatorAnswers.name)
  async heard(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeOperatorAnswer, this.metrics);
    await this.answers.save(batch.tx, messages.map(({ message }) => message), this.clock.nowMs());
    return { kind: 'handled', parked };
  }
}
