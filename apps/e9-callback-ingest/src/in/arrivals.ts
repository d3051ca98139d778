import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { CcError, Clock, newId } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallbackIngestSettings } from '../callback-ingest.config';
import { admitOperator, bearerKeyOf } from './operator-admission';

/** When a callback came, and from where. */
export interface Arrival {
  /** Of its notification. */
  readonly id: string;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly sourceAddress: string;
}

/** What is seen of a callback on its way in. */
export interface Arrived {
  readonly channel: string;
  readonly sourceAddress: string;
  readonly body: Buffer;
}

/** An operator's words, of a callback that came when there was no ingest: {@link Arrivals.of}. */
const AT = 'x-cc-arrived-at';
const FROM = 'x-cc-arrived-from';
/** Clocks of several machines; what is further in the future is a mistake. */
const AHEAD_MS = 24 * 60 * 60 * 1000;

/** Tells when and from where callbacks came: just now, or as an operator says who imports them. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly settings: CallbackIngestSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Of an imported callback the id is made of what came when: importing it again stores a copy of the same notification.
   * @throws UnauthorizedException, ForbiddenException without an operator's key; CcError `invalid-arrival`.
   */
  of({ headers }: FastifyRequest, { channel, sourceAddress, body }: Arrived): Arrival {
    const [at, from] = [headers[AT], headers[FROM]];
    if (at === undefined && from === undefined) return { id: newId('ntf'), receivedAt: this.clock.nowMs(), sourceAddress };
    admitOperator(bearerKeyOf(headers.authorization), this.settings.values.operatorKeys, `${AT} and ${FROM} are an operator's: send the operator's key as \`Authorization: Bearer <key>\``);
    const receivedAt = typeof at === 'string' && /^\d{13}$/.test(at) ? Number(at) : NaN;
    if (!(receivedAt <= this.clock.nowMs() + AHEAD_MS)) throw new CcError('input', 'invalid-arrival', `${AT} must be the time at which the callback came, in epoch ms, and not in the future`);
    if (typeof from !== 'string' || isIP(from) === 0) throw new CcError('input', 'invalid-arrival', `${FROM} must be the IP address that the callback came from`);
    const digest = hash('sha256', Buffer.concat([Buffer.from(`${channel}\n${receivedAt}\n`), body]), 'hex');
    return { id: `ntf-${digest.slice(0, 32)}`, receivedAt, sourceAddress: from };
  }
}
