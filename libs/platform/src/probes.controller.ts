import { Metrics } from '@cc/kernel';
import { Controller, Get, Header, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { PromMetrics } from './prom-metrics';
import { Readiness } from './readiness';

/** `/livez` touches no dependency; `/readyz` says what is missing; `/metrics` is for Prometheus. */
@Controller()
export class ProbesController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('livez')
  live(): { status: string } {
    return { status: 'live' };
  }

  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const reasons = await this.readiness.reasons();
    await reply.status(reasons.length === 0 ? 200 : 503).send(reasons.length === 0 ? { status: 'ready' } : { status: 'not ready', reasons });
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async figures(): Promise<string> {
    return this.metrics instanceof PromMetrics ? await this.metrics.expose() : '';
  }
}
