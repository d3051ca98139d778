import { deletedBinding, encodeBinding, topics } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { defined, NumberVault } from '@cc/kernel';
import { InvalidRequest, type FieldFault } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { CallGatewaySettings } from '../call-gateway.config';
import { announcedBinding, lineOf, sealContextOf, type KeptBinding } from '../domain/binding';
import { namingFault } from '../domain/tenant-channels';
import { BindingCatalogue } from '../out/binding-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { BindingBody } from './binding.body';
import { checkBody } from './body-validation';
import { parseNumber } from './telephone-number';

/** From a checked body to a committed and announced binding. */
@Injectable()
export class BindingChanges {
  constructor(
    private readonly bindings: BindingCatalogue,
    private readonly channels: ChannelCatalogue,
    private readonly eventLog: EventLog,
    private readonly vault: NumberVault,
    private readonly settings: CallGatewaySettings,
  ) {}

  /** @param nowMs epoch ms. @throws InvalidRequest with every fault of the body, of its number, its channel and its line at once. */
  async put(tenant: string, user: string, raw: unknown, nowMs: number): Promise<KeptBinding> {
    const { body, faults } = await checkBody(BindingBody, raw);
    const malformed = new Set(faults.map(({ pointer }) => pointer));
    const number = malformed.has('/number') || body.number === undefined ? undefined : parseNumber(body.number, this.settings.values.country);
    const place = await this.placeOf(tenant, body, malformed);
    const all = [...faults, ...(number?.kind === 'refused' ? [{ pointer: '/number', detail: number.reason }] : []), ...place.faults];
    if (all.length > 0) throw new InvalidRequest(all);
    const binding: KeptBinding = {
      agent: body.agent,
      ...defined({ channel: body.channel, line: place.line }),
      ...(number?.kind === 'number' ? { number: this.vault.protect(number.e164, tenant, sealContextOf(tenant, user)) } : {}),
      updatedAt: nowMs,
    };
    const told = announcedBinding(tenant, user, binding);
    await this.bindings.save(tenant, user, binding, (tx) => this.eventLog.appendInTransaction(tx, topics.bindings.name, [encodeBinding(told)]));
    return binding;
  }

  /** @param nowMs epoch ms. @returns false when there is none. */
  remove(tenant: string, user: string, nowMs: number): Promise<boolean> {
    return this.bindings.remove(tenant, user, (tx) => this.eventLog.appendInTransaction(tx, topics.bindings.name, [deletedBinding(tenant, user, nowMs)]));
  }

  /** Channel and line, as far as their form lets them be judged. */
  private async placeOf(tenant: string, { agent, channel, line }: BindingBody, malformed: ReadonlySet<string>): Promise<{ readonly line?: string | undefined; readonly faults: readonly FieldFault[] }> {
    if (malformed.has('/channel')) return { faults: [] };
    const mine = channel === undefined ? [] : await this.channels.of(tenant);
    const detail = channel === undefined ? undefined : namingFault(channel, mine);
    if (detail !== undefined) return { faults: [{ pointer: '/channel', detail }] };
    if (malformed.has('/line') || malformed.has('/agent')) return { faults: [] };
    const chosen = lineOf(mine.find((candidate) => candidate.channel === channel), agent, line);
    return chosen.kind === 'line' ? { line: chosen.line, faults: [] } : { faults: [{ pointer: '/line', detail: chosen.reason }] };
  }
}
