import { z } from 'zod';
import { given, type Command, type Given } from '../command';
import { table } from '../text-table';
import { WrongUsage } from '../wrong-usage';

const Shown = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Page = z.object({
  checked: z.number(),
  differing: z.array(z.object({ callId: z.string(), columns: z.array(z.object({ column: z.string(), stored: Shown, recomputed: Shown })) })),
  rebuilt: z.number(),
  next: z.string().optional(),
});
type Differing = z.infer<typeof Page>['differing'];

/** Epoch ms of what was typed: that, or a date, with a time where one is given. @throws WrongUsage */
function timeOf(typed: Given, name: string): number | undefined {
  const text = typed.text(name);
  if (text === undefined) return undefined;
  const at = /^\d{9,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw new WrongUsage(`--${name} is no time: give epoch milliseconds, or a date such as 2026-11-24 or 2026-11-24T08:00:00+08:00 (a date alone is one of UTC)`);
  return at;
}

function differencesText(differing: Differing): string {
  return differing.map(({ callId, columns }) => `${callId}\n${table(['column', 'stored', 'from its events'], columns.map(({ column, stored, recomputed }) => [column, String(stored), String(recomputed)]), '')}`).join('\n\n');
}

export const recordsRebuild: Command = {
  name: 'records rebuild',
  summary: 'Recomputes call records from their events, stores those anew that differ, and says in what; all calls unless told',
  positionals: [],
  options: {
    call: { type: 'string', value: 'CALL', help: 'this call alone' },
    from: { type: 'string', value: 'TIME', help: 'calls created from then on: epoch ms, or a date' },
    to: { type: 'string', value: 'TIME', help: 'calls created before then' },
    'dry-run': { type: 'boolean', help: 'compare only' },
  },
  async run(typed, gateway, print) {
    const dryRun = typed.flag('dry-run');
    const body = given({ callId: typed.text('call'), from: timeOf(typed, 'from'), to: timeOf(typed, 'to'), dryRun });
    if (body['callId'] !== undefined && Object.keys(body).length > 2) throw new WrongUsage('--call goes without --from and --to');
    const sum = { checked: 0, differing: 0, rebuilt: 0 };
    for (let after: string | undefined; ; ) {
      const { checked, differing, rebuilt, next } = Page.parse(await gateway.ask({ method: 'POST', path: '/operator/records/rebuild', body: given({ ...body, after }), role: 'operator' }));
      sum.checked += checked;
      sum.differing += differing.length;
      sum.rebuilt += rebuilt;
      if (differing.length > 0) print({ differing }, () => `${differencesText(differing)}\n`);
      if (next === undefined) break;
      after = next;
    }
    print({ ...sum, dryRun }, () => `${sum.checked} calls checked, ${sum.differing} records differ from their events${dryRun ? '' : `, ${sum.rebuilt} stored anew`}`);
    if (sum.differing > 0) throw new Error('0 were expected to differ: see docs/runbooks/records-rebuild.md');
  },
};
