import { ChannelState, type ChannelHealth } from '@cc/contracts';
import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import type { Attempt, DialResult, HangUpResult } from '../domain/attempt';
import { RouterWatch } from '../domain/router-watch';
import type { AttemptRecord } from '../domain/ledger';

const about = ({ callId, attemptId, channel }: Attempt) => ({ callId, attemptId, channel });

/** {@link RouterWatch} as log lines and metrics. */
@Injectable()
export class LoggingRouterWatch extends RouterWatch {
  private readonly doubted = new Set<string>();
  private readonly stood = new Set<string>();

  constructor(
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    super();
  }

  override dialled(attempt: Attempt, result: DialResult): void {
    this.log.info('dialled', { ...about(attempt), outcome: result.kind, ...(result.kind === 'accepted' ? {} : { reason: result.reason }) });
    this.count('cc_dials_total', 'Dials by what they led to', attempt.channel, { outcome: result.kind });
  }

  override outcomeLost(attempt: Attempt): void {
    this.log.warn('the outcome of a dial was lost', about(attempt));
    this.count('cc_dial_outcomes_lost_total', 'Dials whose outcome was lost, most often by a crash', attempt.channel);
  }

  override hungUp(attempt: AttemptRecord, result: HangUpResult): void {
    this.log.info('the vendor was asked to end a call', { ...about(attempt), outcome: result.kind, ...(result.kind === 'accepted' ? {} : { reason: result.reason }) });
  }

  override lateRing(attempt: AttemptRecord): void {
    this.log.error('a phone rang although its attempt counted as not placed', { ...about(attempt), state: attempt.state });
    this.count('cc_dial_rang_after_resolved_total', 'Attempts that counted as not placed and rang after all; each is an incident', attempt.channel);
  }

  override reaped(attempt: AttemptRecord, lineKept: boolean): void {
    this.log.warn('call closed without a known end', { ...about(attempt), state: attempt.state, lineKept });
    this.count('cc_calls_reaped_total', 'Calls closed as 255 because no end was heard of', attempt.channel);
  }

  override resolved(attempt: AttemptRecord, by: 'query' | 'operator'): void {
    this.log.info('an attempt in doubt was settled', { ...about(attempt), by });
  }

  override unreadable(simulationId: string): void {
    this.log.error('a route could not be simulated: its numbers were sealed with another key than this router has', { simulationId });
  }

  override changed(health: ChannelHealth): void {
    const told = { channel: health.channel, state: health.state, reason: health.reason, recovering: health.recovering === true, evidence: health.evidence };
    if (health.state === 'up') this.log.info('channel state', told);
    else this.log.warn('channel state', told);
  }

  override standing(channels: readonly Pick<ChannelHealth, 'channel' | 'state'>[]): void {
    const gauge = this.metrics.gauge('cc_channel_state', '1 for the state that the channel is in', ['channel', 'state']);
    const states = new Map(channels.map(({ channel, state }) => [channel, state]));
    for (const channel of states.keys()) this.stood.add(channel);
    // One that has left the file is in no state.
    for (const channel of this.stood) for (const known of ChannelState.options) gauge.set(known === states.get(channel) ? 1 : 0, { channel, state: known });
  }

  override inDoubt(byChannel: ReadonlyMap<string, number>): void {
    const gauge = this.metrics.gauge('cc_attempts_in_doubt', 'Attempts that keep their lines because nobody knows whether the vendor placed them', ['channel']);
    for (const channel of byChannel.keys()) this.doubted.add(channel);
    for (const channel of this.doubted) gauge.set(byChannel.get(channel) ?? 0, { channel });
  }

  override probeFailed(channel: string, reason: string): void {
    this.log.warn('a probe of a vendor failed', { channel, reason });
    this.count('cc_probe_failures_total', 'Probes that failed', channel);
  }

  private count(name: string, help: string, channel: string, more: Readonly<Record<string, string>> = {}): void {
    this.metrics.counter(name, help, ['channel', ...Object.keys(more)]).add(1, { channel, ...more });
  }
}
