import { exclusionByChoice, type ChannelChoice, type ChannelHealth } from '@cc/contracts';

/** The channels that a tenant may use; of the others it is told nothing. */
export function channelsFor(tenant: string, all: readonly ChannelHealth[]): ChannelHealth[] {
  return all.filter(({ tenants }) => tenants === undefined || tenants.includes(tenant));
}

/** Why a tenant cannot name this channel; undefined when it can. */
export function namingFault(channel: string, mine: readonly ChannelHealth[]): string | undefined {
  if (mine.some((candidate) => candidate.channel === channel)) return undefined;
  return `there is no channel ${channel}; there ${mine.length === 0 ? 'is none' : `are ${mine.map((candidate) => candidate.channel).join(', ')}`}`;
}

/** The channel as an application sees it: not who else uses it. */
export function withoutTenants({ tenants: _tenants, ...shown }: ChannelHealth): ChannelHealth {
  return shown;
}

/** The channels that a call could take, whatever their state. */
export function candidatesOf(mine: readonly ChannelHealth[], choice: ChannelChoice): ChannelHealth[] {
  return mine.filter((channel) => exclusionByChoice(choice, channel) === undefined);
}

/** A channel that takes no call, and why. */
export interface ClosedChannel {
  readonly channel: string;
  readonly state: ChannelHealth['state'] | 'disabled';
  readonly reason: string;
}

/** Why none of these channels takes a call; undefined when one does, or when there is none to judge by. */
export function whyNoneIsUp(candidates: readonly ChannelHealth[]): readonly ClosedChannel[] | undefined {
  if (candidates.length === 0 || candidates.some(({ enabled, state }) => enabled && state !== 'down' && state !== 'draining')) return undefined;
  return candidates.map(({ channel, state, enabled, reason }) => (enabled ? { channel, state, reason } : { channel, state: 'disabled', reason: 'in the channel file' }));
}
