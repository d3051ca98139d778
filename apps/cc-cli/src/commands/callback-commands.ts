import { z } from 'zod';
import type { Command } from '../command';
import { CallbackImport, type ImportReport, type LineFault } from '../nginx-log/callback-import';
import { fields, localTime, table } from '../text-table';

/** It came to its end, or stopped, with something left to look at; the report has been printed. */
class NotComplete extends Error {
  override readonly name = 'NotComplete';
}

/** What a person sees of a long list; --json has more. */
const SHOWN = 50;

function faultsText(heading: string, faults: readonly LineFault[], count: number): string[] {
  if (count === 0) return [];
  const more = count > SHOWN ? [`… and ${count - SHOWN} more`] : [];
  return [`\n${heading}`, table(['file', 'line', 'reason'], faults.slice(0, SHOWN).map((fault) => [fault.file, fault.line, fault.reason]), ''), ...more];
}

function reportText(report: ImportReport, dryRun: boolean): string {
  const { lines, imported, channels, repeated, stored, notTaken, refusedAgain, refused, broken, stopped } = report;
  const some = (count: number): number | undefined => (count === 0 ? undefined : count);
  return [
    fields([
      ['lines read', lines], [dryRun ? 'to import' : 'imported', imported], ...Object.entries(channels).map(([channel, count]): [string, unknown] => [`  ${channel}`, count]),
      ['repeated lines', some(repeated)], ['left out, the ingest had acknowledged them', some(stored)], ['never taken by NGINX, as the vendor was told', some(notTaken)],
      ['to no known address, then as now', some(refusedAgain)], ['refused by the ingest', refused], ['broken', broken],
    ]),
    ...faultsText('Refused by the ingest:', report.refusedLines, refused),
    ...faultsText('Broken:', report.brokenLines, broken),
    ...(stopped === undefined ? [] : [`\nStopped at ${stopped.file}, line ${stopped.line}: ${stopped.reason}`]),
  ].join('\n');
}

export const callbacksImport: Command = {
  name: 'callbacks import',
  summary: "Hands the callbacks of NGINX's logs to e9-callback-ingest, as if they came now with the time at which they came; repeating it changes nothing",
  positionals: [{ name: 'FILE', help: 'a log of deploy/nginx, as it is or packed by gzip; several in any order', many: true }],
  options: {
    'dry-run': { type: 'boolean', help: 'read and count, send nothing' },
    'skip-stored': { type: 'boolean', help: 'leave out what the ingest had acknowledged: only where its disk is not lost' },
  },
  async run(typed, _gateway, print, { ingest, tell }) {
    const dryRun = typed.flag('dry-run');
    if (!dryRun) ingest.check();
    const work = new CallbackImport(ingest, {
      files: typed.every(), dryRun, skipStored: typed.flag('skip-stored'),
      progress: ({ lines, imported }) => tell(`${lines} lines read, ${imported} callbacks ${dryRun ? 'found' : 'imported'}`),
    });
    const report = await work.run();
    print(report, () => reportText(report, dryRun));
    if (report.stopped !== undefined) throw new NotComplete('The import stopped before its end: run it again once the ingest answers; what is imported already does no harm');
    if (!report.complete) throw new NotComplete('Not every line could be imported: see the lists above');
  },
};

const Counts = z.record(z.string(), z.number());
const Stats = z.looseObject({
  since: z.number(),
  refused: Counts,
  channels: z.array(z.looseObject({ channel: z.string(), received: z.number(), stored: z.number(), refused: Counts, failedVerification: z.number(), replayed: z.number(), backlog: z.object({ callbacks: z.number(), ageSeconds: z.number() }) })),
});

const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

function statsText({ since, refused, channels }: z.infer<typeof Stats>): string {
  const rows = channels.map((one) => [one.channel, one.received, one.stored, total(one.refused), one.failedVerification, one.replayed, one.backlog.callbacks, one.backlog.ageSeconds.toFixed(1)]);
  const reasons = Object.entries(refused).filter(([, count]) => count > 0);
  return [
    `since ${localTime(since)}, of the one process that answered`,
    table(['channel', 'received', 'stored', 'refused', 'failed checks', 'replayed', 'waiting', 'age (s)'], rows, 'no channel is called back'),
    ...(reasons.length === 0 ? [] : ['\nRefused at the door, whatever the channel:', table(['reason', 'count'], reasons, '')]),
  ].join('\n');
}

export const callbacksStats: Command = {
  name: 'callbacks stats',
  summary: 'Shows what came to the door of e9-callback-ingest since its start: received, stored, refused and waiting, by channel',
  positionals: [],
  options: {},
  async run(_typed, _gateway, print, { ingest }) {
    const stats = Stats.parse(await ingest.stats());
    print(stats, () => statsText(stats));
  },
};
