import { z } from 'zod';
import { given, type Command, type Given, type Print } from '../command';
import type { Gateway } from '../gateway';
import { fields, localTime, table } from '../text-table';
import { WrongUsage } from '../wrong-usage';

const PAGE = 200;

const Item = z.looseObject({ service: z.string(), id: z.number(), topic: z.string(), key: z.string(), type: z.string(), reason: z.string(), parkedAt: z.number(), records: z.number() });
type Item = z.infer<typeof Item>;
const Page = z.object({
  items: z.array(Item),
  totals: z.array(z.object({ service: z.string(), total: z.number() })),
  silent: z.array(z.object({ service: z.string(), detail: z.string() })),
  failed: z.array(z.looseObject({ service: z.string(), code: z.string(), detail: z.string() })),
});
type Page = z.infer<typeof Page>;
const Line = z.object({ did: z.string(), reason: z.string(), operator: z.string().optional(), at: z.number() });
const Letter = z.looseObject({
  id: z.number(), topic: z.string(), partition: z.number(), offset: z.number(), key: z.string(), others: z.number(),
  parked: z.looseObject({ reason: z.string(), held: z.boolean(), parkedAt: z.number(), appendedAt: z.number(), headers: z.record(z.string(), z.string()), sizeBytes: z.number(), value: z.string().optional() }).optional(),
  history: z.array(Line),
});
type Letter = z.infer<typeof Letter>;
const Release = z.object({ outcome: z.enum(['done', 'failed', 'waits', 'more']), released: z.number(), left: z.number(), reason: z.string().optional() });
type Release = z.infer<typeof Release>;

const letterPositional = { name: 'LETTER', help: 'service/number, as the list shows it' };
const reasonOption = (help: string) => ({ type: 'string' as const, value: 'TEXT', help });
const selection = {
  service: { type: 'string', value: 'SERVICE', help: 'only what this service could not process' },
  topic: { type: 'string', value: 'TOPIC', help: 'only records of this topic' },
} as const;

const addressOf = ({ service, id }: Item): string => `${service}/${id}`;

/** Below /v1. @throws WrongUsage */
function pathOf(letter: string, action = ''): string {
  const [, service, id] = /^([a-z0-9-]+)\/(\d{1,15})$/.exec(letter) ?? [];
  if (service === undefined || id === undefined) throw new WrongUsage(`${letter} is no dead letter: it is service/number, as \`cc dead-letters list\` shows it`);
  return `/operator/dead-letters/${service}/${id}${action}`;
}

function itemsText(items: readonly Item[]): string {
  return table(['letter', 'topic', 'key', 'records', 'since', 'reason'], items.map((item) => [addressOf(item), item.topic, item.key, item.records, localTime(item.parkedAt), item.reason]), 'nothing is parked');
}

/** What nobody can tell of is no empty list. @throws Error after all is printed */
function refuseGaps({ silent, failed }: Page): void {
  const gaps = [...silent.map(({ detail }) => detail), ...failed.map(({ service, code, detail }) => `${service}: ${code}: ${detail}`)];
  if (gaps.length > 0) throw new Error(`What is parked there is not known:\n${gaps.map((gap) => `  ${gap}`).join('\n')}`);
}

/** Everything that fits, page by page of each service. */
async function everything(gateway: Gateway, typed: Given): Promise<Page> {
  const query = given({ topic: typed.text('topic') });
  const ask = async (service: string | undefined, after: number | undefined): Promise<Page> =>
    Page.parse(await gateway.ask({ method: 'GET', path: '/operator/dead-letters', query: { ...z.record(z.string(), z.string()).parse(query), service, after, limit: PAGE }, role: 'operator' }));
  const first = await ask(typed.text('service'), undefined);
  const items: Item[] = [...first.items];
  const gaps = { silent: [...first.silent], failed: [...first.failed] };
  for (const { service } of first.totals) {
    for (let page = first.items.filter((item) => item.service === service); page.length === PAGE; ) {
      const next = await ask(service, page.at(-1)?.id);
      items.push(...next.items);
      gaps.silent.push(...next.silent);
      gaps.failed.push(...next.failed);
      page = next.items;
    }
  }
  return { items, totals: first.totals, ...gaps };
}

export const deadLettersList: Command = {
  name: 'dead-letters list',
  summary: 'Lists what services could not process: each key by the first of its parked records',
  positionals: [],
  options: selection,
  async run(typed, gateway, print) {
    const page = await everything(gateway, typed);
    print(page, () => itemsText(page.items));
    refuseGaps(page);
  },
};

