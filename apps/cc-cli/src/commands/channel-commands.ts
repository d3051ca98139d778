import { z } from 'zod';
import type { Command } from '../command';
import { localTime, table } from '../text-table';

const Channel = z.looseObject({
  channel: z.string(), vendor: z.string(), protocol: z.string(), enabled: z.boolean(), state: z.string(), score: z.number(), weight: z.number(), reason: z.string(), since: z.number(),
  liveCalls: z.number().optional(),
});

function channelsText(channels: readonly z.infer<typeof Channel>[]): string {
  const rows = channels.map((one) => [one.channel, one.vendor, one.protocol, one.enabled ? one.state : 'disabled', one.score.toFixed(2), one.weight, one.liveCalls, localTime(one.since), one.reason]);
  return table(['channel', 'vendor', 'protocol', 'state', 'score', 'weight', 'calls', 'since', 'reason'], rows, 'no channel was announced yet');
}

export const channelList: Command = {
  name: 'channel list',
  summary: 'Lists the channels: with an operator\'s key all, with an application\'s those of its tenant',
  positionals: [],
  options: {},
  async run(_typed, gateway, print) {
    const { items } = z.object({ items: z.array(Channel) }).parse(await gateway.ask({ method: 'GET', path: '/channels', role: 'either' }));
    print({ items }, () => channelsText(items));
  },
};

const switching = (action: 'drain' | 'resume', summary: string): Command => ({
  name: `channel ${action}`,
  summary,
  positionals: [{ name: 'CHANNEL', help: 'the id of the channel' }],
  options: { reason: { type: 'string', value: 'TEXT', help: 'why; kept with the order', required: true } },
  async run(typed, gateway, print) {
    const channel = Channel.parse(await gateway.ask({ method: 'POST', path: `/channels/${encodeURIComponent(typed.positional(0))}/${action}`, body: { reason: typed.needed('reason') }, role: 'operator' }));
    print(channel, () => `The router is told. Until it has acted, ${channel.channel} is as it was:\n${channelsText([channel])}`);
  },
});

export const channelDrain = switching('drain', 'Gives a channel no new calls; those that run go on');
export const channelResume = switching('resume', 'Ends a drain: the channel gets calls again, as far as the router finds it well');
