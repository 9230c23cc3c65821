// Microseconds since 1970 from the monotonic clock: a wall clock that is set back cannot make a duration negative.

/** More than a clock that is kept in time is ever off. */
const STEP_MS = 1_000;

let originMs = performance.timeOrigin;

export function nowUs(): number {
  return Math.round((originMs + performance.now()) * 1000);
}

/**
 * Starts anew from the wall clock where that was set or the machine has slept, which the monotonic clock does not count.
 * Only for moments when nothing is under way: times of before and after cannot be compared.
 */
export function followWallClock(): void {
  const stepMs = Date.now() - (originMs + performance.now());
  if (Math.abs(stepMs) > STEP_MS) originMs += stepMs;
}
