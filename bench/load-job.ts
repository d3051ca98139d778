import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@cc/kernel';
import { processEnvironment } from '@cc/platform';
import { Script } from '@cc/testing';
import { z } from 'zod';

/** What the load generator is to do. */
export const LoadJob = z.object({
  /** Where e9 posts. */
  callbackUrl: z.string(),
  calls: z.array(z.object({ callId: z.string(), attemptId: z.string(), vendorCallId: z.string(), startedAt: z.number() })),
  /** Of all calls together. */
  callbacksPerSecond: z.number(),
  /** Between the callbacks of one call. */
  callbackSpacingMs: z.number(),
  /** So many senders that wait for their answers, for so long, instead of the given rate. They begin again when all callbacks are posted, unless each is to go out once. */
  closedLoop: z.object({ senders: z.number(), seconds: z.number(), once: z.boolean().default(false) }).optional(),
  /** Look for the effect of every n-th callback at the API. */
  watch: z.object({ apiUrl: z.string(), apiKey: z.string(), every: z.number(), limitMs: z.number() }).optional(),
});
export type LoadJob = z.infer<typeof LoadJob>;

const Spread = z.object({ count: z.number(), p50: z.number().nullable(), p99: z.number().nullable(), max: z.number().nullable() });
export type Spread = z.infer<typeof Spread>;

export const LoadResult = z.object({
  sent: z.number(),
  /** Not answered 200. */
  refused: z.number(),
  /** Of those looked for: not visible in time. */
  unseen: z.number(),
  /** Epoch ms of the first one. */
  startedAt: z.number(),
  secondsToLastAnswer: z.number(),
  /** From when the callback was due to its answer, ms. */
  answered: Spread,
  /** From the answer to the visible record, ms. */
  visible: Spread.optional(),
});
export type LoadResult = z.infer<typeof LoadResult>;

/** The generator at work: `pid` for what it takes itself. */
export interface RunningLoad {
  readonly pid: number;
  readonly result: Promise<LoadResult>;
}

/** Prepares everything, then begins at once; resolves when it has begun. */
export async function startLoad(job: z.input<typeof LoadJob>, limitMs: number): Promise<RunningLoad> {
  const path = join(tmpdir(), `cc-bench-load-${newId('job')}.json`);
  writeFileSync(path, JSON.stringify(job));
  const args = ['-r', './libs/testing/src/swc-register.cjs', 'bench/vendor-load.ts', path];
  const script = new Script(spawn(process.execPath, args, { env: { ...processEnvironment(), CC_TEST_DIES_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'pipe'] }));
  await script.line(/^ready$/);
  const finish = async (): Promise<LoadResult> => {
    const [, text = ''] = await script.line(/^result (.+)$/, limitMs);
    return LoadResult.parse(JSON.parse(text));
  };
  return { pid: script.pid, result: finish().finally(() => script.kill().finally(() => rmSync(path, { force: true }))) };
}
