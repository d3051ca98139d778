import type { ChannelHealth } from '@cc/contracts';

/** A channel as the router announces it: up, of everyone, unless told. */
export const health = (channel: string, told: Partial<ChannelHealth> = {}): ChannelHealth => ({
  channel, vendor: 'e9', protocol: 'callback', enabled: true, weight: 1, state: 'up', score: 1, reason: 'test', since: 1,
  capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' }, ...told,
});
