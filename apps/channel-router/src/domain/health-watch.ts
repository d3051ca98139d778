import { createHash } from 'node:crypto';
import type { ChannelHealth, ChannelOverride } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import type { CarrierFacts, Carriers } from './carriers';
import type { RouterWatch } from './router-watch';
import { initialCondition, nextCondition, shownState, type Condition, type Evidence } from './health';
import type { ChannelRow, ChannelUpdate, DialEvidence, Ledger, LedgerUnit } from './ledger';

/** A channel that no router has had in its file for so long is forgotten: while a new file is rolled out some routers still have the old one, and judge it every few seconds. */
const FORGET_AFTER_MS = 15_000;
/** What changes all the time (score, live calls) is announced no more often than this. */
const REFRESH_EVERY_MS = 10_000;
/** Of a channel without dials: so much of its bad score is forgotten at each look, a second apart. */
const FORGIVEN_PER_LOOK = 0.02;

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
    const judged = await this.ledger.exclusively('health', (unit) => this.judgeAll(unit));
    for (const health of judged?.changed ?? []) this.watch.changed(health);
    this.watch.standing(judged?.standing ?? (await this.ledger.transaction(standingOf)));
    this.watch.inDoubt(await this.ledger.inDoubt());
  }

  /** Channels whose vendors are to be asked now whether they are there; each is due again after its pause. */
  async takeProbes(): Promise<readonly string[]> {
    const probes = this.carriers.all().flatMap(({ channel, enabled, canProbe, health }) => (enabled && canProbe ? [{ channel, everyMs: health.probeSeconds * 1000 }] : []));
    return probes.length === 0 ? [] : await this.ledger.takeProbes(probes, this.clock.nowMs());
  }

  async probe(channel: string): Promise<void> {
    const { well, reason } = await this.carriers.probe(channel);
    if (!well) this.watch.probeFailed(channel, reason ?? 'no reason was given');
    await this.ledger.probed(channel, well);
  }

  private async judgeAll(unit: LedgerUnit): Promise<{ readonly changed: readonly ChannelHealth[]; readonly standing: readonly ChannelStanding[] }> {
    const nowMs = this.clock.nowMs();
    const rows = new Map((await unit.channels.rows()).map((row) => [row.channel, row]));
    const overrides = await unit.channels.overrides();
    const configured = this.carriers.all();
    const standing = configured.map((facts): Standing => ({ facts, row: rows.get(facts.channel) ?? newRow(facts.channel, nowMs), override: overrides.get(facts.channel) }));
    const evidence = await unit.channels.evidence(standing.map(({ facts: { channel, health }, row }) => ({
      channel, fromMs: Math.max(row.condition.since, nowMs - health.windowSeconds * 1000), sinceMs: row.condition.since, heardByMs: nowMs - health.silenceSeconds * 1000,
    })));
    const judged = standing.map((one) => judgeOne(one, evidence.get(one.facts.channel) ?? nothing, nowMs));
    await unit.channels.save(judged.map(({ update }) => update));
    const gone = [...rows.values()].filter(({ channel, seenAt }) => seenAt < nowMs - FORGET_AFTER_MS && !configured.some((facts) => facts.channel === channel)).map(({ channel }) => channel);
    await unit.channels.forget(gone);
    await unit.journal.announce(judged.flatMap(({ announces, health }) => (announces ? [health] : [])), gone, nowMs);
    return { changed: judged.flatMap(({ changes, health }) => (changes ? [health] : [])), standing: judged.map(({ health: { channel, state } }) => ({ channel, state })) };
  }
}

type ChannelStanding = Pick<ChannelHealth, 'channel' | 'state'>;

async function standingOf({ channels }: LedgerUnit): Promise<ChannelStanding[]> {
  const overrides = await channels.overrides();
  return (await channels.rows()).map(({ channel, condition }) => ({ channel, state: shownState(condition, isDrain(overrides.get(channel))) }));
}

const isDrain = (override: ChannelOverride | undefined): boolean => override?.override === 'drain';

function newRow(channel: string, nowMs: number): ChannelRow {
  return { channel, condition: initialCondition(nowMs), score: 1, probeFailures: 0, liveCalls: 0, announced: '', announcedAt: 0, seenAt: nowMs };
}

/** A channel of the file before it is judged. */
interface Standing {
  readonly facts: CarrierFacts;
  readonly row: ChannelRow;
  readonly override: ChannelOverride | undefined;
}

interface Judged {
  readonly update: ChannelUpdate;
  readonly health: ChannelHealth;
  readonly announces: boolean;
  /** Its state is another than the one announced last. */
  readonly changes: boolean;
}

function judgeOne({ facts, row, override }: Standing, found: DialEvidence, nowMs: number): Judged {
  const { well, ...counted } = found;
  const { windowSeconds } = facts.health;
  const evidence: Evidence = { ...counted, windowSeconds, probeFailures: facts.canProbe ? row.probeFailures : 0 };
  const condition = nextCondition(row.condition, evidence, facts.health, nowMs);
  const score = found.dials === 0 ? row.score + (1 - row.score) * FORGIVEN_PER_LOOK : well / found.dials;
  const health = { ...healthOf(facts, row, override, condition, evidence, Math.round(score * 10) / 10), announcedAt: nowMs };
  const news = `${health.state}|${digestOf(health)}|`;
  const moving = `${news}${health.score}|${health.liveCalls ?? 0}`;
  const announces = !row.announced.startsWith(news) || (moving !== row.announced && nowMs - row.announcedAt >= REFRESH_EVERY_MS);
  return {
    update: { channel: facts.channel, condition, score, announced: announces ? moving : row.announced, announcedAt: announces ? nowMs : row.announcedAt, seenAt: nowMs },
    health, announces, changes: !row.announced.startsWith(`${health.state}|`),
  };
}

function healthOf({ described }: CarrierFacts, { liveCalls }: ChannelRow, override: ChannelOverride | undefined, condition: Condition, evidence: Evidence, score: number): ChannelHealth {
  const { trialsPassed: _passed, trialsFailed: _failed, ...told } = evidence;
  const drain = isDrain(override) ? override : undefined;
  return {
    ...described,
    state: shownState(condition, drain !== undefined),
    score,
    reason: drain === undefined ? condition.reason : `drained by ${drain.operator}: ${drain.reason}`,
    since: drain?.at ?? condition.since,
    automaticState: condition.state,
    ...(drain === undefined ? {} : { override: { operator: drain.operator, reason: drain.reason, at: drain.at } }),
    ...(condition.recovering ? { recovering: true } : {}),
    evidence: told,
    liveCalls,
  };
}

/** Of what is worth an announcement by itself. */
function digestOf({ evidence: _evidence, score: _score, liveCalls: _liveCalls, announcedAt: _announcedAt, ...rest }: ChannelHealth): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 32);
}
