import type { ChannelHealth } from '@cc/contracts';

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
