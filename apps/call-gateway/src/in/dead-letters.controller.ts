import { DeadLetterRelease, DeadLetterView, ParkedKeyList, topics, type OperatorFault } from '@cc/contracts';
import { CcError, defined } from '@cc/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validBody } from './body-validation';
import { Operator, OperatorKeyGuard } from './key.guard';
import { OperatorOrders } from './operator-orders';
import { MayReasonBody, ReasonBody } from './operator.bodies';
import { parseDeadLetterAddress, parseDeadLetterQuery } from './queries';

interface DeadLetterPage {
  readonly items: readonly ({ readonly service: string } & ParkedKeyList['items'][number])[];
  /** Of each service that answered, how many keys are parked there; more than its items where those were cut off. */
  readonly totals: readonly { readonly service: string; readonly total: number }[];
  /** Services that did not answer: nothing is known of what is parked there. */
  readonly silent: readonly { readonly service: string; readonly detail: string }[];
  readonly failed: readonly ({ readonly service: string } & OperatorFault)[];
}

/** What the services could not process. Each has its own, and is asked for it. */
@Controller('v1/operator/dead-letters')
@UseGuards(OperatorKeyGuard)
export class DeadLettersController {
  constructor(private readonly orders: OperatorOrders) {}

  @Get()
  async list(@Operator() operator: string, @Query() query: Record<string, string>): Promise<DeadLetterPage> {
    const { service, topic, after, limit } = parseDeadLetterQuery(query);
    const services = service === undefined ? topics.operatorCommands.readBy : [service];
    const replies = await this.orders.each(operator, services, { type: 'cc.operator.list-dead-letters.v1', limit, ...defined({ topic, after }) }, ParkedKeyList);
    return {
      items: replies.flatMap((reply) => (reply.kind === 'done' ? reply.result.items.map((item) => ({ service: reply.service, ...item })) : [])),
      totals: replies.flatMap((reply) => (reply.kind === 'done' ? [{ service: reply.service, total: reply.result.total }] : [])),
      silent: replies.flatMap((reply) => (reply.kind === 'silent' ? [{ service: reply.service, detail: reply.detail }] : [])),
      failed: replies.flatMap((reply) => (reply.kind === 'failed' ? [{ service: reply.service, ...reply.fault }] : [])),
    };
  }

  @Get(':service/:letter')
  async show(@Operator() operator: string, @Param('service') named: string, @Param('letter') id: string): Promise<DeadLetterView> {
    const { service, letter } = addressOf(named, id);
    return this.orders.one(operator, service, { type: 'cc.operator.show-dead-letter.v1', letter }, DeadLetterView);
  }

  /** Delivers the records of its key again, in order, as far as they can be processed now. */
  @Post(':service/:letter/release')
  @HttpCode(200)
  async release(@Operator() operator: string, @Param('service') named: string, @Param('letter') id: string, @Body() body: unknown): Promise<DeadLetterRelease> {
    const { service, letter } = addressOf(named, id);
    const { reason = '' } = await validBody(MayReasonBody, body);
    return this.orders.one(operator, service, { type: 'cc.operator.release-dead-letters.v1', letter, reason }, DeadLetterRelease);
  }

  /** Forgets this one record for good; those that only waited behind it are delivered. */
  @Post(':service/:letter/drop')
  @HttpCode(200)
  async drop(@Operator() operator: string, @Param('service') named: string, @Param('letter') id: string, @Body() body: unknown): Promise<DeadLetterRelease> {
    const { service, letter } = addressOf(named, id);
    const { reason } = await validBody(ReasonBody, body);
    return this.orders.one(operator, service, { type: 'cc.operator.drop-dead-letter.v1', letter, reason }, DeadLetterRelease);
  }
}

function addressOf(service: string, letter: string): NonNullable<ReturnType<typeof parseDeadLetterAddress>> {
  const address = parseDeadLetterAddress(service, letter);
  if (address === undefined) throw new CcError('missing', 'no-such-dead-letter', `There is no dead letter ${service.slice(0, 32)}/${letter.slice(0, 20)}: it is <service>/<number>, as the list gives it`);
  return address;
}
