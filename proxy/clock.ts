// Microseconds since 1970 from the monotonic clock: a wall clock that is set back cannot make a duration negative.

const ORIGIN_MS = performance.timeOrigin;

export function nowUs(): number {
  return Math.round((ORIGIN_MS + performance.now()) * 1000);
}
