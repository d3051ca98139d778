import { Clock } from '@cc/kernel';
import { InvalidRequest } from '@cc/platform';
import { Controller, Delete, Get, HttpCode, Query } from '@nestjs/common';
import { z } from 'zod';
import { Exchange } from '../domain/exchange';
import { Pace } from '../domain/pace';
import { scenarios } from '../domain/scenario';
import { phaseAt, type Ring, type SimulatedCall } from '../domain/simulated-call';
import { Tally } from '../domain/tally';

const RingQuery = z.strictObject({ number: z.string().min(3).optional(), since: z.coerce.number().int().min(0).optional() });

/** What a tester sees and the vendors' customers never do. */
@Controller('control')
export class ControlController {
  constructor(
    private readonly exchange: Exchange,
    private readonly tally: Tally,
    private readonly pace: Pace,
    private readonly clock: Clock,
  ) {}

  /** The scenarios by the last two digits of `to`. */
  @Get('scenarios')
  listScenarios(): { items: readonly { digits: string; name: string; happens: string }[] } {
    return { items: scenarios.map(({ digits, name, happens }) => ({ digits, name, happens })) };
  }

  /** Every ring of every leg, in order of time: the oracle. `?number=` in any form, `?since=` epoch ms. */
  @Get('rings')
  listRings(@Query() query: unknown): { items: readonly Ring[] } {
    const parsed = RingQuery.safeParse(query);
    if (!parsed.success) throw new InvalidRequest(parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, detail: message })));
    return { items: this.exchange.rings(parsed.data) };
  }

  /** Forgets the rings up to now. */
  @Delete('rings')
  @HttpCode(204)
  clearRings(): void {
    this.exchange.clearRings();
  }

  /** Every call that the exchange remembers, with its whole planned course. */
  @Get('calls')
  listCalls(): { items: readonly object[] } {
    const nowMs = this.clock.nowMs();
    return { items: this.exchange.all().map((call) => describeCall(call, nowMs)) };
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

function describeCall(call: SimulatedCall, nowMs: number): object {
  const { scenario, ...rest } = call;
  return { ...rest, scenario: scenario.name, phase: phaseAt(call, nowMs) };
}
