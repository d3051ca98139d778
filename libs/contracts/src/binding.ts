import { z } from 'zod';
import { decodeKept, encodeJson, tombstone, type JsonMessage, type Kept } from './json-message';
import type { Decoded, WireRecord } from './wire';

/** user-agent-channel: how a user of the applications makes calls. */
export const Binding = z.object({
  tenant: z.string().max(32),
  user: z.string().max(64),
  /** The agent that the calls belong to; for hw the agent number (坐席号). */
  agent: z.string().max(64),
  /** The channel that the user's calls try first: where it takes none, they go on to the others. */
  channel: z.string().max(32).optional(),
  /** The line of that channel, where a channel has named lines. */
  line: z.string().max(64).optional(),
  updatedAt: z.number().int(),
});
export type Binding = z.infer<typeof Binding>;

const message: JsonMessage<Binding> = {
  type: 'cc.binding.v1', writtenBy: 'call-gateway', schema: Binding,
  keyOf: ({ tenant, user }) => bindingKey(tenant, user), idOf: (binding) => `${bindingKey(binding.tenant, binding.user)}/${binding.updatedAt}`, timeMsOf: ({ updatedAt }) => updatedAt,
};

/** The record key of a binding, and its name in maps: a tenant's name has no slash, so that it can be taken apart. */
export const bindingKey = (tenant: string, user: string): string => `${tenant}/${user}`;
/** The tenant and the user of a {@link bindingKey}; undefined of any other text. */
export function parseBindingKey(key: string): { readonly tenant: string; readonly user: string } | undefined {
  const slash = key.indexOf('/');
  return slash < 1 || slash === key.length - 1 ? undefined : { tenant: key.slice(0, slash), user: key.slice(slash + 1) };
}

export const encodeBinding = (binding: Binding): WireRecord => encodeJson(message, binding);
export const deletedBinding = (tenant: string, user: string, nowMs: number): WireRecord => tombstone(message, bindingKey(tenant, user), nowMs);
export const decodeBinding = (wire: WireRecord): Decoded<Kept<Binding>> => decodeKept(message, wire);
