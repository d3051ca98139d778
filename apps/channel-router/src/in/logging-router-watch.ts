import { ChannelState, type ChannelHealth } from '@cc/contracts';
import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import type { AskResult, Attempt, DialResult, HangUpResult } from '../domain/attempt';
import type { DueAccount } from '../domain/accounts';
import { askedKinds, type AskedKind, type Reconciliation } from '../domain/enquiries';
import { RouterWatch, type WaitingQuestions } from '../domain/router-watch';
import type { AttemptRecord } from '../domain/attempt-record';

const about = ({ callId, attemptId, channel }: Attempt) => ({ callId, attemptId, channel });

/** {@link RouterWatch} as log lines and metrics. */
@Injectable()
export class LoggingRouterWatch extends RouterWatch {
  private readonly doubted = new Set<string>();
  private readonly stood = new Set<string>();
  private readonly waited = new Set<string>();

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

  override asked(attempt: AttemptRecord, kind: AskedKind, answer: AskResult): void {
    const outcome = answer.kind === 'told' ? (answer.nothing === true ? 'nothing' : 'found') : answer.kind;
    const told = { ...about(attempt), kind, outcome, ...(answer.kind === 'no-answer' ? { reason: answer.reason } : {}) };
    if (answer.kind === 'no-answer') this.log.warn('a vendor gave no answer about a call', told);
    else this.log.info('a vendor was asked about a call', told);
    this.count('cc_vendor_questions_total', 'Questions about calls by what they were about and what the vendor said: found, nothing of the call, not-found, or no answer', attempt.channel, { kind, outcome });
  }

  override reconciled({ name, channels }: Pick<DueAccount, 'name' | 'channels'>, { incomplete, queued, expired, expiredCalls }: Reconciliation): void {
    const told = { account: name, channels: channels.map(({ channel }) => channel), incomplete, queued, expired };
    if (expired > 0) this.log.warn('calls stay incomplete: their vendor answers no more questions about them', { ...told, callIds: expiredCalls });
    else this.log.info('calls whose records lack something are compared with their vendor', told);
    this.metrics.counter('cc_reconciliations_total', 'Comparisons of incomplete calls with what their vendor says, by the first channel of the account', ['account']).add(1, { account: name });
    this.metrics.gauge('cc_calls_incomplete', 'Calls that are over, whose records lack something that the vendor may still tell; as the last comparison by this process found them', ['account']).set(incomplete - expired, { account: name });
    this.metrics.counter('cc_calls_expired_total', 'Calls whose records stay incomplete: the time in which their vendor can be asked is over', ['account']).add(expired, { account: name });
  }

  override waiting(accounts: readonly WaitingQuestions[]): void {
    const count = this.metrics.gauge('cc_vendor_questions_waiting', 'Calls that their vendor is to be asked about, by the first channel of the account and what they are about', ['account', 'kind']);
    const age = this.metrics.gauge('cc_vendor_questions_oldest_seconds', 'How long ago the oldest of them was dialled', ['account', 'kind']);
    for (const { account } of accounts) this.waited.add(account);
    for (const account of this.waited) {
      for (const kind of askedKinds) {
        const one = accounts.find((other) => other.account === account && other.kind === kind);
        count.set(one?.count ?? 0, { account, kind });
        age.set(one?.oldestSeconds ?? 0, { account, kind });
      }
    }
  }

  override probeFailed(channel: string, reason: string): void {
    this.log.warn('a probe of a vendor failed', { channel, reason });
    this.count('cc_probe_failures_total', 'Probes that failed', channel);
  }

  private count(name: string, help: string, channel: string, more: Readonly<Record<string, string>> = {}): void {
    this.metrics.counter(name, help, ['channel', ...Object.keys(more)]).add(1, { channel, ...more });
  }
}
