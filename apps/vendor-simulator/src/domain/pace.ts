/** Turns the seconds of a real call into milliseconds at the simulator's speed: 20 makes a 20-second talk last one second. */
export class Pace {
  constructor(readonly speed: number) {}

  /** Real milliseconds that stand for `seconds` of the simulated world; at least 1, so that steps never coincide. */
  ms(seconds: number): number {
    return Math.max(1, Math.round((seconds * 1000) / this.speed));
  }
}
