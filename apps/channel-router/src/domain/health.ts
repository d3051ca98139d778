import type { ChannelState, HealthEvidence } from '@cc/contracts';

/** When a channel counts as sick; the fields of the channel file's `health`. */
export interface HealthThresholds {
  readonly windowSeconds: number;
  readonly minDials: number;
  readonly degradedShare: number;
  readonly downShare: number;
  readonly downInARow: number;
  readonly silenceSeconds: number;
  readonly silentCalls: number;
  readonly probeFailures: number;
  readonly coolDownSeconds: number;
  readonly trialCalls: number;
}

/** What the routers have concluded of a channel. Times are epoch ms. */
export interface Condition {
  readonly state: 'up' | 'degraded' | 'down';
  readonly since: number;
  readonly reason: string;
  /** Degraded, and only trial calls get through. */
  readonly recovering: boolean;
  /** While down: when trial calls may begin. */
  readonly coolUntil: number;
  /** How often in a row it went down again before it was up. */
  readonly relapses: number;
}

/** Evidence since the present state began, within the window; of a recovering channel also its trial calls. */
export interface Evidence extends HealthEvidence {
  readonly trialsPassed: number;
  readonly trialsFailed: number;
}

/** What is told of a channel, and what a choice goes by: an operator's drain comes before what the routers conclude; one that was not judged yet is up. */
export function shownState(condition: Pick<Condition, 'state'> | undefined, drained: boolean): ChannelState {
  return drained ? 'draining' : (condition?.state ?? 'up');
}

const MAX_RELAPSES_COUNTED = 4;

export const initialCondition = (nowMs: number): Condition => ({ state: 'up', since: nowMs, reason: 'no evidence against it', recovering: false, coolUntil: 0, relapses: 0 });

/** The state that follows from the evidence; the same object when nothing changes. A pure function. */
export function nextCondition(current: Condition, evidence: Evidence, rules: HealthThresholds, nowMs: number): Condition {
  if (current.state === 'down') return afterDown(current, evidence, rules, nowMs);
  if (current.recovering) return whileRecovering(current, evidence, rules, nowMs);
  const downReason = reasonForDown(evidence, rules);
  if (downReason !== undefined) return goDown(current, downReason, rules, nowMs);
  const share = evidence.dials < rules.minDials ? 0 : evidence.failures / evidence.dials;
  const reason = `${evidence.failures} of ${evidence.dials} dials failed in ${rules.windowSeconds} s`;
  if (current.state === 'up') return share >= rules.degradedShare && evidence.failures > 0 ? { ...current, state: 'degraded', since: nowMs, reason } : current;
  return isCalm(current, evidence, rules, nowMs) ? { ...current, state: 'up', since: nowMs, reason, relapses: 0 } : current;
}

/** Half of the share that made it degraded, so that it does not swing; or a whole window without a failure. */
function isCalm(current: Condition, evidence: Evidence, rules: HealthThresholds, nowMs: number): boolean {
  if (evidence.dials >= rules.minDials) return evidence.failures / evidence.dials < rules.degradedShare / 2;
  return evidence.failures === 0 && nowMs - current.since >= rules.windowSeconds * 1000;
}

function reasonForDown(evidence: Evidence, rules: HealthThresholds): string | undefined {
  if (evidence.probeFailures >= rules.probeFailures) return `${evidence.probeFailures} probes in a row failed`;
  if (evidence.silentCalls >= rules.silentCalls) return `silent: nothing was heard of ${evidence.silentCalls} accepted calls for ${rules.silenceSeconds} s`;
  if (evidence.failuresInARow >= rules.downInARow) return `${evidence.failuresInARow} dials in a row failed`;
  if (evidence.dials >= rules.minDials && evidence.failures / evidence.dials >= rules.downShare) return `${evidence.failures} of ${evidence.dials} dials failed in ${rules.windowSeconds} s`;
  return undefined;
}

function goDown(current: Condition, reason: string, rules: HealthThresholds, nowMs: number): Condition {
  const relapses = current.recovering ? Math.min(current.relapses + 1, MAX_RELAPSES_COUNTED) : 0;
  return { state: 'down', since: nowMs, reason, recovering: false, coolUntil: nowMs + rules.coolDownSeconds * 1000 * 2 ** relapses, relapses };
}

function afterDown(current: Condition, evidence: Evidence, rules: HealthThresholds, nowMs: number): Condition {
  // A clock that was set back must not keep a channel down for longer than one pause.
  const cooled = nowMs >= current.coolUntil || nowMs < current.since;
  if (!cooled || evidence.probeFailures >= rules.probeFailures) return current;
  return { ...current, state: 'degraded', since: nowMs, reason: `${rules.trialCalls} trial calls must go well`, recovering: true };
}

function whileRecovering(current: Condition, evidence: Evidence, rules: HealthThresholds, nowMs: number): Condition {
  if (evidence.trialsFailed > 0) return goDown(current, `a trial call failed, or was not heard of within ${rules.silenceSeconds} s`, rules, nowMs);
  if (evidence.probeFailures >= rules.probeFailures) return goDown(current, `${evidence.probeFailures} probes in a row failed`, rules, nowMs);
  if (evidence.trialsPassed < rules.trialCalls) return current;
  return { state: 'up', since: nowMs, reason: `${evidence.trialsPassed} trial calls went well`, recovering: false, coolUntil: 0, relapses: 0 };
}
