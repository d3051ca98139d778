import { z } from 'zod';
import { ChannelState } from './channel-health';

/** Why a channel does not get a call. The codes are for programs, the reason beside them for people. */
export const Exclusion = z.enum([
  'not-named', 'disabled', 'not-for-tenant', 'not-for-business', 'by-name-only', 'draining', 'down', 'tried',
  'cannot-record', 'cannot-limit-duration', 'caller-not-accepted', 'called-not-accepted', 'no-such-line', 'line-offline',
  'trial-pending', 'channel-full', 'rate-limit', 'caller-limit',
]);
export type Exclusion = z.infer<typeof Exclusion>;

/** One channel as it stood at the moment of the choice. */
export const RouteCandidate = z.object({
  channel: z.string(),
  state: ChannelState,
  /** 0 to 1: the share of recent dials that the vendor accepted; without dials it goes back to 1 within minutes. */
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
  /** What guided the choice: the request's channel alone, the user's binding first, the business's channels alone, or nothing. */
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
