import { hash } from 'node:crypto';
import { exclusionByChoice, type Capabilities, type ChannelState, type Exclusion, type Route, type RouteCandidate } from '@cc/contracts';

/** What the configuration says of a channel, as far as a choice needs it. */
export interface ChannelFacts {
  readonly channel: string;
  readonly vendor: string;
  readonly enabled: boolean;
  readonly weight: number;
  readonly tenants?: readonly string[];
  readonly capabilities: Pick<Capabilities, 'recording' | 'maxDuration' | 'cancel'>;
  readonly limits: ChannelCapacity;
  readonly numbers: { readonly from?: PrefixRule | undefined; readonly to?: PrefixRule | undefined };
  readonly line: { readonly kind: 'caller' | 'agent' | 'seat'; readonly names: ReadonlySet<string> };
}

export interface ChannelCapacity {
  readonly concurrentCalls?: number | undefined;
  readonly callsPerSecond?: number | undefined;
  readonly callsPerCallerPerMinute?: number | undefined;
  readonly callsPerCallerPerDay?: number | undefined;
}

export interface PrefixRule {
  readonly only?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
}

/** How a channel stands at the moment of the choice. */
export interface ChannelCondition {
  readonly state: ChannelState;
  readonly recovering: boolean;
  /** A trial call is under way, and nobody knows yet how it goes. */
  readonly trialPending: boolean;
  readonly score: number;
  readonly liveCalls: number;
  readonly sentLastSecond: number;
}

/** A call as the choice sees it; numbers are E.164 in clear. */
export interface RoutableCall {
  readonly callId: string;
  readonly tenant: string;
  readonly caller: string;
  readonly called: string;
  readonly channel?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly agent?: string | undefined;
  readonly binding?: { readonly agent: string; readonly channel?: string | undefined; readonly line?: string | undefined } | undefined;
  readonly record: boolean;
  readonly maxDurationSeconds?: number | undefined;
}

/** All that a decision depends on. */
export interface Snapshot {
  readonly channels: readonly ChannelFacts[];
  condition(channel: string): ChannelCondition;
  isSignedIn(channel: string, seat: string): boolean;
  /** Dials for this leg A on the channel in the last minute and the last 24 hours. */
  callerDials(channel: string): { readonly minute: number; readonly day: number };
  /** Channels that this call was offered to already. */
  readonly tried: ReadonlySet<string>;
}

export interface ChosenLine {
  readonly kind: 'caller' | 'agent' | 'seat';
  /** The telephone in E.164, the agent, or the seat. */
  readonly name: string;
}

export interface Decision {
  readonly route: Route;
  /** Absent when no channel can take the call now. */
  readonly chosen?: { readonly facts: ChannelFacts; readonly line: ChosenLine; readonly trial: boolean };
  /** Some channel could take it in a moment: it is full, or tried out just now. */
  readonly soon: boolean;
}

interface Judged {
  readonly facts: ChannelFacts;
  readonly condition: ChannelCondition;
  readonly line: ChosenLine | undefined;
  readonly objection: Objection | undefined;
  /** Of one that can take the call: what it is preferred by, each number the smaller the better. */
  readonly rank: readonly number[];
}
type Objection = NonNullable<RouteCandidate['excluded']>;

/** Exclusions that may be gone in a moment. */
const passing: ReadonlySet<Exclusion> = new Set<Exclusion>(['trial-pending', 'channel-full', 'rate-limit']);

/**
 * The channel for a call and why the others were not taken. A pure function: the same call and snapshot give the same
 * route. Best first: a recovering channel that waits for a trial call, the user's bound channel, state, recent success, and among
 * equals each gets its weight's share of the calls.
 */
