/** What guides the choice of a channel for a call. */
export interface ChannelChoice {
  /** The channel that the request names: it alone. */
  readonly named?: string | undefined;
  /** The channel of the user's binding: it may be taken whatever the business or the weight says. */
  readonly bound?: string | undefined;
  /** The channels of the business: the others are not for it. */
  readonly ofBusiness?: readonly string[] | undefined;
}

/** Why a call may not take a channel, whatever its state; undefined when it may. Without a business, a channel of weight 0 is taken by name or binding only. */
export function exclusionByChoice({ named, bound, ofBusiness }: ChannelChoice, { channel, weight }: { readonly channel: string; readonly weight: number }): 'not-named' | 'not-for-business' | 'by-name-only' | undefined {
  if (named !== undefined) return named === channel ? undefined : 'not-named';
  if (bound === channel) return undefined;
  if (ofBusiness !== undefined) return ofBusiness.includes(channel) ? undefined : 'not-for-business';
  return weight === 0 ? 'by-name-only' : undefined;
}
