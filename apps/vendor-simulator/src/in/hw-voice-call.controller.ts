import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { VoiceCallFields } from '../domain/hw-voice-call/voice-call-codes';
import { VoiceCallPlatform, type VoiceCallReply } from '../domain/hw-voice-call/voice-call-platform';
import { Pace } from '../domain/pace';
import { Timers } from '../domain/timers';
import { HTTP_STATUS_OF, transmit, transmitAudio } from './transmission';
import { baseUrlOf, jsonObject } from './vendor-request';

const VoiceCallRequest = z.object({
  headers: z.object({ authorization: z.string().optional(), 'x-aksk': z.string().optional(), 'x-wsse': z.string().optional() }),
  body: z.instanceof(Buffer).optional().catch(undefined),
});
const JSON_TYPE = 'application/json;charset=UTF-8';

/** The VoiceCall interface below `/hw`. HTTP 401 or 403 without the right digest, 400 for a bad request, 301 to a recording's file. */
@Controller('hw')
export class HwVoiceCallController {
  constructor(
    private readonly platform: VoiceCallPlatform,
    private readonly timers: Timers,
    private readonly pace: Pace,
  ) {}

  @Post('rest/httpsessions/click2Call/v2.0')
  click2Call(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => this.platform.click2Call(fields, baseUrlOf(request)));
  }

  @Post('rest/httpsessions/callStop/v2.0')
  callStop(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => this.platform.callStop(fields));
  }

  @Get('rest/provision/voice/record/v1.0')
  async record(@Query('fileName') fileName: string | undefined, @Query('recordDomain') recordDomain: string | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const refusal = this.platform.refusal(credentialsOf(request));
    if (refusal !== undefined) return sendAnswer(reply, refusal);
    const location = this.platform.recordAddress(fileName, recordDomain, baseUrlOf(request));
    if (location === undefined) await reply.status(404).send();
    else await reply.status(301).header('location', location).send();
  }

  @Get('voice-recordings/:file')
  async recording(@Param('file') file: string, @Query('expires') expires: string | undefined, @Query('signature') signature: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const found = this.platform.recording(file.replace(/\.wav$/, ''), expires, signature);
    if (found.kind === 'audio') await transmitAudio(reply, 'audio/wav', found.audio, found.truncated);
    else await reply.status(HTTP_STATUS_OF[found.kind]).send();
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, decide: (fields: VoiceCallFields | undefined) => VoiceCallReply): Promise<void> {
    const decided = this.platform.refusal(credentialsOf(request)) ?? decide(jsonObject(VoiceCallRequest.parse(request).body));
    if (decided.manner.manner === 'refused') return sendAnswer(reply, decided);
    await transmit(reply, decided.manner, JSON_TYPE, JSON.stringify(decided.answer), (seconds) => this.timers.pause(this.pace.ms(seconds)));
  }
}

function credentialsOf(request: FastifyRequest): { authorization: string | undefined; aksk: string | undefined; wsse: string | undefined } {
  const { headers } = VoiceCallRequest.parse(request);
  return { authorization: headers.authorization, aksk: headers['x-aksk'], wsse: headers['x-wsse'] };
}

async function sendAnswer(reply: FastifyReply, { status, answer }: VoiceCallReply): Promise<void> {
  await reply.status(status).header('content-type', JSON_TYPE).send(JSON.stringify(answer));
}
