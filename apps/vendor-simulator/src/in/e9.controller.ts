import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { E9Platform, type E9Reply } from '../domain/e9/e9-platform';
import type { E9Answer, E9Fields } from '../domain/e9/e9-codes';
import { Pace } from '../domain/pace';
import { Timers } from '../domain/timers';
import { termsOf } from '../domain/transmission-terms';
import { fieldsBelow, renderAnswer } from './e9-body';
import { HTTP_STATUS_OF, transmit, transmitAudio } from './transmission';
import { baseUrlOf } from './vendor-request';

const E9Request = z.object({
  params: z.object({ version: z.string(), sid: z.string() }),
  query: z.object({ sig: z.string().optional().catch(undefined) }),
  headers: z.object({ authorization: z.string().optional(), accept: z.string().optional(), 'content-type': z.string().optional() }),
  body: z.instanceof(Buffer).optional().catch(undefined),
});

/** The e9 interface below `/e9`, as the vendor's page describes it. Every answer is HTTP 200; its `statusCode` tells. */
@Controller('e9')
export class E9Controller {
  constructor(
    private readonly platform: E9Platform,
    private readonly timers: Timers,
    private readonly pace: Pace,
  ) {}

  @Post(':version/Accounts/:sid/Calls/callBack')
  dial(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, ['callback', 'req'], (fields) => this.platform.dial(fields, baseUrlOf(request)));
  }

  @Post(':version/Accounts/:sid/Calls/CancelCallback')
  cancel(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, ['req'], (fields) => accepted(this.platform.cancel(fields)));
  }

  @Post(':version/Accounts/:sid/Records/query')
  query(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, ['req'], (fields) => accepted(this.platform.query(fields)));
  }

  @Get('recordings/:day/:file')
  async recording(@Param('file') file: string, @Query('auth') auth: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const found = this.platform.recording(file.replace(/\.mp3$/, ''), auth);
    if (found.kind === 'audio') await transmitAudio(reply, 'audio/mpeg', found.audio, found.truncated);
    else await reply.status(HTTP_STATUS_OF[found.kind]).send();
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, roots: readonly string[], decide: (fields: E9Fields) => E9Reply): Promise<void> {
    const { params, query, headers, body } = E9Request.parse(request);
    const fields = fieldsBelow(body, headers['content-type'], roots);
    const refusal = this.platform.refusal({ version: params.version, accountSid: params.sid, sig: query.sig, authorization: headers.authorization }, fields);
    const { answer, manner } = refusal === undefined && fields !== undefined ? decide(fields) : accepted(refusal ?? {});
    const { contentType, body: text } = renderAnswer(answer, headers.accept);
    await transmit(reply, manner, contentType, text, (seconds) => this.timers.pause(this.pace.ms(seconds)));
  }
}

const accepted = (answer: E9Answer): E9Reply => ({ answer, manner: termsOf('accepted') });
