/** One topic of the event log: everything that producers, consumers and operators must agree on. */
export interface TopicDeclaration {
  readonly name: string;
  /** What the record key is made of; it decides the partition and so the order. */
  readonly key: string;
  readonly carries: string;
  readonly partitions: number;
  /** `forever` for compacted topics, which keep the last value of each key. */
  readonly retentionMs: number | 'forever';
  readonly compacted: boolean;
  readonly writtenBy: readonly string[];
  readonly readBy: readonly string[];
  /** Its readers park nothing of it, so that it has no topics of dead letters. */
  readonly parksNothing?: true;
}

const DAY_MS = 24 * 60 * 60 * 1000;

const declare = <const T extends TopicDeclaration>(topic: T): T => topic;

export const topics = {
  callCommands: declare({
    name: 'cc.call.commands.v1',
    key: 'callId',
    carries: 'place, cancel, resolve-attempt, simulate-route',
    partitions: 12,
    retentionMs: 7 * DAY_MS,
    compacted: false,
    writtenBy: ['call-gateway'],
    readBy: ['channel-router'],
  }),
  callEvents: declare({
    name: 'cc.call.events.v1',
    key: 'callId',
    carries: 'normalised call events',
    partitions: 12,
    retentionMs: 30 * DAY_MS,
    compacted: false,
    writtenBy: ['call-gateway', 'channel-router', 'event-dispatcher', 'recording-archiver'],
    readBy: ['record-store', 'channel-router', 'hw-poller', 'event-dispatcher', 'recording-archiver', 'call-gateway'],
  }),
  channelNotifications: declare({
    name: 'cc.channel.notifications.v1',
    key: 'channel + the first that is known of seat, vendor call id, attempt id, notification id',
    carries: 'raw vendor messages, byte for byte, sealed',
    partitions: 12,
    retentionMs: 7 * DAY_MS,
    compacted: false,
    writtenBy: ['e9-callback-ingest', 'hw-poller', 'channel-router'],
    readBy: ['event-dispatcher'],
  }),
  callRecords: declare({
    name: 'cc.call.records.v1',
    key: 'callId',
    carries: 'the latest call record',
    partitions: 12,
    retentionMs: 'forever',
    compacted: true,
    writtenBy: ['record-store'],
    readBy: ['call-gateway'],
  }),
  channelHealth: declare({
    name: 'cc.channel.health.v1',
    key: 'channel',
    carries: 'what each channel is and can do, and its state with reason and evidence',
    partitions: 4,
    retentionMs: 'forever',
    compacted: true,
    writtenBy: ['channel-router'],
    readBy: ['call-gateway'],
  }),
  channelOverrides: declare({
    name: 'cc.channel.overrides.v1',
    key: 'channel',
    carries: 'the operator\'s switch',
    partitions: 4,
    retentionMs: 'forever',
    compacted: true,
    writtenBy: ['call-gateway'],
    readBy: ['channel-router'],
  }),
  routeSimulations: declare({
    name: 'cc.route.simulations.v1',
    key: 'simulationId',
    carries: 'the route that a call would take',
    partitions: 4,
    retentionMs: DAY_MS,
    compacted: false,
    writtenBy: ['channel-router'],
    readBy: ['call-gateway'],
  }),
  seatSessions: declare({
    name: 'cc.seat.sessions.v1',
    key: 'channel + seat',
    carries: 'whether a seat is signed in, and its sealed session',
    partitions: 4,
    retentionMs: 'forever',
    compacted: true,
    writtenBy: ['hw-poller'],
    readBy: ['channel-router'],
  }),
  bindings: declare({
    name: 'cc.bindings.v1',
    key: 'tenant + user',
    carries: 'user-agent-channel binding',
    partitions: 4,
    retentionMs: 'forever',
    compacted: true,
    writtenBy: ['call-gateway'],
    readBy: ['channel-router'],
  }),
  operatorCommands: declare({
    name: 'cc.operator.commands.v1',
    key: 'the service that shall do it',
    carries: 'what operators want of a service: its dead letters, records rebuilt',
    partitions: 1,
    retentionMs: DAY_MS,
    compacted: false,
    writtenBy: ['call-gateway'],
    readBy: ['call-gateway', 'channel-router', 'hw-poller', 'event-dispatcher', 'record-store', 'recording-archiver'],
    parksNothing: true,
  }),
  operatorAnswers: declare({
    name: 'cc.operator.answers.v1',
    key: 'commandId',
    carries: 'what came of an operator\'s command',
    partitions: 4,
    retentionMs: DAY_MS,
    compacted: false,
    writtenBy: ['call-gateway', 'channel-router', 'hw-poller', 'event-dispatcher', 'record-store', 'recording-archiver'],
    readBy: ['call-gateway'],
  }),
} as const;

export const allTopics: readonly TopicDeclaration[] = Object.values(topics);

const DEAD_LETTERS_KEPT_MS = 30 * DAY_MS;

/** Where the copies of what a group has parked of a topic go. */
export function deadLetterTopicName(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}

/** The topics of the dead letters of a topic, one for each group that reads it. One partition: a copy is for people and alarms, its record waits in `dead_letter`. */
export function deadLetterTopicsOf({ name, key, readBy, parksNothing }: TopicDeclaration): TopicDeclaration[] {
  if (parksNothing === true) return [];
  return readBy.map((group) => ({
    name: deadLetterTopicName(name, group),
    key,
    carries: `what ${group} could not process of ${name}`,
    partitions: 1,
    retentionMs: DEAD_LETTERS_KEPT_MS,
    compacted: false,
    writtenBy: [group],
    readBy: [],
  }));
}

/** Of all topics: created beside {@link allTopics}. */
export const deadLetterTopics: readonly TopicDeclaration[] = allTopics.flatMap(deadLetterTopicsOf);
