import { z } from 'zod';

/** In a vendor's settings: where its requests go; a slash at the end does not count. */
export const Endpoint = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).transform((text) => text.replace(/\/+$/, ''));

/** In a vendor's settings: how long one whole exchange may take, ms. */
export const ExchangeTimeoutMs = z.number().int().min(1000).max(60_000).default(10_000);
