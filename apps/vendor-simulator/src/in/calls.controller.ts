import { CcError, Clock } from '@cc/kernel';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { viewOfCall } from '../domain/call-view';
import { Exchange } from '../domain/exchange';
import { handActs } from '../domain/hand';
import { vendorOf } from './vendor-name';

/** The calls, and a hand at their phones. */
@Controller('control/calls')
export class CallsController {
  constructor(
    private readonly exchange: Exchange,
    private readonly clock: Clock,
  ) {}

  /** Every call that the exchange remembers, with its whole planned course. */
  @Get()
  list(): { items: readonly object[] } {
    const nowMs = this.clock.nowMs();
    return { items: this.exchange.all().map((call) => viewOfCall(call, nowMs)) };
  }

  /** Answers, declines or hangs up one phone of a live call. @returns the call with its new course */
  @Post(':vendor/:id/:leg/:act')
  @HttpCode(200)
  play(@Param('vendor') name: string, @Param('id') id: string, @Param('leg') legName: string, @Param('act') actName: string): object {
    const leg = (['A', 'B'] as const).find((one) => one === legName.toUpperCase());
    const act = handActs.find((one) => one === actName);
    if (leg === undefined || act === undefined) throw new CcError('missing', 'unknown-act', `There is no such act: the leg is a or b, the act ${handActs.join(', ')}`);
    const outcome = this.exchange.play(vendorOf(name), id, leg, act);
    if (outcome.kind === 'unknown-call') throw new CcError('missing', 'unknown-call', 'The exchange knows no such call');
    if (outcome.kind === 'impossible') {
      const { state, can } = outcome.leg;
      throw new CcError('conflict', 'impossible-act', `Leg ${leg} is ${state}: a hand can ${can.length === 0 ? 'do nothing' : `only ${can.join(' or ')}`} now`);
    }
    return viewOfCall(outcome.call, this.clock.nowMs());
  }
}
