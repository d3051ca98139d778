import { encodeChannelNotification, topics, type PlaceCall } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { BlindIndex, defined, NumberVault, Sealer, describeError, newId } from '@cc/kernel';
import { indexKeyOf } from '@cc/platform';
import { Channels, openSession, sealNotification, type DialRequest, type OpenChannel, type RawNotification } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { ChannelRouterSettings } from '../channel-router.config';
import type { Attempt, AskResult, DialResult, HangUpResult } from '../domain/attempt';
import { Carriers, type CarrierFacts, type ClearNumbers, type DialTerms } from '../domain/carriers';
import type { AttemptRecord } from '../domain/attempt-record';
import type { ChosenLine } from '../domain/route';

/** {@link Carriers} over the configured channels' adapters. */
@Injectable()
export class VendorCarriers extends Carriers {
  private readonly vault: NumberVault;
  private readonly notifications: Sealer;
  private readonly refs: BlindIndex;
  private readonly facts = new WeakMap<OpenChannel, CarrierFacts>();

  constructor(
    private readonly channels: Channels,
    private readonly eventLog: EventLog,
    { values }: ChannelRouterSettings,
  ) {
    super();
    const indexKey = indexKeyOf(values);
    this.vault = new NumberVault(values.encryptionKey, indexKey);
    this.notifications = new Sealer(values.encryptionKey, 'notifications');
    this.refs = new BlindIndex(indexKey);
  }

  override all(): readonly CarrierFacts[] {
    return this.channels.all().map((open) => this.factsOf(open));
  }

  override find(channel: string): CarrierFacts | undefined {
    const open = this.channels.find(channel);
    return open === undefined ? undefined : this.factsOf(open);
  }

  override numbersOf(command: Pick<PlaceCall, 'callId' | 'caller' | 'called'>): ClearNumbers | undefined {
    try {
      return { caller: this.vault.reveal(command.caller.sealed, command.callId), called: this.vault.reveal(command.called.sealed, command.callId) };
    } catch {
      return undefined;
    }
  }

  override lineRefOf(tenant: string, channel: string, line: ChosenLine): string {
    if (line.kind === 'caller') return this.refs.of('line', line.name);
    // A seat belongs to the channel's account, whoever calls from it; an agent's name means something to its tenant only.
    return this.refs.of('line', line.kind === 'seat' ? `${channel}/${line.name}` : `${tenant}/${channel}/${line.name}`);
  }

  override callerRefOf(caller: string): string {
    return this.refs.of('caller', caller);
  }

  override async dial(attempt: Attempt, command: PlaceCall, { leaveBy, session }: DialTerms): Promise<DialResult> {
    const open = this.channels.find(attempt.channel);
    if (open === undefined) return { kind: 'not-sent', reason: `channel ${attempt.channel} is not configured here` };
    const numbers = this.numbersOf(command);
    if (numbers === undefined) return { kind: 'not-sent', reason: 'the numbers of the call cannot be read here' };
    const { agent, record, maxDurationSeconds } = command;
    const seat = this.seatOf(attempt, session);
    if (seat === undefined) return { kind: 'not-sent', reason: 'the session of the seat cannot be read here' };
    const request: DialRequest = {
      attemptId: attempt.attemptId, leaveBy, ...numbers, record, ...seat,
      ...(agent === undefined ? {} : { agent }),
      ...(maxDurationSeconds === undefined || !open.channel.capabilities.maxDuration ? {} : { maxDurationSeconds }),
    };
    try {
      return await open.adapter.dial(request);
    } catch (error) {
      return { kind: 'unknown', reason: `the dial failed: ${describeError(error)}` };
    }
  }

  override async hangUp(attempt: AttemptRecord, session: string | undefined): Promise<HangUpResult> {
    const open = this.channels.find(attempt.channel);
    if (open?.adapter.cancel === undefined || !open.channel.capabilities.cancel || attempt.vendorCallId === undefined) return { kind: 'refused', reason: 'this channel cannot end a call' };
    const seat = this.seatOf(attempt, session);
    if (seat === undefined) return { kind: 'refused', reason: 'the session of the seat cannot be read here' };
    try {
      return await open.adapter.cancel({ vendorCallId: attempt.vendorCallId, ...(session === undefined ? {} : seat) });
    } catch (error) {
      return { kind: 'unknown', reason: describeError(error) };
    }
  }

  override async ask(attempt: AttemptRecord): Promise<AskResult> {
    const query = this.channels.find(attempt.channel)?.adapter.query;
    if (query === undefined) return { kind: 'no-answer', reason: 'this channel cannot be asked' };
    const { attemptId, vendorCallId, sentAt, endHeardAt, command } = attempt;
    const caller = command === undefined ? undefined : this.numbersOf(command)?.caller;
    try {
      const answer = await query({ attemptId, sentAt, ...defined({ vendorCallId, caller, overBy: endHeardAt }) });
      if (answer.kind !== 'told') return answer;
      await this.append(attempt, answer.notification);
      return answer.nothing === true ? { kind: 'told', nothing: true } : { kind: 'told' };
    } catch (error) {
      return { kind: 'no-answer', reason: describeError(error) };
    }
  }

  override async probe(channel: string): Promise<{ readonly well: boolean; readonly reason?: string }> {
    try {
      const outcome = await this.channels.find(channel)?.adapter.probe?.();
      return outcome === undefined || outcome.kind === 'well' ? { well: true } : { well: false, reason: outcome.reason };
    } catch (error) {
      return { well: false, reason: describeError(error) };
    }
  }

  private async append({ attemptId, channel, vendorCallId }: AttemptRecord, raw: RawNotification): Promise<void> {
    const id = newId('ntf');
    const header = { id, channel, kind: raw.kind, receivedAt: raw.receivedAt, attemptId, ...(vendorCallId === undefined ? {} : { vendorCallId }) };
    await this.eventLog.append(topics.channelNotifications.name, [encodeChannelNotification({ ...header, sealed: sealNotification(raw, id, this.notifications) }, 'channel-router')]);
  }

  /** `undefined` when the session was sealed with another key. */
  private seatOf({ channel, seat }: Attempt, sealed: string | undefined): Pick<DialRequest, 'seat' | 'session'> | undefined {
    if (seat === undefined || sealed === undefined) return seat === undefined ? {} : { seat };
    try {
      return { seat, session: openSession(sealed, channel, seat, this.notifications) };
    } catch {
      return undefined;
    }
  }

  private factsOf(open: OpenChannel): CarrierFacts {
    const known = this.facts.get(open);
    if (known !== undefined) return known;
    const { channel, adapter } = open;
    const { id, vendor, protocol, enabled, weight, tenants, capabilities, limits, numbers, line, health, repair } = channel;
    const facts: CarrierFacts = {
      channel: id, vendor, enabled, weight, capabilities, limits, numbers, health, line: { kind: line.kind, names: new Set(line.names) },
      ...(tenants === undefined ? {} : { tenants }),
      canQuery: capabilities.query, findsByAttempt: adapter.findsByAttempt === true, canProbe: capabilities.probe,
      account: this.refs.of('account', channel.account), queriesPerMinute: limits.queriesPerMinute, repair, queryTells: new Set(capabilities.query ? adapter.queryTells : []), longestCallSeconds: limits.longestCallSeconds,
      described: {
        channel: id, vendor, protocol, enabled, capabilities, weight,
        ...(tenants === undefined ? {} : { tenants: [...tenants] }),
        line: { kind: line.kind, ...(line.kind === 'seat' ? { names: [...line.names] } : {}) },
      },
    };
    this.facts.set(open, facts);
    return facts;
  }
}
