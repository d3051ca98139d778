import type { FastifyReply } from 'fastify';
import type { DialManner } from '../domain/scenario';
import { termsOf, type TransmissionTerms } from '../domain/transmission-terms';

/** Longer than any client waits, and not longer than a timer may. */
const NEVER_SECONDS = 2_000_000;
const PAGE = '<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Welcome</h1><p>The service is being maintained.</p></body></html>';

/** Ends the connection with a reset instead of an answer. */
function resetConnection(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.resetAndDestroy();
}

/**
 * Sends a dial's answer in the manner of its scenario. The body of `error-inside` is the platform's.
 * @param pauseSeconds waits so many simulated seconds, or until the simulator stops
 */
export async function transmit(reply: FastifyReply, how: DialManner | TransmissionTerms, contentType: string, body: string, pauseSeconds: (seconds: number) => Promise<void>): Promise<void> {
  const { manner, afterSeconds } = typeof how === 'string' ? termsOf(how) : how;
  switch (manner) {
    case 'answer-lost':
      return resetConnection(reply);
    case 'never':
      await pauseSeconds(NEVER_SECONDS);
      return resetConnection(reply);
    case 'failed':
      await reply.status(500).type('text/plain').send('Internal Server Error');
      return;
    case 'html':
      await reply.status(200).type('text/html; charset=utf-8').send(PAGE);
      return;
    case 'redirect':
      await reply.status(302).header('location', '/moved').send();
      return;
    case 'truncated':
      return breakOff(reply, contentType, Buffer.from(body));
    case 'slow':
    case 'answer-after-callbacks':
      await pauseSeconds(afterSeconds);
      break;
    case 'accepted':
    case 'refused':
    case 'unavailable':
    case 'error-inside':
      break;
  }
  await reply.status(200).header('content-type', contentType).send(body);
}

/** Sends a recording; a truncated one announces its full length and breaks off half way. */
export async function transmitAudio(reply: FastifyReply, contentType: string, audio: Buffer, truncated: boolean): Promise<void> {
  if (truncated) return breakOff(reply, contentType, audio);
  await reply.status(200).header('content-type', contentType).send(audio);
}

/** Announces the whole, sends half of it, and closes. */
function breakOff(reply: FastifyReply, contentType: string, whole: Buffer): void {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': contentType, 'content-length': whole.length });
  reply.raw.write(whole.subarray(0, Math.floor(whole.length / 2)), () => reply.raw.destroy());
}

export const HTTP_STATUS_OF = { forbidden: 403, missing: 404 } as const;
