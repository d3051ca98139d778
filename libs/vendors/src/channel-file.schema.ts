import { AddressRanges, describeError } from '@cc/kernel';
import { z } from 'zod';
import { secretOf } from './secret';

const share = z.number().min(0).max(1);
const seconds = z.number().int().min(1).max(86_400);
const count = z.number().int().min(1).max(1_000_000);

/** What a channel may carry at most; absent: no limit but the vendor's own. */
export const ChannelLimits = z.strictObject({
  /** Live calls at once. */
  concurrentCalls: count.optional(),
  callsPerSecond: z.number().int().min(1).max(10_000).optional(),
  /** Dials for one leg A within a minute, and within 24 hours. */
  callsPerCallerPerMinute: count.optional(),
  callsPerCallerPerDay: count.optional(),
  /** How often the vendor is asked about calls, by all replicas and all channels of the account together (of different values the lowest counts); absent: what the vendor allows. */
  queriesPerMinute: count.optional(),
  /** No call of this channel lasts longer, from the dial to the end; after it a line in doubt is free. */
  longestCallSeconds: z.number().int().min(60).max(172_800).default(30_000),
});
export type ChannelLimits = z.output<typeof ChannelLimits>;

const Prefix = z.string().regex(/^\+\d{1,15}$/, { error: 'expected the beginning of an E.164 number, e.g. +86138' });
const NumberRule = z.strictObject({
  /** Only numbers that begin so; absent: all. */
  only: z.array(Prefix).min(1).optional(),
  /** But none that begins so. */
  except: z.array(Prefix).min(1).optional(),
});
export type NumberRule = z.output<typeof NumberRule>;

/** Which numbers the channel accepts, by the beginning of their E.164 form. */
export const NumberRules = z.strictObject({ from: NumberRule.optional(), to: NumberRule.optional() });
export type NumberRules = z.output<typeof NumberRules>;

/** When a channel counts as sick, and when as well again. */
export const HealthRules = z.strictObject({
  /** Outcomes of dials older than this do not count. */
  windowSeconds: seconds.default(30),
  /** Fewer dials than this in the window say nothing about a share. */
  minDials: count.default(5),
  /** From this share of failures on it is degraded: it gets calls only where no channel that is up can take them. */
  degradedShare: share.default(0.2),
  /** From this share on it is down. */
  downShare: share.default(0.5),
  /** So many failures without a success in between, and it is down. */
  downInARow: count.default(3),
  /** A call that was accepted must be heard of within this time. */
  silenceSeconds: seconds.default(30),
  /** So many calls unheard of, and no other heard meanwhile, and the channel is down. */
  silentCalls: count.default(2),
  probeSeconds: seconds.default(15),
  /** So many probes failed in a row, and it is down. */
  probeFailures: count.default(3),
  /** After this long down it gets trial calls; twice as long after each failed trial, at most 16 times. */
  coolDownSeconds: seconds.default(30),
  /** So many trial calls must go well, one at a time. */
  trialCalls: count.default(3),
});
export type HealthRules = z.output<typeof HealthRules>;

/** When the end of a call counts as missed, so that the vendor is asked, and how far back it can be asked. */
export const RepairRules = z.strictObject({
  /** Placed for so long, and neither connected nor ended. Absent: the router's CC_CHANNEL_ROUTER_QUERY_SECONDS. */
  ringingSeconds: seconds.optional(),
  /** Connected for so long without an end; of a call whose talk the vendor limits, no later than that limit and `silenceSeconds` after the connection. Absent: as before. */
  talkingSeconds: seconds.optional(),
  /** The vendor answers questions about calls that were dialled within this time; absent: what the vendor says. No more than the router remembers. */
  windowSeconds: z.number().int().min(3600).max(604_800).optional(),
});
export type RepairRules = z.output<typeof RepairRules>;

/** Capabilities that the vendor's product has and this account has not. */
const Without = z.array(z.enum(['cancel', 'query', 'recording', 'displayNumbers', 'maxDuration', 'ivrText', 'probe'])).default([]);

const Sources = z.array(z.string()).min(1).max(1000).transform((texts, context) => {
  try {
    return AddressRanges.parse(texts);
  } catch (error) {
    context.addIssue({ code: 'custom', message: describeError(error) });
    return z.NEVER;
  }
});

/** One entry of the channel file; what belongs to the vendor alone is under `settings` and `lines`, checked by the vendor's schemas. */
export const ChannelEntry = z.strictObject({
  /** The channel's name everywhere in CC. */
  id: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'expected 1 to 32 of a-z, 0-9 and -' }),
  /** The vendor's code, e.g. `e9`. */
  vendor: z.string(),
  /** The vendor's product, e.g. `callback`. */
  protocol: z.string(),
  /** A channel that is not enabled takes no new calls; its running calls are followed to their end. */
  enabled: z.boolean().default(true),
  /** Its share among equally good channels; 0 is chosen only by name. */
  weight: z.number().nonnegative().default(1),
  /** Which tenants may use it; absent: all. */
  tenants: z.array(z.string().min(1)).min(1).optional(),
  without: Without,
  /**
   * A name for the account at the vendor: channels of one vendor with the same name share its limits per account (queries). Absent: channels
   * share them whose endpoint and credentials are of one account.
   */
  account: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'expected 1 to 32 of a-z, 0-9 and -' }).optional(),
  limits: ChannelLimits.prefault({}),
  numbers: NumberRules.prefault({}),
  health: HealthRules.prefault({}),
  repair: RepairRules.prefault({}),
  /** The last part of the callback's path; two while they are being changed. Only for vendors that call back. */
  callbackSecrets: z.array(secretOf(16, 128)).min(1).max(2).optional(),
  /** From where its callbacks come: addresses and ranges (CIDR). One from elsewhere is stored, and put aside as forged. Absent: from anywhere. */
  callbackSources: Sources.optional(),
  /** The seats, of a vendor whose agents sign in. */
  lines: z.array(z.unknown()).min(1).max(10_000).optional(),
  settings: z.unknown().optional(),
});
export type ChannelEntry = z.infer<typeof ChannelEntry>;
