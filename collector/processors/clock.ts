// Times that cannot be true: a start outside [now - 29 d, now + 10 min] is moved there, because one insert must not
// touch a hundred partitions and the year 9999 is no trace anybody finds (29 days: a day later the store's default
// retention would delete the span at once); an end before its start becomes no duration.
// What was sent stays as an attribute, and a flag says which of the two it was.

import { ATTR } from '../../schemas/attributes.ts';
import type { Instant } from '../receivers/model.ts';
import type { Item, Processor } from './types.ts';

const PAST_MS = 29 * 86_400_000;
const FUTURE_MS = 10 * 60_000;
const MAX_DURATION_NS = PAST_MS * 1e6;

/** What the sender said, nanoseconds since 1970. */
const ORIGINAL_START = 'signalbox.original_start';
const ORIGINAL_END = 'signalbox.original_end';

export const clock: Processor = {
  id: 'clock',
  summary: 'Moves times that are out of bounds',
  create:
    ({ now }) =>
    (item) =>
      setClock(item, now()),
};

function setClock({ span, row }: Item, now: number): void {
  const ts = clampTime(row.ts, now);
  const flags: string[] = [];
  if (ts !== row.ts) flags.push(ts > row.ts ? 'past' : 'future');
  if (row.duration_ns < 0) flags.push('end_before_start');
  else if (row.duration_ns > MAX_DURATION_NS) flags.push('long');
  row.ts = ts;
  row.duration_ns = Math.min(Math.max(0, row.duration_ns), MAX_DURATION_NS);
  if (flags.length === 0) return;
  row.attrs[ATTR.CLOCK_SKEW] = flags.join(',');
  row.attrs[ORIGINAL_START] = nanoseconds(span.start);
  row.attrs[ORIGINAL_END] = nanoseconds(span.end);
}

/** @param us microseconds since 1970 @param now milliseconds since 1970 */
export function clampTime(us: number, now: number): number {
  return Math.min(Math.max(us, (now - PAST_MS) * 1000), (now + FUTURE_MS) * 1000);
}

function nanoseconds({ us, ns }: Instant): string {
  return String(BigInt(us) * 1000n + BigInt(ns));
}
