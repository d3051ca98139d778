import { RecordsRebuild } from '@cc/contracts';
import { defined } from '@cc/kernel';
import { InvalidRequest } from '@cc/platform';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { validBody } from './body-validation';
import { Operator, OperatorKeyGuard } from './key.guard';
import { OperatorOrders } from './operator-orders';
import { RebuildBody } from './operator.bodies';

/** Has the record store compare its records with their events, and store those anew that differ; one page of calls a request. */
@Controller('v1/operator/records')
@UseGuards(OperatorKeyGuard)
export class RecordsRebuildController {
  constructor(private readonly orders: OperatorOrders) {}

  @Post('rebuild')
  @HttpCode(200)
  async rebuild(@Operator() operator: string, @Body() body: unknown): Promise<RecordsRebuild> {
    const { callId, from, to, after, dryRun = false } = await validBody(RebuildBody, body);
    if (callId !== undefined && (from !== undefined || to !== undefined)) throw new InvalidRequest([{ pointer: '/callId', detail: 'goes without from and to' }]);
    return this.orders.one(operator, 'record-store', { type: 'cc.operator.rebuild-records.v1', dryRun, ...defined({ callId, from, to, after }) }, RecordsRebuild);
  }
}
