import { BizData } from '@cc/contracts';
import { NumberVault } from '@cc/kernel';
import { InvalidRequest, type FieldFault } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { CallGatewaySettings } from '../call-gateway.config';
import type { CallRequest } from '../domain/place-call';
import { namingFault } from '../domain/tenant-channels';
import { BusinessCatalogue } from '../out/business-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { checkBody } from './body-validation';
import { PlaceCallBody } from './place-call.body';
import { parseNumber } from './telephone-number';

/** From the body of a call to a request with its numbers protected, completed by what the tenant has set. */
@Injectable()
export class CallRequests {
  constructor(
    private readonly channels: ChannelCatalogue,
    private readonly businesses: BusinessCatalogue,
    private readonly vault: NumberVault,
    private readonly settings: CallGatewaySettings,
  ) {}

  /** @throws InvalidRequest with every fault of the body, of its numbers and of its channel at once. */
  async parse(tenant: string, callId: string, raw: unknown): Promise<CallRequest> {
    const { body, faults } = await checkBody(PlaceCallBody, raw);
    const malformed = new Set(faults.map(({ pointer }) => pointer));
    const from = this.parseNumber('/from', body.from, malformed);
    const to = this.parseNumber('/to', body.to, malformed);
    const same: FieldFault[] = from.e164 !== undefined && from.e164 === to.e164 ? [{ pointer: '/to', detail: 'is the number of from: one phone would ring twice' }] : [];
    const all: FieldFault[] = [...faults, ...from.faults, ...to.faults, ...same, ...(malformed.has('/channel') ? [] : await this.channelFaults(tenant, body.channel))];
    if (from.e164 === undefined || to.e164 === undefined || all.length > 0) throw new InvalidRequest(all);
    const caller = this.vault.protect(from.e164, tenant, callId);
    const called = this.vault.protect(to.e164, tenant, callId);
    const { displayPolicy: _displayPolicy, ...business } = (body.business === undefined ? undefined : await this.businesses.find(tenant, body.business)) ?? {};
    return toCallRequest(body, { caller, called, ...business }, this.settings.values.notAfterSeconds);
  }

  /** A field whose form is wrong already is not judged a second time. */
  private parseNumber(pointer: string, text: string, malformed: ReadonlySet<string>): { readonly e164?: string; readonly faults: readonly FieldFault[] } {
    if (malformed.has(pointer)) return { faults: [] };
    const parsed = parseNumber(text, this.settings.values.country);
    return parsed.kind === 'number' ? { e164: parsed.e164, faults: [] } : { faults: [{ pointer, detail: parsed.reason }] };
  }

  private async channelFaults(tenant: string, channel: string | undefined): Promise<FieldFault[]> {
    const mine = await this.channels.of(tenant);
    const detail = channel === undefined ? undefined : namingFault(channel, mine);
    return detail === undefined ? [] : [{ pointer: '/channel', detail }];
  }
}

type Resolved = Pick<CallRequest, 'caller' | 'called' | 'mainNum' | 'extNum' | 'channels'>;

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
