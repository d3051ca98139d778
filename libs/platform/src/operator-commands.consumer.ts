import { topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { OperatorDesk } from './operator-desk';

/** Brings operators' commands to the desk, in every service that has one. */
@Controller()
export class OperatorCommandsConsumer {
  constructor(private readonly desk: OperatorDesk) {}

  @EventPattern(topics.operatorCommands.name)
  commands(@Payload() batch: Batch): Promise<Outcome> {
    return this.desk.take(batch);
  }
}
