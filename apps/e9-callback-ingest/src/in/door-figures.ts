import { Log, Metrics } from '@cc/kernel';
import { RefusedRequests } from '@cc/platform';
import { Injectable } from '@nestjs/common';

/** Why a callback was refused whose address was read. */
export type DoorRefusal = 'unknown-channel' | 'wrong-secret' | 'body-too-large';

/** What became of the callbacks of one channel since the start of this process. */
interface ChannelFigures {
  received: number;
  stored: number;
  readonly refused: Map<DoorRefusal, number>;
}

/** Counts what comes to the door, for metrics and for the statistics. */
@Injectable()
export class DoorFigures {
  private readonly channels = new Map<string, ChannelFigures>();
  private unknownChannel = 0;

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
    private readonly requests: RefusedRequests,
  ) {}

  received(channel: string): void {
    this.of(channel).received += 1;
    this.metrics.counter('cc_callbacks_received_total', 'Callbacks to a known address', ['channel']).add(1, { channel });
  }

  stored(channel: string): void {
    this.of(channel).stored += 1;
    this.metrics.counter('cc_callbacks_stored_total', 'Callbacks that are on disk', ['channel']).add(1, { channel });
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

  ofChannel(channel: string): { readonly received: number; readonly stored: number; readonly refused: Readonly<Record<string, number>> } {
    const { received, stored, refused } = this.of(channel);
    return { received, stored, refused: Object.fromEntries(refused) };
  }

  private of(channel: string): ChannelFigures {
    const known = this.channels.get(channel);
    if (known !== undefined) return known;
    const begun: ChannelFigures = { received: 0, stored: 0, refused: new Map() };
    this.channels.set(channel, begun);
    return begun;
  }
}
