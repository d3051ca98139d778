import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KAFKA_LOCAL } from './repository';

const run = promisify(execFile);
const JARS = join(KAFKA_LOCAL, 'jars');
const MIN_JAVA = 17;
const FETCH_LIMIT_MS = 600_000;
const PREPARE_LIMIT_MS = 120_000;

/** Why tools/kafka-local cannot work on this machine, or undefined when it can. */
export async function localKafkaObstacle(): Promise<string | undefined> {
  const java = await javaVersion();
  if (java === undefined) return 'neither Docker nor Java';
  if (java < MIN_JAVA) return `no Docker, and Java ${java} is older than ${MIN_JAVA}`;
  if (existsSync(JARS)) return undefined;
  return (await answers('mvn', ['-v'])) ? undefined : 'no Docker, and no Maven to fetch the jars of Kafka';
}

/** The jars in tools/kafka-local, fetched when they are not there, and the archive of loaded classes that halves a broker's start. */
export async function prepareLocalKafka(): Promise<void> {
  if (!existsSync(JARS)) await fetchJars();
  if (!readdirSync(KAFKA_LOCAL).some((file) => file.endsWith('.jsa'))) {
    // Without the archive the broker only starts slower.
    await run(process.execPath, [join(KAFKA_LOCAL, 'kafka-local.mjs'), 'prepare'], { timeout: PREPARE_LIMIT_MS }).catch(() => undefined);
  }
}

async function fetchJars(): Promise<void> {
  // A folder of its own until it is whole: two runs may fetch at once, and either may be interrupted.
  const unfinished = `${JARS}.${process.pid}`;
  try {
    await run('mvn', ['-q', '-B', '-f', join(KAFKA_LOCAL, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`], { timeout: FETCH_LIMIT_MS });
    if (!existsSync(JARS)) renameSync(unfinished, JARS);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function javaVersion(): Promise<number | undefined> {
  try {
    const { stderr } = await run('java', ['-version'], { timeout: 20_000 });
    return Number(/version "(\d+)/.exec(stderr)?.[1]);
  } catch {
    return undefined;
  }
}

async function answers(program: string, args: string[]): Promise<boolean> {
  return run(program, args, { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}
