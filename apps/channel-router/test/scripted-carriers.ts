import type { ChannelHealth, PlaceCall } from '@cc/contracts';
import type { AskResult, Attempt, DialResult, HangUpResult } from '../src/domain/attempt';
import { Carriers, type CarrierFacts, type ClearNumbers } from '../src/domain/carriers';
import type { ChosenLine } from '../src/domain/route';
import { SilentWatch } from './silent-watch';

export const START = 1_790_000_000_000;
export const LIMITS = { setupSeconds: 90, querySeconds: 900, sendingSeconds: 45, graceSeconds: 10, reconcileSeconds: 3600, redialTenants: [] };
export const health = { windowSeconds: 30, minDials: 5, degradedShare: 0.2, downShare: 0.5, downInARow: 3, silenceSeconds: 30, silentCalls: 2, probeSeconds: 15, probeFailures: 3, coolDownSeconds: 30, trialCalls: 2 };
export const capabilities = { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' as const };

/** Remembers the states of channels that would be told. */
export class StateWatch extends SilentWatch {
  readonly states: string[] = [];

  override changed({ channel, state, recovering }: ChannelHealth): void {
    this.states.push(`${channel} ${state}${recovering === true ? ', recovering' : ''}`);
  }
}

/** Channels whose dials go as the test says. */
export class ScriptedCarriers extends Carriers {
  facts: CarrierFacts[] = [];
  outcome: (attempt: Attempt) => DialResult = ({ attemptId }) => ({ kind: 'accepted', vendorCallId: `v-${attemptId}` });
  hangUpOutcome: HangUpResult = { kind: 'accepted' };
  askOutcome: AskResult = { kind: 'no-answer', reason: 'x' };
  readonly dialled: string[] = [];
  readonly hungUp: string[] = [];
  readonly asked: string[] = [];

  all(): CarrierFacts[] {
    return this.facts;
  }
  find(channel: string): CarrierFacts | undefined {
    return this.facts.find((facts) => facts.channel === channel);
  }
  numbersOf({ caller }: PlaceCall): ClearNumbers {
    return { caller: caller.ref, called: '+8613900000000' };
  }
  lineRefOf(_tenant: string, channel: string, line: ChosenLine): string {
    return line.kind === 'caller' ? line.name : `${channel}/${line.name}`;
  }
  callerRefOf(caller: string): string {
    return caller;
  }
  async dial(attempt: Attempt): Promise<DialResult> {
    this.dialled.push(`${attempt.attemptId} ${attempt.channel}`);
    return this.outcome(attempt);
  }
  async hangUp({ attemptId }: Attempt): Promise<HangUpResult> {
    this.hungUp.push(attemptId);
    return this.hangUpOutcome;
  }
  async ask({ attemptId }: Attempt): Promise<AskResult> {
    this.asked.push(attemptId);
    return this.askOutcome;
  }
  async probe(): Promise<{ well: boolean }> {
    return { well: true };
  }
}

export const facts = (channel: string, told: Partial<CarrierFacts> = {}): CarrierFacts => ({
  channel, vendor: 'v', enabled: true, weight: 1, capabilities, limits: {}, numbers: {}, line: { kind: 'caller', names: new Set<string>() }, health, canQuery: true, findsByAttempt: false, canProbe: false, account: channel, queriesPerMinute: 60, repair: { windowSeconds: 172_800 }, queryTells: new Set(),
  longestCallSeconds: 7200, described: { channel, vendor: 'v', protocol: 'p', enabled: true, capabilities, weight: 1 }, ...told,
});

/** A call on the line `from`. */
export function callOn(from: string, callId: string, nowMs: number, more: Partial<PlaceCall> = {}): PlaceCall {
  const number = { masked: '****', ref: from, sealed: 's' };
  return { type: 'cc.call.place.v1', id: `${callId}/place`, callId, tenant: 'acme', issuedAt: nowMs, caller: number, called: number, record: false, notAfter: nowMs + 60_000, ...more };
}
