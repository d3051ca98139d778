import { topics } from '@cc/contracts';
import { pause } from '@cc/kernel';
import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { z } from 'zod';
import { callIdOf, productOf, type VendorCall } from './vendor-side';

const Published = z.object({ callId: z.string(), version: z.number(), state: z.string() });

/** Seconds from the end of a call at the vendor to its closed record in the log, as a subscriber sees it. */
export interface Lags {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** The calls that took longest, to be looked up. */
  readonly slowest: readonly { readonly callId: string; readonly product: string; readonly scenario: string; readonly seconds: number }[];
}

const SLOWEST_SHOWN = 8;

/** Reads the records as any other subscriber does, through all faults: it knows when each call was first seen closed. */
export class RecordWatch {
  private readonly closedAt = new Map<string, number>();
  private readonly versions = new Map<string, number>();
  /** Calls whose record was followed by an older one. */
  readonly wentBack = new Set<string>();

  private constructor(private readonly consumer: Consumer) {}

  static async start(brokers: readonly string[], group: string): Promise<RecordWatch> {
    const kafka = new Kafka({ clientId: 'chaos-watch', brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 1_000_000 } });
    const consumer = kafka.consumer({ groupId: group, sessionTimeout: 10_000, heartbeatInterval: 1000, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
    const watch = new RecordWatch(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topics.callRecords.name], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message: { value } }) => watch.saw(value) });
    return watch;
  }

  lagsOf(calls: readonly VendorCall[]): Lags {
    const slowest = calls.flatMap((call) => {
      const callId = callIdOf(call) ?? '';
      const closedAt = this.closedAt.get(callId);
      return closedAt === undefined ? [] : [{ callId, product: productOf(call), scenario: call.scenario, seconds: Number(((closedAt - call.times.endedAt) / 1000).toFixed(2)) }];
    }).sort((a, b) => b.seconds - a.seconds);
    const at = (share: number): number => slowest[Math.min(slowest.length - 1, Math.floor(slowest.length * (1 - share)))]?.seconds ?? 0;
    return { calls: slowest.length, p50: at(0.5), p99: at(0.99), worst: at(1), slowest: slowest.slice(0, SLOWEST_SHOWN) };
  }

  async stop(): Promise<void> {
    // A consumer that waits for its broker does not end by itself.
    await Promise.race([this.consumer.disconnect(), pause(5000)]);
  }

  private saw(value: Buffer | null): void {
    if (value === null) return;
    const { callId, version, state } = Published.parse(JSON.parse(value.toString('utf8')));
    if (version < (this.versions.get(callId) ?? 0)) this.wentBack.add(callId);
    this.versions.set(callId, version);
    if (state === 'close' && !this.closedAt.has(callId)) this.closedAt.set(callId, Date.now());
  }
}
