import { z } from 'zod';
import type { Command } from '../command';
import { localTime, table } from '../text-table';
import { WrongUsage } from '../wrong-usage';

const Doubt = z.object({ attemptId: z.string(), callId: z.string(), tenant: z.string(), channel: z.string(), since: z.number(), reason: z.string() });

function doubtsText(doubts: readonly z.infer<typeof Doubt>[]): string {
  return table(['attempt', 'call', 'tenant', 'channel', 'since', 'reason'], doubts.map((one) => [one.attemptId, one.callId, one.tenant, one.channel, localTime(one.since), one.reason]), 'no attempt is in doubt');
}

export const attemptsListUnknown: Command = {
  name: 'attempts list-unknown',
  summary: 'Lists the attempts of which nobody can tell whether the vendor placed them, the oldest first',
  positionals: [],
  options: {},
  async run(_typed, gateway, print) {
    const items = z.array(Doubt).parse(await gateway.all({ path: '/attempts', query: { state: 'unknown' }, role: 'operator' }));
    print({ items }, () => doubtsText(items));
  },
};

export const attemptsResolve: Command = {
  name: 'attempts resolve',
  summary: 'Says what became of an attempt in doubt, as the vendor has told you',
  positionals: [{ name: 'ATTEMPT', help: 'the id of the attempt' }],
  options: {
    as: { type: 'string', value: 'ended|not-placed', help: 'the vendor placed it and it is over; or it never was placed', required: true },
    reason: { type: 'string', value: 'TEXT', help: 'how you know; kept with the call', required: true },
  },
  async run(typed, gateway, print) {
    const resolution = typed.needed('as');
    if (resolution !== 'ended' && resolution !== 'not-placed') throw new WrongUsage(`--as must be ended or not-placed; not ${resolution}`);
    const doubt = Doubt.parse(await gateway.ask({ method: 'POST', path: `/attempts/${encodeURIComponent(typed.positional(0))}/resolve`, body: { resolution, reason: typed.needed('reason') }, role: 'operator' }));
    print(doubt, () => `The router is told that this attempt ${resolution === 'ended' ? 'has ended' : 'was not placed'}:\n${doubtsText([doubt])}`);
  },
};
