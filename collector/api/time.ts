// Times as the API takes them: ISO 8601, milliseconds since 1970, `now`, or `now-15m`.

import { parseDuration } from '../../schemas/units.ts';
import type { Range } from '../store/filter.ts';
import { ApiError } from './problem.ts';

const MAX_RANGE_MS = 400 * 86_400_000;
const DEFAULT_RANGE_MS = 3_600_000;
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** `from` and `to` of a question; without them the last hour. @throws ApiError */
export function rangeOf(from: string | undefined, to: string | undefined, now: number): Range {
  const end = to === undefined ? now : momentOf('to', to, now);
  const start = from === undefined ? end - DEFAULT_RANGE_MS : momentOf('from', from, now);
  if (start >= end) throw new ApiError(400, '"from" must be before "to"');
  if (end - start > MAX_RANGE_MS) throw new ApiError(400, 'the time range is at most 400 days');
  return { from: start * 1000, to: end * 1000 };
}

/** @throws ApiError that names the parameter */
export function momentOf(name: string, text: string, now: number): number {
  const relative = /^now(?:-(.+))?$/.exec(text.trim());
  if (relative) {
    const back = relative[1] === undefined ? 0 : parseDuration(relative[1]);
    if (back !== undefined) return now - back;
  } else if (/^\d{1,14}$/.test(text)) {
    return checked(name, Number(text));
  } else if (ISO.test(text)) {
    const value = Date.parse(/T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`);
    if (!Number.isNaN(value)) return checked(name, value);
  }
  throw new ApiError(400, `"${name}" must be a time like 2026-11-22T18:00:00Z, 1795370400000, now or now-15m`);
}

/** What the store's clock can hold. */
function checked(name: string, value: number): number {
  if (value < 0 || value > Date.UTC(2200, 0)) throw new ApiError(400, `"${name}" must be between 1970 and 2200`);
  return value;
}
