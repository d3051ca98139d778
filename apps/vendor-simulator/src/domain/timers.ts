/** Port for things that happen later. When the simulator stops, what is still to come never happens. */
export abstract class Timers {
  /** Runs `work` once after `delayMs`; the returned function calls it off. */
  abstract after(delayMs: number, work: () => void): () => void;

  /** Resolves after `delayMs`, or when the simulator stops; never rejects. */
  abstract pause(delayMs: number): Promise<void>;
}
