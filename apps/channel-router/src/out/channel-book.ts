import { randomUUID } from 'node:crypto';
import { encodeChannelHealth, encodeChannelNotification, topics, type ChannelHealth, type PlaceCall, type WireRecord } from '@cc/contracts';
import { BlindIndex, NumberVault, Sealer, describeError } from '@cc/kernel';
import { Channels, sealNotification, type DialRequest, type OpenChannel } from '@cc/vendors';
import type { Attempt, CancelResult, DialResult } from '../domain/attempt';
import type { Candidate } from '../domain/choose-channel';
import { RecentSuccess } from '../domain/recent-success';
import type { LiveAttempt } from './pg-calls';

/** The channels as this router sees them: their adapters, how their recent dials went, and the only place where numbers are in clear. */
export class ChannelBook {
  private readonly success = new RecentSuccess();
  private readonly vault: NumberVault;
  private readonly sealer: Sealer;
  private readonly lines: BlindIndex;

  constructor(
    private readonly channels: Channels,
    encryptionKey: Buffer,
  ) {
    this.vault = new NumberVault(encryptionKey);
    this.sealer = new Sealer(encryptionKey, 'notifications');
    this.lines = new BlindIndex(encryptionKey);
  }

  find(id: string): OpenChannel | undefined {
    return this.channels.find(id);
  }

  candidates(nowMs: number): Candidate[] {
    return this.channels.all().map(({ channel }) => ({
      channel: channel.id, enabled: channel.enabled, weight: channel.weight, score: this.success.of(channel.id, nowMs), capabilities: channel.capabilities,
      ...(channel.tenants === undefined ? {} : { tenants: channel.tenants }),
    }));
  }

  /** Remembers how a dial went. */
  note(channel: string, accepted: boolean, nowMs: number): void {
    this.success.note(channel, accepted, nowMs);
  }

  /** @throws CcError `cannot-unseal` when the numbers were sealed with another key. */
  private requestOf(attemptId: string, command: PlaceCall): DialRequest {
    return {
      attemptId,
      caller: this.vault.reveal(command.caller.sealed, command.callId),
      called: this.vault.reveal(command.called.sealed, command.callId),
      record: command.record,
      ...(command.agent === undefined ? {} : { agent: command.agent }),
      ...(command.maxDurationSeconds === undefined ? {} : { maxDurationSeconds: command.maxDurationSeconds }),
    };
  }

  /** The line as the database may know it: a line is most often a telephone number. */
  lineRefOf(open: OpenChannel, attemptId: string, command: PlaceCall): { readonly kind: 'line'; readonly ref: string } | { readonly kind: 'unreadable'; readonly reason: string } {
    try {
      const request = this.requestOf(attemptId, command);
      const line = open.adapter.lineOf(request);
      // A telephone is one line for everybody; another name means something to one tenant's use of one channel only.
      return { kind: 'line', ref: this.lines.of('line', line === request.caller ? line : `${command.tenant}/${open.channel.id}/${line}`) };
    } catch (error) {
      return { kind: 'unreadable', reason: `the numbers of the call cannot be used here: ${describeError(error)}` };
    }
  }

  async dial(attempt: Attempt, command: PlaceCall): Promise<DialResult> {
    const open = this.channels.find(attempt.channel);
    if (open === undefined) return { kind: 'not-sent', reason: `channel ${attempt.channel} is not configured here` };
    return await open.adapter.dial(this.requestOf(attempt.attemptId, command));
  }

  /** Asks the vendor to end a call. */
  async cancel(attempt: LiveAttempt): Promise<CancelResult> {
    const cancel = this.channels.find(attempt.channel)?.adapter.cancel;
    if (cancel === undefined || attempt.vendorCallId === undefined) return { kind: 'refused', reason: 'this channel cannot end a call' };
    return await cancel({ vendorCallId: attempt.vendorCallId });
  }

  /** Whether the vendor can be asked what became of this call. */
  canBeAsked({ channel, vendorCallId }: LiveAttempt): boolean {
    return vendorCallId !== undefined && this.channels.find(channel)?.adapter.query !== undefined;
  }

  /** The vendor's answer to "what became of this call?" as a notification; undefined when it gives none, or could not be asked just now. */
  async query(attempt: LiveAttempt): Promise<WireRecord | undefined> {
    const query = this.channels.find(attempt.channel)?.adapter.query;
    if (query === undefined || attempt.vendorCallId === undefined) return undefined;
    const answer = await query({ attemptId: attempt.attemptId, vendorCallId: attempt.vendorCallId, sentAt: 0 });
    if (answer.kind !== 'told') return undefined;
    const raw = answer.notification;
    const id = `${attempt.attemptId}/query/${randomUUID()}`;
    const header = { id, channel: attempt.channel, kind: raw.kind, receivedAt: raw.receivedAt, attemptId: attempt.attemptId, vendorCallId: attempt.vendorCallId };
    return encodeChannelNotification({ ...header, sealed: sealNotification(raw, id, this.sealer) }, 'channel-router');
  }

  /** What everyone may know of the channels. */
  announcement(nowMs: number): { topic: string; records: WireRecord[] } {
    const healths = this.channels.all().map(({ channel }): ChannelHealth => ({
      channel: channel.id, vendor: channel.vendor, protocol: channel.protocol, enabled: channel.enabled, capabilities: channel.capabilities,
      weight: channel.weight, state: 'up', score: this.success.of(channel.id, nowMs), reason: 'configured', since: nowMs,
    }));
    return { topic: topics.channelHealth.name, records: healths.map(encodeChannelHealth) };
  }
}
