// How many calls of a worker may be second tries at the same target at one time: a provider in trouble must not be asked
// twice as often because it is in trouble. Going on to another target is no such try.

/** Share of the calls under way. */
const SHARE = 0.2;
/** So many may always. */
const LEAST = 3;

export class RetryBudget {
  readonly #inflight: () => number;
  #retrying = 0;

  /** @param inflight calls under way in this worker */
  constructor(inflight: () => number) {
    this.#inflight = inflight;
  }

  /** A place, kept from the pause before the try to its end; false where there is none. */
  take(): boolean {
    if (this.#retrying >= Math.max(LEAST, SHARE * this.#inflight())) return false;
    this.#retrying++;
    return true;
  }

  give(): void {
    this.#retrying--;
  }
}
