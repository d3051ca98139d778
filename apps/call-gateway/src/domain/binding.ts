import { ProtectedNumber, type Binding, type ChannelHealth } from '@cc/contracts';
import { defined } from '@cc/kernel';
import { z } from 'zod';

/** A binding as the gateway keeps it: with the user's telephone, which no topic carries. */
export const KeptBinding = z.object({
  agent: z.string(),
  channel: z.string().optional(),
  line: z.string().optional(),
  number: ProtectedNumber.optional(),
  /** Epoch ms. */
  updatedAt: z.number().int(),
});
export type KeptBinding = z.infer<typeof KeptBinding>;

/** The binding as the API shows it. */
export interface BindingView {
  readonly user: string;
  readonly agent: string;
  readonly channel?: string;
  readonly line?: string;
  /** Masked. */
  readonly number?: string;
  readonly updatedAt: number;
}

export function bindingView(user: string, { agent, channel, line, number, updatedAt }: KeptBinding): BindingView {
  return { user, agent, ...defined({ channel, line, number: number?.masked }), updatedAt };
}

/** The same as everyone is told it: without the number. */
export function announcedBinding(tenant: string, user: string, { number: _number, ...told }: KeptBinding): Binding {
  return { tenant, user, ...told };
}

/** What the sealed number of a binding is bound to. */
export const sealContextOf = (tenant: string, user: string): string => `binding/${tenant}/${user}`;

export type ChosenLine = { readonly kind: 'line'; readonly line: string | undefined } | { readonly kind: 'refused'; readonly reason: string };

/** The line of a binding: one of the channel's seats (the one named like the agent, unless told), or none where a channel has no named lines. */
export function lineOf(channel: ChannelHealth | undefined, agent: string, told: string | undefined): ChosenLine {
  if (channel?.line?.kind === 'seat') return seatOf(channel.channel, channel.line.names ?? [], agent, told);
  if (told === undefined) return { kind: 'line', line: undefined };
  return { kind: 'refused', reason: `must be left out: ${whyNoLine(channel)}` };
}

function seatOf(channel: string, names: readonly string[], agent: string, told: string | undefined): ChosenLine {
  const line = told ?? agent;
  if (names.includes(line)) return { kind: 'line', line };
  const there = names.length === 0 ? `${channel} has none` : `${channel} has ${names.join(', ')}`;
  return { kind: 'refused', reason: told === undefined ? `is needed: no line is named like the agent ${agent}; ${there}` : `is no line of the channel; ${there}` };
}

function whyNoLine(channel: ChannelHealth | undefined): string {
  if (channel === undefined) return 'a line belongs to a channel, and none is told';
  if (channel.line?.kind === 'caller') return `the line of ${channel.channel} is the telephone that calls, which number or from tells`;
  if (channel.line?.kind === 'agent') return `the line of ${channel.channel} is the agent itself`;
  return `${channel.channel} has no named lines`;
}
