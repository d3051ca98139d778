/** How much one dial moves a score. */
const STEP = 0.1;
/** After this long half of a loss is forgotten: a channel that gets no calls for its losses gets a new chance. */
const HALF_LIFE_MS = 60_000;

interface Score {
  readonly lost: number;
  readonly atMs: number;
}

/** How the recent dials of each channel went. */
export class RecentSuccess {
  private readonly scores = new Map<string, Score>();

  note(channel: string, accepted: boolean, nowMs: number): void {
    const lost = this.lostOf(channel, nowMs);
    this.scores.set(channel, { lost: lost + STEP * ((accepted ? 0 : 1) - lost), atMs: nowMs });
  }

  /** 0 to 1 in tenths, so that small differences do not outweigh the weights; 1 for a channel without losses. */
  of(channel: string, nowMs: number): number {
    return Math.round((1 - this.lostOf(channel, nowMs)) * 10) / 10;
  }

  private lostOf(channel: string, nowMs: number): number {
    const score = this.scores.get(channel);
    return score === undefined ? 0 : score.lost * 2 ** (-Math.max(0, nowMs - score.atMs) / HALF_LIFE_MS);
  }
}