function letterText({ parked, history, ...letter }: Letter): string {
  const told = parked === undefined
    ? fields([...Object.entries(letter).filter(([name]) => name !== 'others'), ['state', 'not parked any more']])
    : fields([...Object.entries(letter), ['parked', localTime(parked.parkedAt)], ['appended', localTime(parked.appendedAt)], ['state', parked.held ? 'waits behind an earlier record of its key' : 'parked'], ['reason', parked.reason], ['bytes', parked.sizeBytes], ...Object.entries(parked.headers), ['value', parked.value ?? '(sealed, or no text)']]);
  return `${told}\n\n${table(['time', 'what', 'operator', 'reason'], history.map(({ at, did, operator, reason }) => [localTime(at), did, operator, reason]), 'no history: it only waits, or was parked before histories were kept')}`;
}

export const deadLettersShow: Command = {
  name: 'dead-letters show',
  summary: 'Shows one record with its history, also after it has left; numbers are masked, sealed bytes are not shown',
  positionals: [letterPositional],
  options: {},
  async run(typed, gateway, print) {
    const letter = Letter.parse(await gateway.ask({ method: 'GET', path: pathOf(typed.positional(0)), role: 'operator' }));
    print(letter, () => letterText(letter));
  },
};

const said: Readonly<Record<Release['outcome'], string>> = { done: 'done', failed: 'a record failed again and stays', waits: 'a handler is waiting for something; try again later', more: 'there are more' };

function releaseText(letter: string, { outcome, released, left, reason }: Release): string {
  return `${letter}: ${said[outcome]}; ${released} released, ${left} of the key still parked${reason === undefined ? '' : `\n  ${reason}`}`;
}

/** One action on a letter, repeated as a release while there are more records than one step takes. */
async function carryOut(gateway: Gateway, letter: string, action: '/release' | '/drop', reason: string | undefined): Promise<Release> {
  const ask = async (path: string): Promise<Release> => Release.parse(await gateway.ask({ method: 'POST', path, body: given({ reason }), role: 'operator' }));
  let last = await ask(pathOf(letter, action));
  let released = last.released;
  while (last.outcome === 'more') {
    last = await ask(pathOf(letter, '/release'));
    released += last.released;
  }
  return { ...last, released };
}

function refuseRest(result: Release): void {
  if (result.outcome !== 'done') throw new Error('Not everything was released');
}

const acting = (action: 'release' | 'drop', summary: string, reasonHelp: string): Command => ({
  name: `dead-letters ${action}`,
  summary,
  positionals: [letterPositional],
  options: { reason: action === 'drop' ? { ...reasonOption(reasonHelp), required: true } : reasonOption(reasonHelp) },
  async run(typed, gateway, print) {
    const letter = typed.positional(0);
    const result = await carryOut(gateway, letter, `/${action}`, typed.text('reason'));
    print(result, () => `${action === 'drop' ? 'Dropped for good. ' : ''}${releaseText(letter, result)}`);
    refuseRest(result);
  },
});

export const deadLettersRelease = acting('release', 'Delivers the records of its key again, in order, up to the first that fails again', 'what was mended; kept in their history');
export const deadLettersDrop = acting('drop', 'Forgets this one record for good; those that only waited behind it are delivered', 'why nobody needs it; kept in its history');

async function releaseEach(items: readonly Item[], gateway: Gateway, reason: string | undefined, print: Print): Promise<number> {
  let stuck = 0;
  for (const item of items) {
    const result = await carryOut(gateway, addressOf(item), '/release', reason);
    if (result.outcome !== 'done') stuck += 1;
    print({ service: item.service, id: item.id, ...result }, () => releaseText(addressOf(item), result));
  }
  return stuck;
}

export const deadLettersReleaseAll: Command = {
  name: 'dead-letters release-all',
  summary: 'Releases every parked key, one after the other',
  positionals: [],
  options: { ...selection, reason: reasonOption('what was mended; kept in their history') },
  async run(typed, gateway, print) {
    const page = await everything(gateway, typed);
    const stuck = await releaseEach(page.items, gateway, typed.text('reason'), print);
    print({ keys: page.items.length, stuck }, () => `${page.items.length} keys, ${stuck} of them still parked`);
    refuseGaps(page);
    if (stuck > 0) throw new Error('Not everything was released');
  },
};
