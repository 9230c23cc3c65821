// `Retry-After` and its kin, as providers send them: seconds, milliseconds, a date, or nonsense.

import type { IncomingHttpHeaders } from 'node:http';
import { one } from './headers.ts';

const DAY_MS = 86_400_000;

/** Milliseconds to wait; undefined when nothing usable was said. Never negative, never more than a day. */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number): number | undefined {
  const ms = decimal(one(headers['retry-after-ms']));
  if (ms !== undefined) return Math.min(ms, DAY_MS);
  const text = one(headers['retry-after']);
  const seconds = decimal(text);
  if (seconds !== undefined) return Math.min(seconds * 1000, DAY_MS);
  const date = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), DAY_MS);
}

function decimal(text: string): number | undefined {
  return /^\d{1,12}(?:\.\d{1,6})?$/.test(text.trim()) ? Number(text) : undefined;
}
