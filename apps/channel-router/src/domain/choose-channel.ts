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
export function chooseChannel(wish: Wish, candidates: readonly Candidate[]): Route {
  const judged = candidates.map((candidate) => ({ candidate, excluded: reasonAgainst(wish, candidate) }));
  const best = judged
    .filter(({ excluded }) => excluded === undefined)
    .map(({ candidate }) => candidate)
    .sort((a, b) => b.score - a.score || b.weight - a.weight || (a.channel < b.channel ? -1 : 1))[0];
  return {
    channel: best?.channel,
    considered: judged.map(({ candidate, excluded }) => ({ channel: candidate.channel, ...(excluded === undefined ? {} : { excluded }) })),
  };
}

/** In this order; the first that applies is told. */
const objections: readonly (readonly [reason: string, applies: (wish: Wish, candidate: Candidate) => boolean])[] = [
  ['another channel is named', (wish, { channel }) => wish.channel !== undefined && wish.channel !== channel],
  ['not enabled', (_wish, { enabled }) => !enabled],
  ['not for this tenant', (wish, { tenants }) => tenants !== undefined && !tenants.includes(wish.tenant)],
  ['taken only by name', (wish, { weight }) => wish.channel === undefined && weight === 0],
  ['cannot record', (wish, { capabilities }) => wish.record && !capabilities.recording],
  ['cannot limit the duration', (wish, { capabilities }) => wish.maxDurationSeconds !== undefined && !capabilities.maxDuration],
];

function reasonAgainst(wish: Wish, candidate: Candidate): string | undefined {
  return objections.find(([, applies]) => applies(wish, candidate))?.[0];
}
