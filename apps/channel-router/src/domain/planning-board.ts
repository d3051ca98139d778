import { bindingKey, seatKey, type PlaceCall } from '@cc/contracts';
import type { Refusal } from './attempt';
import type { ClearNumbers } from './carriers';
import { shownState } from './health';
import { callerDialKey, type NewAttempt, type Survey } from './ledger';
import type { ChannelCondition, ChannelFacts, RoutableCall, Snapshot } from './route';

type Wish = Omit<PlaceCall, 'type' | 'notAfter'>;

/** How many refusals of a kind leave the channel in the choice. Kept back: the router stood still, or the seat has just signed in anew. Not placed: it may be dialled once more. */
const patience: Readonly<Record<Refusal['kind'], number>> = { unfit: 0, 'not-sent': 0, rejected: 0, 'not-placed': 1, withheld: 5 };

/** The state of things while calls are planned one after the other: what was surveyed, and what has been begun since. */
export class PlanningBoard {
  private readonly conditions = new Map<string, ChannelCondition>();
  private readonly dials = new Map<string, { readonly minute: number; readonly day: number }>();

  constructor(
    private readonly channels: readonly ChannelFacts[],
    private readonly survey: Survey,
  ) {}

  routable(wish: Wish, numbers: ClearNumbers): RoutableCall {
    const { callId, tenant, user, channel, channels, agent, record, maxDurationSeconds } = wish;
    const binding = user === undefined ? undefined : this.survey.bindings.get(bindingKey(tenant, user));
    return { callId, tenant, ...numbers, channel, channels, agent, binding, record, maxDurationSeconds };
  }

  /** The world as one call sees it. */
  snapshotFor(callId: string, callerRef: string): Snapshot {
    return {
      channels: this.channels,
      condition: (channel) => this.condition(channel),
      isSignedIn: (channel, seat) => this.survey.sessions.has(seatKey(channel, seat)),
      callerDials: (channel) => this.dialsFor(channel, callerRef),
      tried: exhausted(this.survey.refusals.get(callId) ?? []),
    };
  }

  /** What is begun can close a channel to later calls; it never makes one better. */
  noteBegun({ channel, callerRef, trial }: NewAttempt): void {
    const before = this.condition(channel);
    this.conditions.set(channel, { ...before, liveCalls: before.liveCalls + 1, sentLastSecond: before.sentLastSecond + 1, trialPending: before.trialPending || trial });
    const { minute, day } = this.dialsFor(channel, callerRef);
    this.dials.set(callerDialKey(channel, callerRef), { minute: minute + 1, day: day + 1 });
  }

  private condition(channel: string): ChannelCondition {
    const noted = this.conditions.get(channel);
    if (noted !== undefined) return noted;
    const standing = this.survey.channels.get(channel);
    const condition: ChannelCondition =
      standing === undefined
        ? { state: 'up', recovering: false, trialPending: false, score: 1, liveCalls: 0, sentLastSecond: 0 }
        : {
            state: shownState(standing.condition, standing.drained),
            recovering: standing.condition?.recovering ?? false, trialPending: standing.trialPending, score: standing.score, liveCalls: standing.liveCalls, sentLastSecond: standing.sentLastSecond,
          };
    this.conditions.set(channel, condition);
    return condition;
  }

  private dialsFor(channel: string, callerRef: string): { readonly minute: number; readonly day: number } {
    const key = callerDialKey(channel, callerRef);
    return this.dials.get(key) ?? this.survey.callerDials.get(key) ?? { minute: 0, day: 0 };
  }
}

/** The channels that are not to be tried again for a call. */
function exhausted(refusals: readonly Refusal[]): ReadonlySet<string> {
  return new Set(refusals.filter(({ channel, kind }) => refusals.filter((other) => other.channel === channel && other.kind === kind).length > patience[kind]).map(({ channel }) => channel));
}
