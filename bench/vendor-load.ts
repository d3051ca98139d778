// The vendor's side of a measurement, in a process of its own: `vendor-load.ts JOB.json` posts the job's callbacks and prints `result {…}`.
import { readFileSync } from 'node:fs';
import { describeError, pause } from '@cc/kernel';
import { z } from 'zod';
import { callbackKinds, callbackXml, type CallbackKind } from './e9-callbacks';
import { HttpLines, requestBytes } from './http-lines';
import { percentile } from './measure';
import { LoadJob, type LoadResult, type Spread } from './load-job';

/** More than any server here serves at once: what waits beyond it waits for the server, and its time counts. */
const CONNECTIONS = 256;
/** How long after the callback's answer the record is first looked at, and the shortest pause between two looks; later ones come after a tenth of what has passed. */
const LOOK_MS = 20;
const LOOK_AGAIN_SHARE = 0.1;
const LOOKS_AT_ONCE = 64;

const STAGES: readonly string[] = ['queued', 'dialing', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended'];
const REACHED: Readonly<Record<CallbackKind, string>> = { 'a-called': 'a-ringing', 'b-called': 'b-ringing', established: 'connected', 'hung-up': 'ended' };
const Shown = z.object({ stage: z.string() });

interface Posting {
  readonly callId: string;
  readonly kind: CallbackKind;
  readonly bytes: Buffer;
  /** After the beginning, ms. */
  readonly dueMs: number;
}

class Load {
  private readonly door: HttpLines;
  private readonly api: HttpLines | undefined;
  private readonly answeredMs: number[] = [];
  private readonly visibleMs: number[] = [];
  private refused = 0;
  private unseen = 0;
  private begunAt = 0;
  private lastAnswerAt = 0;

  constructor(private readonly job: LoadJob) {
    this.door = new HttpLines(new URL(job.callbackUrl), job.closedLoop?.senders ?? CONNECTIONS);
    this.api = job.watch === undefined ? undefined : new HttpLines(new URL(job.watch.apiUrl), LOOKS_AT_ONCE);
  }

  async run(): Promise<LoadResult> {
    const postings = this.postings();
    process.stdout.write('ready\n');
    const startedAt = Date.now();
    this.begunAt = performance.now();
    const looks: Promise<void>[] = [];
    const sent = this.job.closedLoop === undefined ? await this.openLoop(postings, looks) : await this.closedLoop(postings, this.job.closedLoop, looks);
    await Promise.all(looks);
    this.door.close();
    this.api?.close();
    return {
      sent, refused: this.refused, unseen: this.unseen, startedAt, secondsToLastAnswer: (this.lastAnswerAt - this.begunAt) / 1000,
      answered: spread(this.answeredMs), ...(this.api === undefined ? {} : { visible: spread(this.visibleMs) }),
    };
  }

  /** In the order in which they are due: each call's callbacks one after the other, so far apart as the job says. */
  private postings(): Posting[] {
    const url = new URL(this.job.callbackUrl);
    const { calls, callbacksPerSecond, callbackSpacingMs } = this.job;
    const perCallMs = (1000 * callbackKinds.length) / callbacksPerSecond;
    const all = calls.flatMap((call, index) => callbackKinds.map((kind, nth): Posting => ({
      callId: call.callId, kind, dueMs: index * perCallMs + nth * callbackSpacingMs,
      bytes: requestBytes('POST', url, { 'content-type': 'application/xml;charset=utf-8' }, callbackXml(call, kind)),
    })));
    return all.sort((a, b) => a.dueMs - b.dueMs);
  }

  /** Each goes out when it is due, whatever became of those before, and its time counts from then: nobody waits for the server out of politeness. */
  private async openLoop(postings: readonly Posting[], looks: Promise<void>[]): Promise<number> {
    const answers: Promise<void>[] = [];
    let next = 0;
    while (next < postings.length) {
      const nowMs = performance.now() - this.begunAt;
      for (let posting = postings[next]; posting !== undefined && posting.dueMs <= nowMs; posting = postings[next]) {
        answers.push(this.post(posting, this.begunAt + posting.dueMs, next, looks));
        next += 1;
      }
      await pause(1);
    }
    await Promise.all(answers);
    return next;
  }

  /** So many senders, each of which posts the next as soon as it has its answer, round and round for as long as the job says. */
  private async closedLoop(postings: readonly Posting[], { senders, seconds, once }: NonNullable<LoadJob['closedLoop']>, looks: Promise<void>[]): Promise<number> {
    let sent = 0;
    const endsAt = this.begunAt + seconds * 1000;
    await Promise.all(Array.from({ length: senders }, async () => {
      for (let posting = postings[sent]; posting !== undefined && performance.now() < endsAt; posting = postings[once ? sent : sent % postings.length]) {
        sent += 1;
        await this.post(posting, performance.now(), sent - 1, looks);
      }
    }));
    return sent;
  }

  private async post(posting: Posting, dueAt: number, index: number, looks: Promise<void>[]): Promise<void> {
    const { status, at } = await this.door.send(posting.bytes);
    if (status !== 200) {
      this.refused += 1;
      return;
    }
    this.lastAnswerAt = at;
    this.answeredMs.push(at - dueAt);
    const { watch } = this.job;
    // Prime to the number of kinds, so that each kind is looked at.
    if (watch !== undefined && index % watch.every === 0) looks.push(this.untilVisible(posting, at, watch));
  }

  /** Asks the API, as an application would, until the record shows what the callback said. */
  private async untilVisible({ callId, kind }: Posting, answeredAt: number, { apiUrl, apiKey, limitMs }: NonNullable<LoadJob['watch']>): Promise<void> {
    const bytes = requestBytes('GET', new URL(`${apiUrl}/calls/${callId}`), { authorization: `Bearer ${apiKey}` });
    const wanted = STAGES.indexOf(REACHED[kind]);
    let waitMs = LOOK_MS;
    for (;;) {
      await pause(waitMs);
      const { status, body, at } = (await this.api?.send(bytes)) ?? { status: 0, body: '', at: 0 };
      const passedMs = at - answeredAt;
      if (status === 200 && STAGES.indexOf(Shown.parse(JSON.parse(body)).stage) >= wanted) {
        this.visibleMs.push(passedMs);
        return;
      }
      if (performance.now() - answeredAt > limitMs) {
        this.unseen += 1;
        return;
      }
      waitMs = Math.max(LOOK_MS, passedMs * LOOK_AGAIN_SHARE);
    }
  }
}

function spread(figures: readonly number[]): Spread {
  return { count: figures.length, p50: percentile(figures, 0.5), p99: percentile(figures, 0.99), max: percentile(figures, 1) };
}

async function load(): Promise<void> {
  const [path = ''] = process.argv.slice(2);
  const result = await new Load(LoadJob.parse(JSON.parse(readFileSync(path, 'utf8')))).run();
  process.stdout.write(`result ${JSON.stringify(result)}\n`);
}

void load().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  },
);
