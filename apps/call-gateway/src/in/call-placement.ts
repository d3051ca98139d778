import { createHash } from 'node:crypto';
import { BizData, encodeCallCommand, encodeCallEvent, topics, type CallRecord } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, NumberVault, newId } from '@cc/kernel';
import { InvalidRequest, type FieldFault } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { CallGatewaySettings } from '../call-gateway.config';
import { placeCall, type CallRequest, type PlacedCall } from '../domain/place-call';
import { CallCatalogue, type IdempotentUse } from '../out/call-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { parseNumber } from './telephone-number';
import { checkBody } from './body-validation';
import { PlaceCallBody } from './place-call.body';

const SERVICE = 'call-gateway';
/** Longer than a broker's restart of a moment, shorter than anyone waits for a telephone to ring. */
const MAX_STALL_MS = 3000;

/** From a checked body to a committed call. */
@Injectable()
export class CallPlacement {
  constructor(
    private readonly calls: CallCatalogue,
    private readonly channels: ChannelCatalogue,
    private readonly eventLog: EventLog,
    private readonly vault: NumberVault,
    private readonly settings: CallGatewaySettings,
  ) {}

  /** Resolves once the call, its `requested` event and its command are committed together. */
  async place(tenant: string, body: unknown, idempotencyKey: string | undefined): Promise<{ record: CallRecord; replayed: boolean }> {
    this.refuseWhileStalled();
    const callId = newId('call');
    const request = await this.parse(tenant, callId, body);
    const placed = placeCall(callId, tenant, request, Date.now());
    const use: IdempotentUse | undefined = idempotencyKey === undefined ? undefined : { key: idempotencyKey, bodySha256: sha256(JSON.stringify(body)) };
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
    const issuedAt = Date.now();
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

  /** @throws InvalidRequest with every fault of the body, of its numbers and of its channel at once. */
  private async parse(tenant: string, callId: string, raw: unknown): Promise<CallRequest> {
    const { body, faults } = await checkBody(PlaceCallBody, raw);
    const malformed = new Set(faults.map(({ pointer }) => pointer));
    const from = this.parseNumber('/from', body.from, malformed);
    const to = this.parseNumber('/to', body.to, malformed);
    const same: FieldFault[] = from.e164 !== undefined && from.e164 === to.e164 ? [{ pointer: '/to', detail: 'is the number of from: one phone would ring twice' }] : [];
    const all: FieldFault[] = [...faults, ...from.faults, ...to.faults, ...same, ...(malformed.has('/channel') ? [] : await this.channelFaults(body.channel))];
    if (from.e164 === undefined || to.e164 === undefined || all.length > 0) throw new InvalidRequest(all);
    const caller = this.vault.protect(from.e164, tenant, callId);
    const called = this.vault.protect(to.e164, tenant, callId);
    const business = body.business === undefined ? {} : await this.calls.business(tenant, body.business);
    return toCallRequest(body, { caller, called, ...business }, this.settings.values.notAfterSeconds);
  }

  /** A field whose form is wrong already is not judged a second time. */
  private parseNumber(pointer: string, text: string, malformed: ReadonlySet<string>): { readonly e164?: string; readonly faults: readonly FieldFault[] } {
    if (malformed.has(pointer)) return { faults: [] };
    const parsed = parseNumber(text, this.settings.values.country);
    return parsed.kind === 'number' ? { e164: parsed.e164, faults: [] } : { faults: [{ pointer, detail: parsed.reason }] };
  }

  private async channelFaults(channel: string | undefined): Promise<FieldFault[]> {
    const known = await this.channels.all();
    if (known.length === 0) throw new CcError('unavailable', 'no-channels-yet', 'The channels are not known yet; try again in a moment');
    if (channel === undefined || known.some((candidate) => candidate.channel === channel)) return [];
    return [{ pointer: '/channel', detail: `there is no channel ${channel}; there are ${known.map((candidate) => candidate.channel).join(', ')}` }];
  }
}

type Resolved = Pick<CallRequest, 'caller' | 'called' | 'mainNum' | 'extNum'>;

function toCallRequest(body: PlaceCallBody, resolved: Resolved, notAfterSeconds: number): CallRequest {
  const { from: _from, to: _to, bizData, ivr, ...told } = body;
  return {
    ...told,
    ...resolved,
    ...(bizData === undefined ? {} : { bizData: BizData.parse(bizData) }),
    ...(ivr === undefined ? {} : { ivr: { ...ivr } }),
    record: body.record ?? false,
    notAfterSeconds: body.notAfterSeconds ?? notAfterSeconds,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