export function decideRoute(call: RoutableCall, snapshot: Snapshot): Decision {
  const judged = snapshot.channels.map((facts) => judge(call, facts, snapshot)).sort(preference);
  const best = judged.find(({ objection }) => objection === undefined);
  const trial = best?.condition.recovering === true;
  const route: Route = {
    basis: basisOf(call, best?.facts.channel),
    ...(best === undefined ? {} : { channel: best.facts.channel }),
    ...(trial ? { trial } : {}),
    candidates: judged.map(({ facts, condition, objection }) => ({
      channel: facts.channel, state: condition.state, score: Math.round(condition.score * 100) / 100, weight: facts.weight, liveCalls: condition.liveCalls,
      ...(objection === undefined ? {} : { excluded: objection }),
    })),
  };
  return {
    route,
    ...(best?.line === undefined ? {} : { chosen: { facts: best.facts, line: best.line, trial } }),
    soon: judged.some(({ objection }) => objection !== undefined && passing.has(objection.code)),
  };
}

/** What the choice went by. A bound channel that could not take the call has no part in it. */
function basisOf(call: RoutableCall, chosen: string | undefined): Route['basis'] {
  if (call.channel !== undefined) return 'named';
  if (call.binding?.channel !== undefined && (chosen === undefined || chosen === call.binding.channel)) return 'binding';
  return call.channels === undefined ? 'all' : 'business';
}

const stateRank: Readonly<Record<ChannelState, number>> = { up: 0, degraded: 1, down: 2, draining: 3 };

