import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

const Fields = z.record(z.string(), z.unknown());

/** The fields of a JSON body; `undefined` for what is no object. */
export function jsonObject(body: Buffer | undefined): z.infer<typeof Fields> | undefined {
  try {
    return Fields.safeParse(JSON.parse(body?.toString('utf8') ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Where the simulator was reached, for the addresses that it hands out. */
export const baseUrlOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;
