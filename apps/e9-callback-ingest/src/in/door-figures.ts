import { Clock, Log, Metrics } from '@cc/kernel';
import { RefusedRequests } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { SpoolWatch, type ReplayedCallback } from '../out/spool-watch';

/** Why a callback was refused whose address was read. */
export type DoorRefusal = 'unknown-channel' | 'wrong-secret' | 'body-too-large';

/** What became of the callbacks of one channel since the start of this process. */
interface ChannelFigures {
  received: number;
  stored: number;
  replayed: number;
  forged: number;
  /** Stored since the start, and not in the log yet. */
  waiting: number;
  /** When the oldest of them came, at the latest; epoch ms. */
  waitingSince: number;
  readonly refused: Map<DoorRefusal, number>;
}

/** The same, to be told. */
export interface ChannelStats {
  readonly received: number;
  readonly stored: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly failedVerification: number;
  readonly replayed: number;
  readonly backlog: { readonly callbacks: number; readonly ageSeconds: number };
}

/** Counts what comes to the door, for metrics and for the statistics. */
@Injectable()
export class DoorFigures {
  /** Epoch ms. */
  readonly since: number;
  private readonly channels = new Map<string, ChannelFigures>();
  private unknownChannel = 0;

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
    private readonly requests: RefusedRequests,
    private readonly clock: Clock,
    spool: SpoolWatch,
  ) {
    this.since = clock.nowMs();
    spool.onReplayed((callbacks) => this.replayed(callbacks));
  }

  received(channel: string): void {
    this.of(channel).received += 1;
    this.metrics.counter('cc_callbacks_received_total', 'Callbacks to a known address', ['channel']).add(1, { channel });
  }

  stored(channel: string): void {
    const figures = this.of(channel);
    figures.stored += 1;
    if (figures.waiting === 0) figures.waitingSince = this.clock.nowMs();
    figures.waiting += 1;
    this.metrics.counter('cc_callbacks_stored_total', 'Callbacks that are on disk', ['channel']).add(1, { channel });
  }

  /** In the order in which they were stored. What an earlier process has stored is replayed, and was not waiting in this one's count. */
  private replayed(callbacks: readonly ReplayedCallback[]): void {
    for (const { channel, receivedAt, verdict } of callbacks) {
      const figures = this.of(channel);
      figures.replayed += 1;
      if (verdict.kind === 'forged') figures.forged += 1;
      if (receivedAt < this.since || figures.waiting === 0) continue;
      figures.waiting -= 1;
      figures.waitingSince = Math.max(figures.waitingSince, receivedAt);
    }
  }

  /** Channels of which something came, the removed ones included. */
  knownChannels(): readonly string[] {
    return [...this.channels.keys()];
  }

  /** @param named as the path had it; not believed where no such channel is. */
  refused(reason: DoorRefusal, named: string, sourceAddress: string): void {
    const channel = reason === 'unknown-channel' ? '' : named;
    if (channel === '') this.unknownChannel += 1;
    else {
      const { refused } = this.of(channel);
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
    }
    this.metrics.counter('cc_callbacks_refused_total', 'Callbacks refused: to an unknown channel, with a wrong secret, or too large', ['channel', 'reason']).add(1, { channel, reason });
    this.log.warn('callback refused', { channel: named.slice(0, 32), reason, sourceAddress });
  }

  /** Refusals of all kinds, by reason; those of one channel are among them. */
  refusals(): Readonly<Record<string, number>> {
    const wrongSecret = [...this.channels.values()].reduce((sum, { refused }) => sum + (refused.get('wrong-secret') ?? 0), 0);
    return { 'unknown-channel': this.unknownChannel, 'wrong-secret': wrongSecret, ...this.requests.byReason() };
  }

  ofChannel(channel: string, nowMs: number): ChannelStats {
    const { received, stored, replayed, forged, waiting, waitingSince, refused } = this.of(channel);
    return { received, stored, refused: Object.fromEntries(refused), failedVerification: forged, replayed, backlog: { callbacks: waiting, ageSeconds: waiting === 0 ? 0 : Math.max(0, nowMs - waitingSince) / 1000 } };
  }

  private of(channel: string): ChannelFigures {
    const known = this.channels.get(channel);
    if (known !== undefined) return known;
    const begun: ChannelFigures = { received: 0, stored: 0, replayed: 0, forged: 0, waiting: 0, waitingSince: 0, refused: new Map() };
    this.channels.set(channel, begun);
    return begun;
  }
}