/** The excluded ones come last, by name. */
function preference(a: Judged, b: Judged): number {
  if (a.rank.length !== b.rank.length) return b.rank.length - a.rank.length;
  for (let index = 0; index < a.rank.length; index += 1) {
    const difference = (a.rank[index] ?? 0) - (b.rank[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.facts.channel < b.facts.channel ? -1 : 1;
}

/** In fifths: a single failure must not move all calls away, and a series of them is what makes a channel degraded or down. */
function bucketOf(score: number): number {
  return Math.ceil(score * 5);
}

function rankOf(call: RoutableCall, facts: ChannelFacts, { recovering, state, score }: ChannelCondition): number[] {
  return [recovering ? 0 : 1, facts.channel === call.binding?.channel ? 0 : 1, stateRank[state], -bucketOf(score), lot(call, facts)];
}

/** The lower one wins: drawn from the call's id, so that each channel gets its weight's share and the same call always the same lot (weighted rendezvous hashing). */
function lot({ callId }: RoutableCall, { channel, weight }: ChannelFacts): number {
  if (weight === 0) return Number.MAX_VALUE;
  const drawn = (Number.parseInt(hash('md5', `${callId}/${channel}`).slice(0, 8), 16) + 1) / (2 ** 32 + 1);
  return -Math.log(drawn) / weight;
}

function judge(call: RoutableCall, facts: ChannelFacts, snapshot: Snapshot): Judged {
  const condition = snapshot.condition(facts.channel);
  const line = lineOf(call, facts);
  const objection = objectionTo(call, facts) ?? objectionOfCondition(facts, condition, snapshot) ?? objectionOfLine(facts, line, snapshot) ?? objectionOfCapacity(facts, condition, snapshot);
  return { facts, condition, line, objection, rank: objection === undefined ? rankOf(call, facts, condition) : [] };
}

/** Whether a channel that was chosen can still take its call, after others were begun. */
export function isStillOpen(facts: ChannelFacts, snapshot: Snapshot): boolean {
  const condition = snapshot.condition(facts.channel);
  return (objectionOfCondition(facts, condition, snapshot) ?? objectionOfCapacity(facts, condition, snapshot)) === undefined;
}

const against = (code: Exclusion, reason: string): Objection => ({ code, reason });

/** What stays true of this call on this channel. */
function objectionTo(call: RoutableCall, facts: ChannelFacts): Objection | undefined {
  const choice = exclusionByChoice({ named: call.channel, bound: call.binding?.channel, ofBusiness: call.channels }, facts);
  if (choice === 'not-named') return against(choice, 'the request names another channel');
  if (!facts.enabled) return against('disabled', 'it is not enabled');
  if (facts.tenants?.includes(call.tenant) === false) return against('not-for-tenant', 'it is not for this tenant');
  if (choice === 'not-for-business') return against(choice, 'it is not among the channels of the business');
  if (choice === 'by-name-only') return against(choice, 'its weight is 0: it is taken only by name');
  return objectionOfAbility(call, facts);
}

function objectionOfAbility(call: RoutableCall, { capabilities, numbers }: ChannelFacts): Objection | undefined {
  if (call.record && !capabilities.recording) return against('cannot-record', 'it cannot record');
  if (call.maxDurationSeconds !== undefined && !capabilities.maxDuration && !capabilities.cancel) return against('cannot-limit-duration', 'it can neither limit a call\'s duration nor end a call');
  if (!isAccepted(call.caller, numbers.from)) return against('caller-not-accepted', 'its rules do not accept the number of leg A');
  if (!isAccepted(call.called, numbers.to)) return against('called-not-accepted', 'its rules do not accept the number of leg B');
  return undefined;
}

function isAccepted(number: string, rule: PrefixRule | undefined): boolean {
  if (rule?.only !== undefined && !rule.only.some((prefix) => number.startsWith(prefix))) return false;
  return rule?.except?.some((prefix) => number.startsWith(prefix)) !== true;
}

function objectionOfCondition({ channel }: ChannelFacts, condition: ChannelCondition, { tried }: Snapshot): Objection | undefined {
  if (tried.has(channel)) return against('tried', 'it was tried for this call, and did not place it');
  if (condition.state === 'draining') return against('draining', 'an operator has switched it off for new calls');
  if (condition.state === 'down') return against('down', 'it is down');
  if (condition.recovering && condition.trialPending) return against('trial-pending', 'it recovers, and a trial call is under way');
  return undefined;
}

/** The line that the call would take on this channel; `undefined` for a seat that nobody named. */
function lineOf(call: RoutableCall, { channel, line }: ChannelFacts): ChosenLine | undefined {
  if (line.kind === 'caller') return { kind: 'caller', name: call.caller };
  const agent = call.agent ?? call.binding?.agent;
  if (line.kind === 'agent') return agent === undefined ? { kind: 'caller', name: call.caller } : { kind: 'agent', name: agent };
  const seat = (call.binding?.channel === channel ? call.binding.line : undefined) ?? agent;
  return seat === undefined ? undefined : { kind: 'seat', name: seat };
}

function objectionOfLine({ channel, line }: ChannelFacts, chosen: ChosenLine | undefined, snapshot: Snapshot): Objection | undefined {
  if (line.kind !== 'seat') return undefined;
  if (chosen === undefined || !line.names.has(chosen.name)) return against('no-such-line', chosen === undefined ? 'its seats are taken by agent or binding, and the call names none' : 'it has no seat of this name');
  return snapshot.isSignedIn(channel, chosen.name) ? undefined : against('line-offline', 'the seat is not signed in at the vendor');
}

function objectionOfCapacity(facts: ChannelFacts, { liveCalls, sentLastSecond }: ChannelCondition, snapshot: Snapshot): Objection | undefined {
  const { concurrentCalls, callsPerSecond } = facts.limits;
  if (concurrentCalls !== undefined && liveCalls >= concurrentCalls) return against('channel-full', `it has ${concurrentCalls} live calls, its limit`);
  if (callsPerSecond !== undefined && sentLastSecond >= callsPerSecond) return against('rate-limit', `it was dialled ${sentLastSecond} times in the last second; its limit is ${callsPerSecond}`);
  return objectionOfCaller(facts, snapshot);
}

/** Whether the channel may be dialled only so often for the same leg A. */
export function limitsCallers({ limits }: ChannelFacts): boolean {
  return limits.callsPerCallerPerMinute !== undefined || limits.callsPerCallerPerDay !== undefined;
}

function objectionOfCaller(facts: ChannelFacts, snapshot: Snapshot): Objection | undefined {
  if (!limitsCallers(facts)) return undefined;
  const { callsPerCallerPerMinute: perMinute, callsPerCallerPerDay: perDay } = facts.limits;
  const { minute, day } = snapshot.callerDials(facts.channel);
  if (perMinute !== undefined && minute >= perMinute) return against('caller-limit', `leg A was dialled ${minute} times in the last minute; the limit is ${perMinute}`);
  return perDay !== undefined && day >= perDay ? against('caller-limit', `leg A was dialled ${day} times in the last 24 hours; the limit is ${perDay}`) : undefined;
}
