import type { CallEvent } from '@cc/contracts';
import { newId } from '@cc/kernel';
import type { VendorCall } from './e9-callbacks';

/** A call that was placed and accepted, and of which its vendor has not told anything yet. */
export interface KnownCall extends VendorCall {
  readonly callId: string;
  readonly tenant: string;
}

/** How long ago the calls began, so that none of what they tell lies ahead of us. */
const AGO_MS = 60_000;

/** So many calls of a tenant, with ids as CC and e9 give them. */
export function knownCalls(count: number, tenant: string): KnownCall[] {
  const startedAt = Date.now() - AGO_MS;
  return Array.from({ length: count }, () => ({ callId: newId('call'), tenant, attemptId: newId('att'), vendorCallId: newId('v').replace('-', '').slice(0, 32), startedAt }));
}

/** Events of a call before the vendor says anything. */
export const introductions = 3;

/** What the gateway and the router have told of it. */
export function introduction({ callId, tenant, attemptId, vendorCallId, startedAt }: KnownCall): CallEvent[] {
  const call = { callId, tenant, occurredAt: startedAt, recordedAt: startedAt };
  const attempt = { ...call, attemptId, channel: 'e9-main', source: 'router' } as const;
  const number = { masked: '+86138****5678', ref: 'r'.repeat(43), sealed: 's'.repeat(56) };
  return [
    { type: 'cc.call.requested.v1', id: `${callId}/requested`, ...call, source: 'gateway', caller: number, called: number, agent: 'agent-1', bizData: { order: '4711' }, record: true },
    { type: 'cc.call.attempt-started.v1', id: `${attemptId}/started`, ...attempt, vendor: 'e9', attemptNumber: 1, recordRequested: true },
    { type: 'cc.call.attempt-accepted.v1', id: `${attemptId}/accepted/router`, ...attempt, vendorCallId },
  ];
}
