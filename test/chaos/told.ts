import { z } from 'zod';
import type { SeenCallback } from './callback-door';

/** What one callback says of one call, read from the vendor's form by nobody else's code. */
export interface Told {
  readonly callback: SeenCallback;
  readonly vendorCallId: string;
  readonly says: Saying;
  /** Of VoiceCall's pushes: the number that the leg has. */
  readonly called?: string;
}

export type Saying = 'a-ringing' | 'b-ringing' | 'a-answered' | 'b-invited' | 'connected' | 'leg-ringing' | 'leg-answered' | 'ended' | 'fee' | 'nothing';

const VoicePush = z.union([
  z.object({ eventType: z.literal('fee'), feeLst: z.array(z.object({ sessionId: z.string() })).min(1) }),
  z.object({ eventType: z.string(), statusInfo: z.object({ sessionId: z.string(), called: z.string().optional() }) }),
]);
const JyMessage = z.object({ callId: z.string(), event: z.string() });

/** @throws where the body has another form than its vendor's. */
export function toldBy(callback: SeenCallback): Told {
  if (callback.channel === 'e9-main') return { callback, ...e9(callback.body) };
  if (callback.channel === 'hw-voice') return { callback, ...voice(callback.body) };
  const { callId, event } = JyMessage.parse(JSON.parse(callback.body));
  return { callback, vendorCallId: callId, says: jySayings[event] ?? 'nothing' };
}

const jySayings: Readonly<Record<string, Saying>> = { 'a-ringing': 'a-ringing', 'a-answered': 'a-answered', 'b-ringing': 'b-ringing', connected: 'connected', ended: 'ended' };
const voiceSayings: Readonly<Record<string, Saying>> = { callout: 'leg-ringing', alerting: 'leg-ringing', answer: 'leg-answered', disconnect: 'ended' };

function e9(body: string): Omit<Told, 'callback'> {
  const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
  const vendorCallId = field('callId');
  if (vendorCallId === '') throw new Error(`no callId in ${body}`);
  switch (field('action')) {
    case 'CallInvite':
      return { vendorCallId, says: field('userFlag') === '0' ? 'a-ringing' : 'b-invited' };
    case 'CallEstablish':
      return { vendorCallId, says: 'connected' };
    case 'Hangup':
      return { vendorCallId, says: 'ended' };
    default:
      return { vendorCallId, says: 'nothing' };
  }
}

function voice(body: string): Omit<Told, 'callback'> {
  const push = VoicePush.parse(JSON.parse(body));
  if ('feeLst' in push) return { vendorCallId: push.feeLst[0]?.sessionId ?? '', says: 'fee' };
  const { sessionId, called } = push.statusInfo;
  return { vendorCallId: sessionId, says: voiceSayings[push.eventType] ?? 'nothing', ...(called === undefined ? {} : { called }) };
}

/** The events that must stand in the timeline of the call because of what was told. @param a the number of leg A, as the vendor has it */
export function eventsOf({ says, called }: Told, a: string): readonly string[] {
  const leg = called === a ? 'a' : 'b';
  const names: Readonly<Record<Saying, readonly string[]>> = {
    'a-ringing': ['a-ringing'], 'b-ringing': ['b-ringing'], 'a-answered': ['a-answered'], 'b-invited': ['a-answered', 'b-ringing'], connected: ['connected'],
    'leg-ringing': [`${leg}-ringing`], 'leg-answered': [leg === 'a' ? 'a-answered' : 'connected'], ended: ['ended'], fee: ['ended'], nothing: [],
  };
  return names[says].map((name) => `cc.call.${name}.v1`);
}
