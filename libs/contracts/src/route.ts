import { z } from 'zod';
import { ChannelState } from './channel-health';

/** Why a channel does not get a call. The codes are for programs, the reason beside them for people. */
export const Exclusion = z.enum([
  'not-named', 'not-bound', 'not-for-business', 'not-for-tenant', 'disabled', 'draining', 'down', 'trial-share', 'by-name-only', 'tried',
  'cannot-record', 'cannot-limit-duration', 'cannot-speak-ivr', 'caller-not-accepted', 'called-not-accepted', 'no-such-line', 'line-offline',
  'channel-full', 'rate-limit', 'caller-limit', 'unusable-numbers',
]);
export type Exclusion = z.infer<typeof Exclusion>;

/** One channel as it stood at the moment of the choice. */
export const RouteCandidate = z.object({
  channel: z.string(),
  state: ChannelState,
  /** 0 to 1: the share of recent dials that the vendor accepted. */
  score: z.number().min(0).max(1),
  weight: z.number().nonnegative(),
  /** Live calls on the channel. */
  liveCalls: z.number().int().nonnegative(),
  /** Why it was not taken; absent for those that could have been. */
  excluded: z.object({ code: Exclusion, reason: z.string() }).optional(),
});
export type RouteCandidate = z.infer<typeof RouteCandidate>;

/** A decision: the chosen channel, what it was chosen by, and every candidate in the order of preference. */
export const Route = z.object({
  /** What narrowed the choice: the request's channel, the user's binding, the business's channels, or nothing. */
  basis: z.enum(['named', 'binding', 'business', 'all']),
  /** Absent when no channel could take the call. */
  channel: z.string().optional(),
  /** The call waits for its line, or was refused because of it. */
  lineBusy: z.boolean().optional(),
  /** A call that shows whether the channel has recovered. */
  trial: z.boolean().optional(),
  candidates: z.array(RouteCandidate),
});
export type Route = z.infer<typeof Route>;
