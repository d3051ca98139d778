import { pause } from '@cc/kernel';
import { z } from 'zod';
import { declareTopic, numbered, recordEffects } from './effects';
import { openLog, type OpenLog } from './log-under-test';

/** What a worker process is told, as JSON in its first argument. */
const Job = z.object({
  backend: z.object({ databaseUrl: z.string(), brokers: z.array(z.string()).optional(), appendDeadlineMs: z.number().optional() }),
  role: z.enum(['consume', 'append', 'outbox', 'relay']),
  name: z.string(),
  topic: z.string(),
  group: z.string().default(''),
  /** Records in a batch at most, and how long a batch takes, so that a kill falls into the middle of one. */
  maxBatch: z.number().default(20),
  batchSeconds: z.number().default(0.01),
  keys: z.number().default(20),
});
export type Job = z.input<typeof Job>;
type ParsedJob = z.output<typeof Job>;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function consume({ eventLog }: OpenLog, job: ParsedJob): Promise<() => Promise<void>> {
  const running = eventLog.subscribe({
    group: job.group,
    topics: [job.topic],
    maxBatch: job.maxBatch,
    handle: async ({ tx, topic, records }) => {
      const half = Math.ceil(records.length / 2);
      await recordEffects(tx, job.group, job.name, topic, records.slice(0, half));
      await tx.query('SELECT pg_sleep($1)', [job.batchSeconds]);
      await recordEffects(tx, job.group, job.name, topic, records.slice(half));
      return { kind: 'handled' };
    },
  });
  await running.ready;
  return () => running.stop();
}

async function produce({ eventLog, database }: OpenLog, job: ParsedJob): Promise<never> {
  for (let n = 0; ; n += 3) {
    const records = [n, n + 1, n + 2].map((each) => numbered(`k${each % job.keys}`, each));
    if (job.role === 'append') await eventLog.append(job.topic, records);
    else {
      await database.transaction(async (tx) => {
        await tx.query('INSERT INTO outbox_row (topic, n) SELECT $1, unnest($2::bigint[])', [job.topic, [n, n + 1, n + 2]]);
        await eventLog.appendInTransaction(tx, job.topic, records);
      });
    }
    say(`acked ${n + 2}`);
  }
}

async function main(): Promise<void> {
  const job = Job.parse(JSON.parse(process.argv[2] ?? ''));
  const { backend } = job;
  const log = await openLog({ databaseUrl: backend.databaseUrl, ...(backend.brokers === undefined ? {} : { brokers: backend.brokers }) }, job.name);
  // A relay is at work in every process that has ensured the topic.
  if (job.role === 'relay') await log.eventLog.ensureTopics([declareTopic(job.topic)]);
  const stop = job.role === 'consume' ? await consume(log, job) : async (): Promise<void> => undefined;
  say('ready');
  process.once('SIGTERM', () => {
    void stop()
      .then(() => log.close())
      .then(() => process.exit(0));
  });
  if (job.role === 'append' || job.role === 'outbox') await produce(log, job);
  for (;;) await pause(1000);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
