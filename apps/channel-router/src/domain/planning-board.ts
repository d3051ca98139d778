import { bindingKey, seatKey, type Binding, type PlaceCall } from '@cc/contracts';
import type { ClearNumbers } from './carriers';
import type { NewAttempt, Survey } from './ledger';
import type { ChannelCondition, ChannelFacts, RoutableCall, Snapshot } from './route';

type Wish = Omit<PlaceCall, 'type' | 'notAfter'>;

/** The state of things while calls are planned one after the other: what was surveyed, and what has been begun since. */
export class PlanningBoard {
  private readonly conditions = new Map<string, ChannelCondition>();
  private readonly dials = new Map<string, { readonly minute: number; readonly day: number }>();
  private readonly facts: ReadonlyMap<string, ChannelFacts>;
  /** Channels on which something was begun that can exclude them for later calls; it never makes a channel better. */
  readonly touched = new Set<string>();

  constructor(
    private readonly channels: readonly ChannelFacts[],
    private readonly survey: Survey,
  ) {
    this.facts = new Map(channels.map((facts) => [facts.channel, facts]));
  }

  bindingOf({ tenant, user }: Wish): Binding | undefined {
    return user === undefined ? undefined : this.survey.bindings.get(bindingKey(tenant, user));
  }

  routable(wish: Wish, numbers: ClearNumbers): RoutableCall {
    const { callId, tenant, channel, channels, agent, record, maxDurationSeconds } = wish;
    return { callId, tenant, ...numbers, channel, channels, agent, binding: this.bindingOf(wish), record, maxDurationSeconds };
  }

  /** The world as one call sees it. */
  snapshotFor(callId: string, callerRef: string): Snapshot {
    return {
      channels: this.channels,
      condition: (channel) => this.condition(channel),
      isSignedIn: (channel, seat) => this.survey.sessions.has(seatKey(channel, seat)),
      callerDials: (channel) => this.dialsFor(channel, callerRef),
      tried: new Set(this.survey.refusals.get(callId)?.flatMap(({ kind, channel }) => (kind === 'withheld' ? [] : [channel]))),
    };
  }

  noteBegun({ channel, callerRef, trial }: NewAttempt): void {
    const before = this.condition(channel);
    this.conditions.set(channel, { ...before, liveCalls: before.liveCalls + 1, sentLastSecond: before.sentLastSecond + 1, trialPending: before.trialPending || trial });
    const { minute, day } = this.dialsFor(channel, callerRef);
    this.dials.set(`${channel}/${callerRef}`, { minute: minute + 1, day: day + 1 });
    const limits = this.facts.get(channel)?.limits;
    const limited = limits !== undefined && [limits.concurrentCalls, limits.callsPerSecond, limits.callsPerCallerPerMinute, limits.callsPerCallerPerDay].some((limit) => limit !== undefined);
    if (trial || limited) this.touched.add(channel);
  }

  private condition(channel: string): ChannelCondition {
    const noted = this.conditions.get(channel);
    if (noted !== undefined) return noted;
    const standing = this.survey.channels.get(channel);
    const condition: ChannelCondition =
      standing === undefined
        ? { state: 'up', recovering: false, trialPending: false, score: 1, liveCalls: 0, sentLastSecond: 0 }
        : {
            state: standing.drained ? 'draining' : (standing.condition?.state ?? 'up'),
            recovering: standing.condition?.recovering ?? false, trialPending: standing.trialPending, score: standing.score, liveCalls: standing.liveCalls, sentLastSecond: standing.sentLastSecond,
          };
    this.conditions.set(channel, condition);
    return condition;
  }

  private dialsFor(channel: string, callerRef: string): { readonly minute: number; readonly day: number } {
    const key = `${channel}/${callerRef}`;
    return this.dials.get(key) ?? this.survey.callerDials.get(key) ?? { minute: 0, day: 0 };
  }
}
