import { Controller, Delete, Get, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { JySigned } from '../domain/jy/jy-authentication';
import { JyPlatform, type JyReply } from '../domain/jy/jy-platform';
import { Pace } from '../domain/pace';
import { Timers } from '../domain/timers';
import { HTTP_STATUS_OF, transmit, transmitAudio } from './transmission';
import { baseUrlOf } from './vendor-request';

const text = z.string().optional();
const JyRequest = z.object({
  headers: z.object({ 'x-cc-key': text, 'x-cc-timestamp': text, 'x-cc-nonce': text, 'x-cc-signature': text }),
  body: z.instanceof(Buffer).optional().catch(undefined),
});
const JSON_TYPE = 'application/json;charset=utf-8';

/** CC's own default contract below `/jy`, from the vendor's side. Every answer is HTTP 200; its `code` tells. */
@Controller('jy')
export class JyController {
  constructor(
    private readonly platform: JyPlatform,
    private readonly timers: Timers,
    private readonly pace: Pace,
  ) {}

  @Post('v1/calls')
  dial(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, ({ body }) => this.platform.dial(jsonOf(body), baseUrlOf(request)));
  }

  @Delete('v1/calls/:callId')
  cancel(@Param('callId') callId: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, () => this.platform.cancel(callId));
  }

  @Get('v1/calls/:callId')
  byCallId(@Param('callId') callId: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, () => this.platform.byCallId(callId));
  }

  @Get('v1/attempts/:attemptId')
  byAttemptId(@Param('attemptId') attemptId: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, () => this.platform.byAttemptId(attemptId));
  }

  @Get('v1/health')
  health(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, () => this.platform.health());
  }

  @Get('recordings/:file')
  async recording(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const found = this.platform.recording(file.replace(/\.wav$/, ''), signedOf(request).key);
    if (found.kind === 'audio') await transmitAudio(reply, 'audio/wav', found.audio, found.truncated);
    else await reply.status(HTTP_STATUS_OF[found.kind]).send();
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, decide: (signed: JySigned) => JyReply): Promise<void> {
    const signed = signedOf(request);
    const { answer, manner } = this.platform.refusal(signed) ?? decide(signed);
    await transmit(reply, manner, JSON_TYPE, JSON.stringify(answer), (seconds) => this.timers.pause(this.pace.ms(seconds)));
  }
}

function signedOf(request: FastifyRequest): JySigned {
  const { headers, body } = JyRequest.parse(request);
  return {
    key: headers['x-cc-key'], timestamp: headers['x-cc-timestamp'], nonce: headers['x-cc-nonce'], signature: headers['x-cc-signature'],
    method: request.method, path: request.url.replace(/^\/jy/, '').replace(/\?.*$/, ''), body: body?.toString('utf8') ?? '',
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
