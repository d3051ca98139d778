import { createHash } from 'node:crypto';
import { encodeCallCommand, encodeCallEvent, topics, type CallRecord, type ChannelHealth } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, Clock, newId } from '@cc/kernel';
import { DetailedError } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { placeCall, type PlacedCall } from '../domain/place-call';
import { whyNoneIsUp } from '../domain/tenant-channels';
import { CallCatalogue, type IdempotentUse } from '../out/call-catalogue';
import { CallRequests } from './call-requests';

const SERVICE = 'call-gateway';
/** Longer than a broker's restart of a moment, shorter than anyone waits for a telephone to ring. */
const MAX_STALL_MS = 3000;

export interface PlacedAnswer {
  readonly record: CallRecord;
  /** Placed by an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** From a checked body to a committed call. */
@Injectable()
export class CallPlacement {
  constructor(
    private readonly calls: CallCatalogue,
    private readonly requests: CallRequests,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves once the call, its `requested` event and its command are committed together; a request that was made before under its
   * Idempotency-Key gets the call that it made, whatever would be said of it now.
   */
  async place(tenant: string, body: unknown, idempotencyKey: string | undefined): Promise<PlacedAnswer> {
    const use: IdempotentUse | undefined = idempotencyKey === undefined ? undefined : { key: idempotencyKey, bodySha256: sha256(JSON.stringify(body) ?? '') };
    const before = use === undefined ? undefined : await this.calls.placedBefore(tenant, use);
    if (before !== undefined) return { record: before, replayed: true };
    this.refuseWhileStalled();
    const callId = newId('call');
    const { request, candidates } = await this.requests.parse(tenant, callId, body);
    refuseWhileNoneIsUp(candidates);
    const placed = placeCall(callId, tenant, request, this.clock.nowMs());
    const earlier = await this.calls.add(placed.record, placed.requested, use, (tx) => this.announce(tx, placed));
    return earlier === undefined ? { record: placed.record, replayed: false } : { record: earlier, replayed: true };
  }

  /** A call that would wait in the outbox for nobody knows how long is better placed elsewhere, or again. */
  private refuseWhileStalled(): void {
    const stalledMs = this.eventLog.stalledForMs();
    if (stalledMs > MAX_STALL_MS) throw new CcError('unavailable', 'log-unavailable', `The event log has taken nothing for ${Math.round(stalledMs / 1000)} s; no call was placed`);
  }

  /** Asks for the end of a call; asking again, or for a call that has ended, changes nothing. */
  async cancel(tenant: string, callId: string): Promise<CallRecord | undefined> {
    const record = await this.calls.find(tenant, callId);
    if (record === undefined || record.state === 'close') return record;
    const issuedAt = this.clock.nowMs();
    await this.calls.transaction(async (tx) => {
      const event = { type: 'cc.call.cancel-requested.v1' as const, id: `${callId}/cancel-requested`, callId, tenant, occurredAt: issuedAt, recordedAt: issuedAt, source: 'gateway' as const };
      await this.eventLog.appendInTransaction(tx, topics.callCommands.name, [encodeCallCommand({ type: 'cc.call.cancel.v1', id: `${callId}/cancel`, callId, tenant, issuedAt })]);
      await this.eventLog.appendInTransaction(tx, topics.callEvents.name, [encodeCallEvent(event, SERVICE)]);
    });
    return record;
  }

  private async announce(tx: Parameters<EventLog['appendInTransaction']>[0], placed: PlacedCall): Promise<void> {
    await this.eventLog.appendInTransaction(tx, topics.callCommands.name, [encodeCallCommand(placed.command)]);
    await this.eventLog.appendInTransaction(tx, topics.callEvents.name, [encodeCallEvent(placed.requested, SERVICE)]);
  }
}

/** @throws DetailedError `no-channel-up`: the call would only be closed. */
function refuseWhileNoneIsUp(candidates: readonly ChannelHealth[]): void {
  const closed = whyNoneIsUp(candidates);
  if (closed === undefined) return;
  const told = closed.map(({ channel, state, reason }) => `${channel} is ${state} (${reason})`).join('; ');
  throw new DetailedError('unavailable', 'no-channel-up', `No channel that this call could take accepts calls just now; no call was placed: ${told}`, { channels: closed });
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
