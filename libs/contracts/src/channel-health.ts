import { z } from 'zod';
import { describeIssues, parseJson } from './parsing';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';

const CHANNEL_HEALTH_TYPE = 'cc.channel.health.v1';

export const ChannelState = z.enum(['up', 'degraded', 'down', 'draining']);
export type ChannelState = z.infer<typeof ChannelState>;

/** What a channel can do; what a call needs is compared with it. */
export const Capabilities = z.object({
  cancel: z.boolean(),
  query: z.boolean(),
  recording: z.boolean(),
  displayNumbers: z.boolean(),
  maxDuration: z.boolean(),
  ivrText: z.boolean(),
  /** How the vendor tells what a call does. */
  followUp: z.enum(['callbacks', 'polling']),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** A channel as everyone may know it: no endpoint, no credentials. */
export const ChannelHealth = z.object({
  channel: z.string(),
  vendor: z.string(),
  protocol: z.string(),
  enabled: z.boolean(),
  capabilities: Capabilities,
  weight: z.number().nonnegative(),
  state: ChannelState,
  /** 0 to 1: the share of recent dials that the vendor accepted. */
  score: z.number().min(0).max(1),
  reason: z.string(),
  since: z.number().int(),
});
export type ChannelHealth = z.infer<typeof ChannelHealth>;

export function encodeChannelHealth(health: ChannelHealth): WireRecord {
  return {
    key: health.channel,
    value: Buffer.from(JSON.stringify(health)),
    headers: cloudEventHeaders({
      id: `${health.channel}/${health.since}`, type: CHANNEL_HEALTH_TYPE, source: '/cc/channel-router',
      subject: health.channel, timeMs: health.since, contentType: 'application/json',
    }),
  };
}

export function decodeChannelHealth(wire: WireRecord): Decoded<ChannelHealth> {
  const type = wire.headers['ce_type'] ?? '';
  if (type !== CHANNEL_HEALTH_TYPE) return { kind: 'unknown-type', type };
  const parsed = ChannelHealth.safeParse(parseJson(wire.value));
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}
