import { BizData, type ChannelHealth } from '@cc/contracts';
import { defined, NumberVault } from '@cc/kernel';
import { InvalidRequest, type FieldFault } from '@cc/platform';
import { Injectable } from '@nestjs/common';
import { CallGatewaySettings } from '../call-gateway.config';
import { sealContextOf, type KeptBinding } from '../domain/binding';
import { legAOf, type LegA } from '../domain/leg-a';
import type { CallRequest } from '../domain/place-call';
import { candidatesOf, namingFault } from '../domain/tenant-channels';
import { BindingCatalogue } from '../out/binding-catalogue';
import { BusinessCatalogue } from '../out/business-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { checkBody } from './body-validation';
import { PlaceCallBody } from './place-call.body';
import { parseNumber } from './telephone-number';

export interface ParsedCall {
  readonly request: CallRequest;
  /** The channels that the call could take, were they up. */
  readonly candidates: readonly ChannelHealth[];
}

/** From the body of a call to a request with its numbers protected, completed by what the tenant has set. */
@Injectable()
export class CallRequests {
  constructor(
    private readonly channels: ChannelCatalogue,
    private readonly bindings: BindingCatalogue,
    private readonly businesses: BusinessCatalogue,
    private readonly vault: NumberVault,
    private readonly settings: CallGatewaySettings,
  ) {}

  /** @throws InvalidRequest with every fault of the body, of its numbers and of its channel at once. */
  async parse(tenant: string, callId: string, raw: unknown): Promise<ParsedCall> {
    const { body, faults } = await checkBody(PlaceCallBody, raw);
    const malformed = new Set(faults.map(({ pointer }) => pointer));
    const mine = await this.channels.of(tenant);
    const binding = body.user === undefined || malformed.has('/user') ? undefined : await this.bindings.find(tenant, body.user);
    const legs = this.legs(tenant, body, binding, malformed);
    const all = [...faults, ...legs.faults, ...(malformed.has('/channel') ? [] : channelFaults(mine, body.channel))];
    if (legs.from === undefined || legs.to === undefined || all.length > 0) throw new InvalidRequest(all);
    const numbers = { caller: this.vault.protect(legs.from, tenant, callId), called: this.vault.protect(legs.to, tenant, callId) };
    return this.complete(tenant, body, numbers, binding, mine);
  }

  /** Adds what the tenant has set for the user and the business. */
  private async complete(tenant: string, body: PlaceCallBody, numbers: Pick<CallRequest, 'caller' | 'called'>, binding: KeptBinding | undefined, mine: readonly ChannelHealth[]): Promise<ParsedCall> {
    const { displayPolicy: _displayPolicy, ...business } = (body.business === undefined ? undefined : await this.businesses.find(tenant, body.business)) ?? {};
    const agent = body.agent ?? binding?.agent;
    return {
      request: toCallRequest(body, { ...numbers, ...business, ...defined({ agent }) }, this.settings.values.notAfterSeconds),
      candidates: candidatesOf(mine, { named: body.channel, bound: binding?.channel, ofBusiness: business.channels }),
    };
  }

  /** The numbers of both legs in clear. A field whose form is wrong already is not judged a second time. */
  private legs(tenant: string, body: PlaceCallBody, binding: KeptBinding | undefined, malformed: ReadonlySet<string>): { readonly from?: string | undefined; readonly to?: string | undefined; readonly faults: readonly FieldFault[] } {
    const fromIsJudged = malformed.has('/from') || (body.from === undefined && malformed.has('/user'));
    const from = fromIsJudged ? noNumber : this.legA(tenant, legAOf(body.from, body.user, binding));
    const to = malformed.has('/to') ? noNumber : this.parseNumber('/to', body.to);
    return { from: from.e164, to: to.e164, faults: [...from.faults, ...to.faults, ...sameNumber(from, to, body)] };
  }

  private legA(tenant: string, legA: LegA): ParsedLeg {
    switch (legA.kind) {
      case 'given':
        return this.parseNumber('/from', legA.number);
      case 'bound':
        return { e164: this.vault.reveal(legA.sealed, sealContextOf(tenant, legA.user)), faults: [] };
      case 'missing':
        return { faults: [{ pointer: '/from', detail: legA.reason }] };
    }
  }

  private parseNumber(pointer: string, text: string): ParsedLeg {
    const parsed = parseNumber(text, this.settings.values.country);
    return parsed.kind === 'number' ? { e164: parsed.e164, faults: [] } : { faults: [{ pointer, detail: parsed.reason }] };
  }
}

interface ParsedLeg {
  readonly e164?: string;
  readonly faults: readonly FieldFault[];
}

const noNumber: ParsedLeg = { faults: [] };

function sameNumber(from: ParsedLeg, to: ParsedLeg, body: PlaceCallBody): FieldFault[] {
  if (from.e164 === undefined || from.e164 !== to.e164) return [];
  return [{ pointer: '/to', detail: `is the number of ${body.from === undefined ? `the binding of ${body.user}` : 'from'}: one phone would ring twice` }];
}

function channelFaults(mine: readonly ChannelHealth[], channel: string | undefined): FieldFault[] {
  if (channel === undefined) return [];
  const disabled = mine.some((one) => one.channel === channel && !one.enabled) ? `${channel} is disabled in the channel file` : undefined;
  const detail = namingFault(channel, mine) ?? disabled;
  return detail === undefined ? [] : [{ pointer: '/channel', detail }];
}

type Resolved = Pick<CallRequest, 'caller' | 'called' | 'agent' | 'mainNum' | 'extNum' | 'channels'>;

function toCallRequest(body: PlaceCallBody, resolved: Resolved, notAfterSeconds: number): CallRequest {
  const { from: _from, to: _to, bizData, ivr, ...told } = body;
  return {
    ...told,
    ...resolved,
    ...defined({ bizData: bizData === undefined ? undefined : BizData.parse(bizData), ivr: ivr === undefined ? undefined : { ...ivr } }),
    record: body.record ?? false,
    notAfterSeconds: body.notAfterSeconds ?? notAfterSeconds,
  };
}
