/** How a service asks for its end when it can no longer do its work: the process drains, says why, and exits with 1, for its supervisor to start it again. */
export class Ending {
  /** @param because what happened and what to do; logged as it is. */
  constructor(readonly demand: (because: string) => void) {}
}
