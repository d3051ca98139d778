import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HwPlatform, type HwAnswer, type HwFields, type HwReply } from '../domain/hw/hw-platform';
import { HwTokens } from '../domain/hw/hw-tokens';
import { Pace } from '../domain/pace';
import { Timers } from '../domain/timers';
import { termsOf } from '../domain/transmission-terms';
import { HTTP_STATUS_OF, transmit, transmitAudio } from './transmission';
import { baseUrlOf, jsonObject } from './vendor-request';

const HwRequest = z.object({
  headers: z.object({ authorization: z.string().optional(), 'x-app-key': z.string().optional(), 'x-token-expire': z.string().optional() }),
  body: z.instanceof(Buffer).optional().catch(undefined),
});
const JSON_TYPE = 'application/json;charset=UTF-8';

/** The 双呼 interface below `/hw`: token, call, state, records, recording. HTTP 401 without a live token, 400 for what is no JSON object. */
@Controller('hw')
export class HwController {
  constructor(
    private readonly platform: HwPlatform,
    private readonly tokens: HwTokens,
    private readonly timers: Timers,
    private readonly pace: Pace,
  ) {}

  @Post('apigovernance/api/oauth/tokenByAkSk')
  async token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { headers, body } = HwRequest.parse(request);
    const fields = jsonObject(body);
    const token = fields === undefined ? 'bad-expiry' : this.tokens.issue(fields['app_key'], fields['app_secret'], headers['x-token-expire']);
    if (typeof token === 'string') {
      await reply.status(token === 'unauthorized' ? 401 : 400).send({ error: token });
      return;
    }
    await send(reply, {
      AccessToken: token.value, ApplyType: 'Bearer', CreateTime: String(Math.floor(token.createdAt / 1000)), Expires: String(token.expiresSeconds),
      Scope: 'CC-Management', AppKey: fields?.['app_key'], UserID: 'Anonymous',
    });
  }

  @Post('apiaccess/CC-Management/v1/mobileAgent/createCall')
  createCall(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => this.platform.createCall(fields, baseUrlOf(request)));
  }

  @Post('apiaccess/CC-Management/v1/mobileAgent/queryCallState')
  queryCallState(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => accepted(this.platform.queryCallState(fields)));
  }

  @Post('apiaccess/CC-Management/v1/mobileAgent/queryCallDetailRecord')
  queryCallDetailRecord(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => accepted(this.platform.queryCallDetailRecord(fields)));
  }

  @Post('apiaccess/CC-Management/v1/mobileAgent/getRecordingAddress')
  getRecordingAddress(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, (fields) => accepted(this.platform.getRecordingAddress(fields, baseUrlOf(request))));
  }

  @Get('recordings/:file')
  async recording(@Param('file') file: string, @Query('expires') expires: string | undefined, @Query('signature') signature: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const found = this.platform.recording(file.replace(/\.wav$/, ''), expires, signature);
    if (found.kind === 'audio') await transmitAudio(reply, 'audio/wav', found.audio, found.truncated);
    else await reply.status(HTTP_STATUS_OF[found.kind]).send();
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, decide: (fields: HwFields) => HwReply): Promise<void> {
    const { headers, body } = HwRequest.parse(request);
    const fields = jsonObject(body);
    if (!this.tokens.allows(headers.authorization, headers['x-app-key'])) await reply.status(401).send({ error: 'unauthorized' });
    else if (fields === undefined) await reply.status(400).send({ error: 'bad-request' });
    else {
      const { answer, manner } = decide(fields);
      await transmit(reply, manner, JSON_TYPE, JSON.stringify(answer), (seconds) => this.timers.pause(this.pace.ms(seconds)));
    }
  }
}

const accepted = (answer: HwAnswer): HwReply => ({ answer, manner: termsOf('accepted') });

async function send(reply: FastifyReply, body: Readonly<Record<string, unknown>>): Promise<void> {
  await reply.status(200).header('content-type', JSON_TYPE).send(JSON.stringify(body));
}
