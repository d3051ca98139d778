import type { FaultThatDidNot, FaultThatHappened } from './nemesis';
import type { PlannedFault } from './fault-plan';
import type { Findings, Unfinished } from './oracle';
import type { Lags } from './record-watch';
import type { SelfMadeEnd } from './supervised-service';

export interface Recovery {
  readonly seconds: number;
  readonly complete: boolean;
  readonly left: Unfinished;
}

/** What a run was, what happened in it, and what it came to. */
export interface RunReport {
  readonly seed: number;
  readonly at: string;
  readonly minutes: number;
  readonly callsPerSecond: number;
  readonly speed: number;
  readonly plan: readonly PlannedFault[];
  readonly happened: readonly FaultThatHappened[];
  readonly didNot: readonly FaultThatDidNot[];
  /** Kinds of faults that a long run must have seen, and has not. */
  readonly missing: readonly string[];
  readonly recovery: Recovery;
  /** Seconds until a call that was placed after all faults was closed and its recording archived; undefined where it was not. */
  readonly freshCallSeconds: number | undefined;
  readonly lags: Lags;
  readonly selfMadeEnds: readonly SelfMadeEnd[];
  readonly findings: Findings;
}

/** Whether the run shows what it is to show. */
export function hasPassed({ findings, recovery, missing, freshCallSeconds }: RunReport): boolean {
  return findings.violations.length === 0 && recovery.complete && missing.length === 0 && freshCallSeconds !== undefined;
}

const SHOWN = 20;

/** The report for people. */
export function textOf(report: RunReport): string {
  const { findings: { violations, figures, quarantine }, recovery, lags, happened, didNot, missing, freshCallSeconds } = report;
  const byKind = new Map<string, FaultThatHappened[]>();
  for (const fault of happened) byKind.set(fault.kind, [...(byKind.get(fault.kind) ?? []), fault]);
  const lines = [
    `# Chaos, seed ${report.seed}: ${hasPassed(report) ? 'passed' : 'FAILED'}`, '',
    `${report.at}: ${report.minutes} minutes of faults, ${report.callsPerSecond} calls a second, calls ${report.speed} times as fast as life. Again: \`npm run chaos -- --minutes ${report.minutes} --rate ${report.callsPerSecond} --speed ${report.speed} --seed ${report.seed}\``, '',
    '| figure | |', '|---|---:|',
    ...Object.entries(figures).map(([name, count]) => `| ${name} | ${count} |`),
    `| seconds until all was at rest${recovery.complete ? '' : ' (NOT at rest)'} | ${recovery.seconds} |`,
    `| seconds of a fresh call until its recording was archived | ${freshCallSeconds ?? 'NEVER'} |`,
    `| seconds from a call's end to its closed record: p50, p99, worst | ${lags.p50}, ${lags.p99}, ${lags.worst} |`, '',
    '| fault | times | seconds in all |', '|---|---:|---:|',
    ...[...byKind].map(([kind, faults]) => `| ${kind} | ${faults.length} | ${Math.round(faults.reduce((sum, { lastedMs }) => sum + lastedMs, 0) / 1000)} |`), '',
    ...section('Did not happen', [...missing.map((kind) => `${kind}: never`), ...didNot.map(({ kind, target, reason }) => `${kind}, ${target}: ${reason}`)]),
    ...section('The calls that took longest', lags.slowest.map(({ callId, product, scenario, seconds }) => `${seconds} s: ${callId}, ${product}, ${scenario}`)),
    ...section('In quarantine', Object.entries(quarantine).map(([what, count]) => `${count} × ${what}`)),
    ...section('Ended by themselves, and were started again', report.selfMadeEnds.map(({ service, at, code, signal }) => `${new Date(at).toISOString()} ${service}: ${code ?? signal}`)),
    ...(recovery.complete ? [] : section('Not at rest', [JSON.stringify(recovery.left)])),
    ...section(`Violations: ${violations.length}`, violations.slice(0, SHOWN).map(({ about, what }) => `${about}: ${what}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`## ${title}`, '', ...items.map((item) => `- ${item}`), ''];
}
