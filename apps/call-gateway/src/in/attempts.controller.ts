import { encodeCallCommand, topics } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, Clock } from '@cc/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import type { AttemptInDoubt } from '../domain/call-attempts';
import { DoubtCatalogue } from '../out/doubt-catalogue';
import type { Page } from '../out/page';
import { CC_ID } from './body-rules';
import { validBody } from './body-validation';
import { Operator, OperatorKeyGuard } from './key.guard';
import { ResolveBody } from './operator.bodies';
import { parseDoubtQuery } from './queries';

/** The attempts of all tenants of which nobody can tell what became of them: an operator can. */
@Controller('v1/attempts')
@UseGuards(OperatorKeyGuard)
export class AttemptsController {
  constructor(
    private readonly doubts: DoubtCatalogue,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  @Get()
  list(@Query() query: Record<string, string>): Promise<Page<AttemptInDoubt>> {
    return this.doubts.page(parseDoubtQuery(query));
  }

  /** Asks the router to take the operator's word; the attempt leaves the list when it has. */
  @Post(':attemptId/resolve')
  @HttpCode(202)
  async resolve(@Operator() operator: string, @Param('attemptId') attemptId: string, @Body() raw: unknown): Promise<AttemptInDoubt> {
    const { resolution, reason } = await validBody(ResolveBody, raw);
    const doubt = CC_ID.test(attemptId) ? await this.doubts.find(attemptId) : undefined;
    if (doubt === undefined) throw new CcError('missing', 'not-in-doubt', `There is no attempt ${attemptId.slice(0, 64)} in doubt: it was settled already, or never was`);
    const { callId, tenant } = doubt;
    const issuedAt = this.clock.nowMs();
    await this.eventLog.append(topics.callCommands.name, [encodeCallCommand({ type: 'cc.call.resolve-attempt.v1', id: `${attemptId}/resolve/${issuedAt}`, callId, tenant, issuedAt, attemptId, resolution, operator, reason })]);
    return doubt;
  }
}
