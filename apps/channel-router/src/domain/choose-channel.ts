import type { Capabilities, PlaceCall } from '@cc/contracts';

/** What is known of a channel at the moment of the choice. */
export interface Candidate {
  readonly channel: string;
  readonly enabled: boolean;
  readonly weight: number;
  /** 0 to 1: the share of its recent dials that the vendor accepted. */
  readonly score: number;
  readonly tenants?: readonly string[];
  readonly capabilities: Capabilities;
}

export interface Route {
  /** `undefined` when no channel can take the call. */
  readonly channel: string | undefined;
  readonly considered: readonly { readonly channel: string; readonly excluded?: string }[];
}

/** What of a call decides where it can go. */
type Wish = Pick<PlaceCall, 'channel' | 'tenant' | 'record' | 'maxDurationSeconds'>;

/** The channel for a call and why the others were not taken: a pure function, so that the same snapshot gives the same route. */
export function chooseChannel(command: Wish, candidates: readonly Candidate[]): Route {
  const judged = candidates.map((candidate) => ({ candidate, excluded: reasonAgainst(command, candidate) }));
  const best = judged
    .filter(({ excluded }) => excluded === undefined)
    .map(({ candidate }) => candidate)
    .sort((a, b) => b.score - a.score || b.weight - a.weight || (a.channel < b.channel ? -1 : 1))[0];
  return {
    channel: best?.channel,
    considered: judged.map(({ candidate, excluded }) => ({ channel: candidate.channel, ...(excluded === undefined ? {} : { excluded }) })),
  };
}

function reasonAgainst(command: Wish, candidate: Candidate): string | undefined {
  if (command.channel !== undefined && command.channel !== candidate.channel) return 'another channel is named';
  if (!candidate.enabled) return 'not enabled';
  if (candidate.tenants !== undefined && !candidate.tenants.includes(command.tenant)) return 'not for this tenant';
  if (command.channel === undefined && candidate.weight === 0) return 'taken only by name';
  if (command.record && !candidate.capabilities.recording) return 'cannot record';
  if (command.maxDurationSeconds !== undefined && !candidate.capabilities.maxDuration) return 'cannot limit the duration';
  return undefined;
}
