import type { TopicDeclaration } from '@cc/contracts';
import { CcError, describeError, pause, withDeadline, type Log } from '@cc/kernel';
import { ConfigResourceTypes, type Admin, type ITopicConfig, type Kafka } from 'kafkajs';
import { shortRetry, toOffset } from './kafka-client';

/** Where a partition begins and ends: `low` is the offset of the first record that is still there, `high` that of the next one. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

/** An answer of an administrative request may take so long, ms. */
const ANSWER_LIMIT_MS = 10_000;
const USABLE_LIMIT_MS = 30_000;
const POLL_MS = 50;
const CLOSE_LIMIT_MS = 5_000;
/** ConfigSource of a setting that was made on the topic itself. */
const SET_ON_TOPIC = 1;

/** The cluster's topics, through one administrative connection that is made when it is first needed. */
export class KafkaTopics {
  private admin: Promise<Admin> | undefined;
  private cluster: Promise<string> | undefined;
  private readonly known = new Map<string, number>();

  constructor(
    private readonly kafka: Kafka,
    private readonly log: Log,
  ) {}

  /** The name under which cursors keep this cluster's offsets. */
  async logName(): Promise<string> {
    this.cluster ??= this.ask('describing the cluster', (admin) => admin.describeCluster()).then(({ clusterId }) => `kafka:${clusterId}`);
    this.cluster.catch(() => (this.cluster = undefined));
    return this.cluster;
  }

  /** Creates what is missing, adds partitions, corrects retention and compaction; resolves to the names that are new, once all can be used. */
  async ensure(topics: readonly TopicDeclaration[]): Promise<string[]> {
    const existing = new Set(await this.ask('listing topics', (admin) => admin.listTopics()));
    const created: string[] = [];
    for (const topic of topics) if (!existing.has(topic.name) && (await this.create(topic))) created.push(topic.name);
    for (const topic of topics) await this.awaitUsable(topic);
    for (const topic of topics) if (!created.includes(topic.name)) await this.correct(topic);
    return created;
  }

  /** How many partitions the topic has. Rejects with `missing` where the cluster has no such topic. */
  async partitions(topic: string): Promise<number> {
    const known = this.known.get(topic);
    if (known !== undefined) return known;
    const topics = await this.ask('listing topics', (admin) => admin.listTopics());
    if (!topics.includes(topic)) throw new CcError('missing', 'topic-unknown', `Kafka has no topic ${topic}`);
    const count = await this.count(topic);
    this.known.set(topic, count);
    return count;
  }

  async watermarks(topic: string): Promise<ReadonlyMap<number, Watermarks>> {
    const offsets = await this.ask('asking for offsets', (admin) => admin.fetchTopicOffsets(topic));
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: toOffset(low), high: toOffset(high) }]));
  }

  async close(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    if (admin !== undefined) await disconnect(admin);
  }

  private async ask<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const asked = (this.admin ??= this.connect());
    try {
      const admin = await withDeadline(asked, ANSWER_LIMIT_MS, 'Connecting to Kafka');
      return await withDeadline(question(admin), ANSWER_LIMIT_MS, what);
    } catch (error) {
      // A connection that has once asked about a topic asks about it each time, and fails for ever once the topic is deleted.
      if (this.admin === asked) this.admin = undefined;
      void disconnect(asked);
      throw new CcError('unavailable', 'kafka-unavailable', `Kafka did not answer: ${what}`, { cause: error });
    }
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin({ retry: shortRetry });
    await admin.connect();
    return admin;
  }

  /** False where another process was first. */
  private async create({ name, partitions, retentionMs, compacted }: TopicDeclaration): Promise<boolean> {
    const topic: ITopicConfig = { topic: name, numPartitions: partitions, configEntries: Object.entries(settingsOf({ retentionMs, compacted })).map(([key, value]) => ({ name: key, value })) };
    // kafkajs' own waiting for leaders fails on topics that were created (UNKNOWN_TOPIC_OR_PARTITION): see awaitUsable.
    const created = await this.ask('creating a topic', (admin) => admin.createTopics({ waitForLeaders: false, topics: [topic] }));
    if (created) this.log.info('A topic was created', { topic: name, partitions });
    return created;
  }

  private async awaitUsable({ name, partitions }: TopicDeclaration): Promise<void> {
    const giveUpAtMs = Date.now() + USABLE_LIMIT_MS;
    for (;;) {
      // A topic that was just created is unknown to its brokers for a while.
      const count = await this.usablePartitions(name).catch(() => 0);
      if (count >= partitions) {
        this.known.set(name, count);
        if (count > partitions) this.log.warn('A topic has more partitions than declared', { topic: name, declared: partitions, partitions: count });
        return;
      }
      if (Date.now() > giveUpAtMs) throw new CcError('unavailable', 'topic-not-usable', `The topic ${name} cannot be used`);
      if (count > 0) await this.grow(name, partitions);
      await pause(POLL_MS);
    }
  }

  private async usablePartitions(topic: string): Promise<number> {
    const count = await this.count(topic);
    return count === 0 ? 0 : (await this.watermarks(topic)).size;
  }

  private async grow(topic: string, count: number): Promise<void> {
    this.log.info('A topic gets more partitions', { topic, partitions: count });
    // Another process may have done it meanwhile, which the next look shows.
    await this.ask('adding partitions', (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] })).catch((error: unknown) =>
      this.log.warn('Partitions could not be added', { topic, error: describeError(error) }),
    );
  }

  private async correct({ name, retentionMs, compacted }: TopicDeclaration): Promise<void> {
    const { resources } = await this.ask('reading settings', (admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name }] }),
    );
    const entries = resources.flatMap(({ configEntries }) => configEntries);
    const wanted = settingsOf({ retentionMs, compacted });
    const differing = Object.entries(wanted).filter(([key, value]) => entries.find(({ configName }) => configName === key)?.configValue !== value);
    if (differing.length === 0) return;
    this.log.info('A topic gets its declared settings', { topic: name, settings: Object.fromEntries(differing) });
    // The request replaces all settings of the topic: the ones that others made must come along.
    const kept = entries.filter(({ configSource, configName }) => Number(configSource) === SET_ON_TOPIC && !(configName in wanted));
    const configEntries = [...kept.map(({ configName, configValue }) => ({ name: configName, value: configValue })), ...Object.entries(wanted).map(([key, value]) => ({ name: key, value }))];
    await this.ask('changing settings', (admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }] }).then(() => true));
  }

  private async count(topic: string): Promise<number> {
    const { topics } = await this.ask('reading metadata', (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    const partitions = topics.flatMap((found) => found.partitions);
    return partitions.every(({ leader }) => leader >= 0) ? partitions.length : 0;
  }
}

function settingsOf({ retentionMs, compacted }: Pick<TopicDeclaration, 'retentionMs' | 'compacted'>): Readonly<Record<string, string>> {
  return { 'cleanup.policy': compacted ? 'compact' : 'delete', 'retention.ms': retentionMs === 'forever' ? '-1' : String(retentionMs) };
}

async function disconnect(connecting: Promise<Admin>): Promise<void> {
  const closing = connecting.then((admin) => admin.disconnect());
  await withDeadline(closing, CLOSE_LIMIT_MS, 'Disconnecting').catch(() => undefined);
}
