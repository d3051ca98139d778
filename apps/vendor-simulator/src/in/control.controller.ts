import { Clock } from '@cc/kernel';
import { Controller, Delete, Get, HttpCode, Query } from '@nestjs/common';
import { z } from 'zod';
import { Exchange } from '../domain/exchange';
import { Pace } from '../domain/pace';
import { summarizeRings, type RingSummary } from '../domain/ring-summary';
import { phaseAt, type Ring } from '../domain/simulated-call';
import { Tally } from '../domain/tally';
import { parseQuery } from './json-body';

const RingQuery = z.strictObject({ number: z.string().min(3).optional(), since: z.coerce.number().int().min(0).optional(), attempt: z.string().min(1).optional() });

/** What a tester sees and the vendors' customers never do. */
@Controller('control')
export class ControlController {
  constructor(
    private readonly exchange: Exchange,
    private readonly tally: Tally,
    private readonly pace: Pace,
    private readonly clock: Clock,
  ) {}

  /** Every ring of every leg, in order of time: the oracle. `?number=` in any form, `?since=` epoch ms, `?attempt=` what the dial sent to get it back. */
  @Get('rings')
  listRings(@Query() query: unknown): { items: readonly Ring[] } {
    return { items: this.exchange.rings(parseQuery(RingQuery, query)) };
  }

  /** The rings counted by dial, and the calls for which a phone rang twice. The same filters. */
  @Get('rings/summary')
  summary(@Query() query: unknown): RingSummary {
    return summarizeRings(this.exchange.rings(parseQuery(RingQuery, query)));
  }

  /** Forgets the rings up to now. */
  @Delete('rings')
  @HttpCode(204)
  clearRings(): void {
    this.exchange.clearRings();
  }

  /** The simulator's speed and clock, the calls by phase, and how often each thing happened. */
  @Get('stats')
  stats(): object {
    const nowMs = this.clock.nowMs();
    const phases = { waiting: 0, calling: 0, talking: 0, ended: 0 };
    for (const call of this.exchange.all()) phases[phaseAt(call, nowMs)] += 1;
    return { speed: this.pace.speed, nowMs, calls: phases, counts: this.tally.all() };
  }
}
