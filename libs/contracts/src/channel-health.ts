import { z } from 'zod';
import { decodeKept, encodeJson, tombstone, type JsonMessage, type Kept } from './json-message';
import type { Decoded, WireRecord } from './wire';

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
  /** The vendor can be asked whether it is there, without a call. */
  probe: z.boolean().default(false),
  /** How the vendor tells what a call does: it calls us, we ask for each call, or we ask for each seat. */
  followUp: z.enum(['callbacks', 'polling', 'seats']),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** What was measured over a channel's window before a judgement. */
export const HealthEvidence = z.object({
  windowSeconds: z.number().int().positive(),
  /** Dials whose outcome is known, and those of them that speak against the channel. */
  dials: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
  /** Failures since the last accepted dial. */
  failuresInARow: z.number().int().nonnegative(),
  /** Accepted calls of which the vendor has told nothing within the channel's limit. */
  silentCalls: z.number().int().nonnegative(),
  probeFailures: z.number().int().nonnegative(),
});
export type HealthEvidence = z.infer<typeof HealthEvidence>;

/** What carries one call only: the caller's telephone, the agent, or one of the named seats. */
export const LineKind = z.enum(['caller', 'agent', 'seat']);
export type LineKind = z.infer<typeof LineKind>;

/** A channel as everyone may know it: no endpoint, no credentials. */
export const ChannelHealth = z.object({
  channel: z.string(),
  vendor: z.string(),
  protocol: z.string(),
  enabled: z.boolean(),
  capabilities: Capabilities,
  weight: z.number().nonnegative(),
  state: ChannelState,
  /** 0 to 1: the share of recent dials that the vendor accepted; without dials it goes back to 1 within minutes. */
  score: z.number().min(0).max(1),
  reason: z.string(),
  /** When it came into this state, epoch ms. */
  since: z.number().int(),
  /** When the router said so, epoch ms, state and figures together; always written, absent only in records from before the field. */
  announcedAt: z.number().int().optional(),
  /** What the router concludes by itself, also while an operator has switched otherwise. */
  automaticState: z.enum(['up', 'degraded', 'down']).optional(),
  override: z.object({ operator: z.string(), reason: z.string(), at: z.number().int() }).optional(),
  /** Only trial calls get through, until enough of them went well. */
  recovering: z.boolean().optional(),
  evidence: HealthEvidence.optional(),
  liveCalls: z.number().int().nonnegative().optional(),
  /** Absent: every tenant. */
  tenants: z.array(z.string()).optional(),
  /** What carries one call only: the caller's telephone, the agent, or one of the named seats. */
  line: z.object({ kind: LineKind, names: z.array(z.string()).optional() }).optional(),
});
export type ChannelHealth = z.infer<typeof ChannelHealth>;

const message: JsonMessage<ChannelHealth> = {
  type: 'cc.channel.health.v1', writtenBy: 'channel-router', schema: ChannelHealth,
  keyOf: ({ channel }) => channel, idOf: (health) => `${health.channel}/${announcedAt(health)}`, timeMsOf: announcedAt,
};

function announcedAt({ announcedAt: at, since }: ChannelHealth): number {
  return at ?? since;
}

export const encodeChannelHealth = (health: ChannelHealth): WireRecord => encodeJson(message, health);
/** Makes everyone forget a channel that is configured no more. */
export const removedChannel = (channel: string, nowMs: number): WireRecord => tombstone(message, channel, nowMs);
export const decodeChannelHealth = (wire: WireRecord): Decoded<Kept<ChannelHealth>> => decodeKept(message, wire);
