import type { FastifyReply } from 'fastify';
import type { DialManner } from '../domain/scenario';

const SLOW_SECONDS = 12;

/** Ends the connection with a reset instead of an answer. */
export function resetConnection(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.resetAndDestroy();
}

/** Sends a dial's answer in its scenario's manner. @param pauseSeconds waits so many simulated seconds. */
export async function transmit(reply: FastifyReply, manner: DialManner, contentType: string, body: string, pauseSeconds: (seconds: number) => Promise<void>): Promise<void> {
  if (manner === 'answer-lost') return resetConnection(reply);
  if (manner === 'failed') {
    await reply.status(500).type('text/plain').send('Internal Server Error');
    return;
  }
  if (manner === 'slow') await pauseSeconds(SLOW_SECONDS);
  await reply.status(200).header('content-type', contentType).send(body);
}

/** Sends a recording; a truncated one announces its full length and breaks off half way. */
export async function transmitAudio(reply: FastifyReply, contentType: string, audio: Buffer, truncated: boolean): Promise<void> {
  if (!truncated) {
    await reply.status(200).header('content-type', contentType).send(audio);
    return;
  }
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': contentType, 'content-length': audio.length });
  reply.raw.write(audio.subarray(0, Math.floor(audio.length / 2)), () => reply.raw.destroy());
}

export const HTTP_STATUS_OF = { forbidden: 403, missing: 404 } as const;
