import { Controller, Delete, Get, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HwSeatsPlatform, type HwSeatReply, type SeatFields } from '../domain/hw-seats/hw-seats-platform';
import { Pace } from '../domain/pace';
import { Timers } from '../domain/timers';
import { transmit } from './transmission';

const SeatRequest = z.object({ headers: z.object({ guid: z.string().optional() }), body: z.instanceof(Buffer).optional().catch(undefined) });
const Fields = z.record(z.string(), z.unknown());
const JSON_TYPE = 'application/json;charset=UTF-8';

/** The CC-Gateway's interface for seats, below its own base path. */
@Controller('hw/agentgateway/resource')
export class HwSeatsController {
  constructor(
    private readonly platform: HwSeatsPlatform,
    private readonly timers: Timers,
    private readonly pace: Pace,
  ) {}

  @Put('onlineagent/:agent')
  signIn(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.signIn(agent, fieldsOf(request), false));
  }

  @Put('onlineagent/:agent/forcelogin')
  forceLogIn(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.signIn(agent, fieldsOf(request), true));
  }

  @Post('onlineagent/:agent/resetskill/:flag')
  resetSkill(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.resetSkill(agent, guidOf(request)));
  }

  @Delete('onlineagent/:agent/logout')
  signOut(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.signOut(agent, guidOf(request)));
  }

  @Get('agentevent/:agent')
  async poll(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.send(reply, await this.platform.poll(agent, guidOf(request)));
  }

  @Put('voicecall/:agent/callout')
  callOut(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.callOut(agent, guidOf(request), fieldsOf(request), `${request.protocol}://${request.host}`));
  }

  @Delete('voicecall/:agent/release')
  release(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.release(agent, guidOf(request)));
  }

  @Post('voicecall/:agent/dropcall/:callId')
  dropCall(@Param('agent') agent: string, @Param('callId') callId: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, this.platform.release(agent, guidOf(request), callId));
  }

  private async send(reply: FastifyReply, { answer, guid, manner }: HwSeatReply): Promise<void> {
    if (guid !== undefined) void reply.header('Guid', guid).header('Set-GUID', `JSESSIONID=${guid}.AgentGateway0`);
    await transmit(reply, manner, JSON_TYPE, JSON.stringify(answer), (seconds) => this.timers.pause(this.pace.ms(seconds)));
  }
}

const guidOf = (request: FastifyRequest): string | undefined => SeatRequest.parse(request).headers.guid;

function fieldsOf(request: FastifyRequest): SeatFields {
  try {
    return Fields.parse(JSON.parse(SeatRequest.parse(request).body?.toString('utf8') ?? ''));
  } catch {
    return {};
  }
}
