import { createHash } from 'node:crypto';
import type { ChannelHealth, HealthEvidence } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import type { CarrierFacts, Carriers, RouterWatch } from './carriers';
import { initialCondition, nextCondition, type Condition, type Evidence } from './health';
import type { ChannelRow, ChannelUpdate, DialEvidence, Ledger, LedgerUnit } from './ledger';

/** A channel that no router has had in its file for so long is forgotten: while a new file is rolled out some routers still have the old one. */
const FORGET_AFTER_MS = 5 * 60_000;
/** What changes all the time (score, live calls) is announced no more often than this. */
const REFRESH_EVERY_MS = 10_000;

const nothing: DialEvidence = { dials: 0, failures: 0, failuresInARow: 0, silentCalls: 0, trialsPassed: 0, trialsFailed: 0, well: 0 };

/** Judges every channel by what is written down of its dials and calls, so that all routers agree: one of them does it at a time, for all. */
export class HealthWatch {
  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    private readonly watch: RouterWatch,
  ) {}

  async judge(): Promise<void> {
    const changed = await this.ledger.exclusively('health', (unit) => this.judgeAll(unit));
    for (const health of changed ?? []) this.watch.changed(health);
    const rows = await this.ledger.transaction((unit) => unit.channels.rows());
    this.watch.standing(rows.map(({ channel, condition, override }) => ({ channel, state: override?.override === 'drain' ? 'draining' : condition.state })));
    this.watch.inDoubt(await this.ledger.inDoubt());
  }

  /** Asks the vendors that can be asked whether they are there. */
  async probe(): Promise<void> {
    const probes = this.carriers.all().flatMap(({ channel, enabled, canProbe, health }) => (enabled && canProbe ? [{ channel, everyMs: health.probeSeconds * 1000 }] : []));
    if (probes.length === 0) return;
    const due = await this.ledger.takeProbes(probes, this.clock.nowMs());
    await Promise.all(due.map(async (channel) => {
      const { well, reason } = await this.carriers.probe(channel);
      if (!well) this.watch.probeFailed(channel, reason ?? 'no reason was given');
      await this.ledger.probed(channel, well);
    }));
  }

  private async judgeAll(unit: LedgerUnit): Promise<ChannelHealth[]> {
    const nowMs = this.clock.nowMs();
    const rows = new Map((await unit.channels.rows()).map((row) => [row.channel, row]));
    const configured = this.carriers.all();
    const standing = configured.map((facts) => ({ facts, row: rows.get(facts.channel) ?? newRow(facts.channel, nowMs) }));
    const evidence = await unit.channels.evidence(standing.map(({ facts: { channel, health }, row }) => ({
      channel, fromMs: Math.max(row.condition.since, nowMs - health.windowSeconds * 1000), sinceMs: row.condition.since, heardByMs: nowMs - health.silenceSeconds * 1000,
    })));
    const judged = standing.map(({ facts, row }) => judgeOne(facts, row, evidence.get(facts.channel) ?? nothing, nowMs));
    await unit.channels.save(judged.map(({ update }) => update));
    const gone = [...rows.values()].filter(({ channel, seenAt }) => seenAt < nowMs - FORGET_AFTER_MS && !configured.some((facts) => facts.channel === channel)).map(({ channel }) => channel);
    await unit.channels.forget(gone);
    const news = judged.flatMap(({ announced }) => announced ?? []);
    await unit.journal.announce(news, gone, nowMs);
    return judged.flatMap(({ announced, stateChanged }) => (stateChanged && announced !== undefined ? [announced] : []));
  }
}

function newRow(channel: string, nowMs: number): ChannelRow {
  return { channel, condition: initialCondition(nowMs), override: undefined, score: 1, probeFailures: 0, liveCalls: 0, announced: '', announcedAt: 0, seenAt: nowMs };
}

interface Judged {
  readonly update: ChannelUpdate;
  readonly announced: ChannelHealth | undefined;
  readonly stateChanged: boolean;
}

function judgeOne(facts: CarrierFacts, row: ChannelRow, found: DialEvidence, nowMs: number): Judged {
  const { well, ...counted } = found;
  const { windowSeconds } = facts.health;
  const evidence: Evidence = { ...counted, windowSeconds, probeFailures: facts.canProbe ? row.probeFailures : 0 };
  const condition = nextCondition(row.condition, evidence, facts.health, nowMs);
  const score = found.dials === 0 ? row.score + (1 - row.score) * 0.02 : well / found.dials;
  const health = healthOf(facts, row, condition, evidence, Math.round(score * 10) / 10);
  const digest = digestOf(health);
  const moving = `${digest}|${health.score}|${health.liveCalls ?? 0}`;
  const stateChanged = !row.announced.startsWith(`${digest}|`);
  const announces = stateChanged || (moving !== row.announced && nowMs - row.announcedAt >= REFRESH_EVERY_MS);
  return {
    update: { channel: facts.channel, condition, score, announced: announces ? moving : row.announced, announcedAt: announces ? nowMs : row.announcedAt, seenAt: nowMs },
    announced: announces ? health : undefined,
    stateChanged,
  };
}

function healthOf({ described }: CarrierFacts, row: ChannelRow, condition: Condition, evidence: Evidence, score: number): ChannelHealth {
  const { trialsPassed: _passed, trialsFailed: _failed, ...told } = evidence;
  const override = row.override?.override === 'drain' ? row.override : undefined;
  const shown: HealthEvidence = told;
  return {
    ...described,
    state: override === undefined ? condition.state : 'draining',
    score,
    reason: override === undefined ? condition.reason : `drained by ${override.operator}: ${override.reason}`,
    since: override?.at ?? condition.since,
    automaticState: condition.state,
    ...(override === undefined ? {} : { override: { operator: override.operator, reason: override.reason, at: override.at } }),
    ...(condition.recovering ? { recovering: true } : {}),
    evidence: shown,
    liveCalls: row.liveCalls,
  };
}

/** Of what is worth an announcement by itself. */
function digestOf({ evidence: _evidence, score: _score, liveCalls: _liveCalls, ...rest }: ChannelHealth): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 32);
}
