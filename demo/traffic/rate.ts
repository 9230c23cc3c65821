// How busy it is: a working day by the clock in the past, the same shape compressed into ten minutes while the demo runs.

/** A scenario makes about this many model calls. */
export const CALLS_PER_SCENARIO = 1.5;

const DAY_IN_MS = 10 * 60_000;

/** Calls a second while the demo runs, `rate` on average. */
export function rateAt(now: number, rate: number): number {
  const phase = ((now % DAY_IN_MS) / DAY_IN_MS) * 2 * Math.PI;
  return rate * (1 + 0.3 * Math.sin(phase) + 0.1 * Math.sin(3 * phase));
}

/**
 * Calls a minute at a time before the start: the night is quiet, the day has two humps, and the last hour grows to the
 * rate the demo then runs at, so that no chart has a cliff.
 * @param before milliseconds before the start
 */
export function pastRate(time: number, before: number, rate: number): number {
  const hour = (time / 3_600_000) % 24;
  const hump = (at: number, width: number) => Math.exp(-(((hour - at) / width) ** 2));
  const day = 1.2 + 6 * hump(10, 2.4) + 5.5 * hump(15, 2.6) + 1.5 * hump(20, 2);
  return day + rate * 60 * Math.exp(-before / (20 * 60_000));
}
