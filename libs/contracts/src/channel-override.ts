import { z } from 'zod';
import { decodeJson, encodeJson, type JsonMessage } from './json-message';
import type { Decoded, WireRecord } from './wire';

/** The operator's switch of a channel, kept apart from the state that the router concludes. */
export const ChannelOverride = z.object({
  channel: z.string().max(32),
  /** `drain`: no new calls, running ones go on. `none`: as the router concludes. */
  override: z.enum(['drain', 'none']),
  /** The name of the operator's key. */
  operator: z.string().max(64),
  reason: z.string().max(200),
  /** When it was switched, epoch ms. */
  at: z.number().int(),
});
export type ChannelOverride = z.infer<typeof ChannelOverride>;

const message: JsonMessage<ChannelOverride> = {
  type: 'cc.channel.override.v1', writtenBy: 'call-gateway', schema: ChannelOverride,
  keyOf: ({ channel }) => channel, idOf: ({ channel, at }) => `${channel}/${at}`, timeMsOf: ({ at }) => at,
};

export const encodeChannelOverride = (override: ChannelOverride): WireRecord => encodeJson(message, override);
export const decodeChannelOverride = (wire: WireRecord): Decoded<ChannelOverride> => decodeJson(message, wire);
