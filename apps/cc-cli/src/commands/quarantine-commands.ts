import { z } from 'zod';
import { given, type Command } from '../command';
import { localTime, table } from '../text-table';

const PAGE = 200;

const Item = z.looseObject({ position: z.number(), notificationId: z.string(), channel: z.string(), kind: z.string(), cause: z.string(), reason: z.string(), receivedAt: z.number(), keptSince: z.number() });
type Item = z.infer<typeof Item>;
const Page = z.object({ items: z.array(Item) });
const Outcome = z.object({ outcome: z.enum(['delivered', 'waits', 'kept', 'dropped', 'gone']), reason: z.string().optional() });
type Outcome = z.infer<typeof Outcome>;

const said: Readonly<Record<Outcome['outcome'], string>> = {
  delivered: 'delivered', waits: 'waits for the attempt that it belongs to', kept: 'cannot be used now either, and stays', dropped: 'dropped for good', gone: 'is not there any more',
};

const itemsText = (items: readonly Item[]): string =>
  table(['message', 'channel', 'by', 'cause', 'received', 'reason'], items.map((item) => [item.notificationId, item.channel, item.kind, item.cause, localTime(item.receivedAt), item.reason]), 'nothing is in quarantine');

export const quarantineList: Command = {
  name: 'quarantine list',
  summary: 'Lists the vendor messages that could not be used, the oldest first',
  positionals: [],
  options: {
    channel: { type: 'string', value: 'CHANNEL', help: 'only messages of this channel' },
    cause: { type: 'string', value: 'CAUSE', help: 'forged, unaddressed, orphaned or unusable' },
  },
  async run(typed, gateway, print) {
    const items: Item[] = [];
    for (let after: number | undefined; ; ) {
      const query = z.record(z.string(), z.string()).parse(given({ channel: typed.text('channel'), cause: typed.text('cause') }));
      const page = Page.parse(await gateway.ask({ method: 'GET', path: '/operator/quarantine', query: { ...query, after, limit: PAGE }, role: 'operator' })).items;
      items.push(...page);
      if (page.length < PAGE) break;
      after = page.at(-1)?.position;
    }
    print({ items }, () => itemsText(items));
  },
};

const acting = (action: 'release' | 'drop', summary: string, help: string): Command => ({
  name: `quarantine ${action}`,
  summary,
  positionals: [{ name: 'MESSAGE', help: 'its id, as the list shows it' }],
  options: { reason: { type: 'string', value: 'TEXT', help, ...(action === 'drop' ? { required: true } : {}) } },
  async run(typed, gateway, print) {
    const id = typed.positional(0);
    const result = Outcome.parse(await gateway.ask({ method: 'POST', path: `/operator/quarantine/${encodeURIComponent(id)}/${action}`, body: given({ reason: typed.text('reason') }), role: 'operator' }));
    print(result, () => `${id}: ${said[result.outcome]}${result.reason === undefined ? '' : `\n  ${result.reason}`}`);
    if (result.outcome === 'kept' || result.outcome === 'gone') throw new Error(`${id} was not ${action === 'drop' ? 'dropped' : 'delivered'}`);
  },
});

export const quarantineRelease = acting('release', 'Delivers a message once more, on your word that the vendor has sent it: a failed check is overruled', 'what was mended, or how you know');
export const quarantineDrop = acting('drop', 'Forgets a message for good', 'why nobody needs it');
