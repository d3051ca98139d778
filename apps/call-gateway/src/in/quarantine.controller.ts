import { QuarantineList, QuarantineOutcome } from '@cc/contracts';
import { CcError, defined } from '@cc/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validBody } from './body-validation';
import { Operator, OperatorKeyGuard } from './key.guard';
import { OperatorOrders } from './operator-orders';
import { MayReasonBody, ReasonBody } from './operator.bodies';
import { parseQuarantineQuery } from './queries';

const KEEPER = 'event-dispatcher';
const NOTIFICATION_ID = /^[\x21-\x7e]{1,64}$/;

/** Vendors' messages that could not be used: event-dispatcher keeps them, and is asked. */
@Controller('v1/operator/quarantine')
@UseGuards(OperatorKeyGuard)
export class QuarantineController {
  constructor(private readonly orders: OperatorOrders) {}

  @Get()
  async list(@Operator() operator: string, @Query() query: Record<string, string>): Promise<QuarantineList> {
    const { channel, cause, after, limit } = parseQuarantineQuery(query);
    return this.orders.one(operator, KEEPER, { type: 'cc.operator.list-quarantine.v1', limit, ...defined({ channel, cause, after }) }, QuarantineList);
  }

  /** Delivers it once more, whatever its checks have said. */
  @Post(':notificationId/release')
  @HttpCode(200)
  async release(@Operator() operator: string, @Param('notificationId') id: string, @Body() body: unknown): Promise<QuarantineOutcome> {
    const { reason = '' } = await validBody(MayReasonBody, body);
    return this.orders.one(operator, KEEPER, { type: 'cc.operator.release-quarantined.v1', notificationId: checked(id), reason }, QuarantineOutcome);
  }

  /** Forgets it for good. */
  @Post(':notificationId/drop')
  @HttpCode(200)
  async drop(@Operator() operator: string, @Param('notificationId') id: string, @Body() body: unknown): Promise<QuarantineOutcome> {
    const { reason } = await validBody(ReasonBody, body);
    return this.orders.one(operator, KEEPER, { type: 'cc.operator.drop-quarantined.v1', notificationId: checked(id), reason }, QuarantineOutcome);
  }
}

function checked(id: string): string {
  if (!NOTIFICATION_ID.test(id)) throw new CcError('missing', 'no-such-notification', 'There is no such message in quarantine: the list gives their ids');
  return id;
}
