// Parameters that several resources take.

import { z } from 'zod';
import type { Filter, Range } from '../store/filter.ts';
import { ApiError } from './problem.ts';
import { parseQuery, QueryError } from './query.ts';
import { rangeOf } from './time.ts';

export const from = z
  .string()
  .max(64)
  .optional()
  .describe('ISO 8601, milliseconds since 1970, or now-15m; default an hour before `to`');
export const to = z.string().max(64).optional().describe('like `from`; default now');
export const q = z
  .string()
  .max(2_000)
  .optional()
  .describe('model:gpt-5 status:error duration:>2s cost:>0.01 tag.k:v "free text"');
export const traceId = z
  .string()
  .regex(/^[0-9a-fA-F]{32}$/, 'must be 32 hex digits')
  .transform((id) => id.toLowerCase());
export const spanId = z
  .string()
  .regex(/^[0-9a-fA-F]{16}$/, 'must be 16 hex digits')
  .transform((id) => id.toLowerCase());

interface Question {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly q?: string | undefined;
}

/** @throws ApiError 400 that names what is wrong */
export function questionOf(input: Question, now: number): { range: Range; filter: Filter } {
  const range = rangeOf(input.from, input.to, now);
  try {
    return { range, filter: parseQuery(input.q ?? '') };
  } catch (error) {
    if (error instanceof QueryError) throw new ApiError(400, `"q": ${error.message}`);
    throw error;
  }
}

/** A number in a query string: digits only, so that `1e3`, ` 1` and `0x1` are not numbers by accident. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));
}
