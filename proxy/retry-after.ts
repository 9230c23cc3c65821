// When a provider wants to be asked again, as providers say it: seconds, milliseconds, dates, durations, or nonsense.

import type { IncomingHttpHeaders } from 'node:http';
import { one } from './headers.ts';

const DAY_MS = 86_400_000;

/** Milliseconds to wait; undefined when nothing usable was said. Never negative, never more than a day. */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number): number | undefined {
  const ms = decimal(one(headers['retry-after-ms'])) ?? decimal(one(headers['x-ms-retry-after-ms']));
  if (ms !== undefined) return Math.min(ms, DAY_MS);
  const text = one(headers['retry-after']);
  const seconds = decimal(text);
  if (seconds !== undefined) return Math.min(seconds * 1000, DAY_MS);
  return /[A-Za-z]/.test(text) ? until(text, now) : undefined;
}

/** Counters that providers show beside their answers, each with what is left of it and when it is full again. */
const WINDOWS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
] as const;

/**
 * Milliseconds until the used-up counters of a throttled answer are full again, the longest of them; undefined where none
 * is used up. A counter with something left in it is not what the call failed on.
 */
export function resetMs(headers: IncomingHttpHeaders, now: number): number | undefined {
  let longest: number | undefined;
  for (const [left, reset] of WINDOWS) {
    if (one(headers[left]) !== '0') continue;
    const text = one(headers[reset]);
    const ms = durationMs(text) ?? (text.includes('-') ? until(text, now) : undefined);
    if (ms !== undefined) longest = Math.min(DAY_MS, Math.max(longest ?? 0, ms));
  }
  return longest;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };
const DURATION = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smhd]))+$/;

/** `6m0s`, `59.56s`, `20ms`, or a plain number of seconds; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const seconds = decimal(text);
  if (seconds !== undefined) return Math.min(seconds * 1000, DAY_MS);
  if (text.length > 64 || !DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhd])/g))
    sum += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return Math.min(sum, DAY_MS);
}

function until(date: string, now: number): number | undefined {
  const at = Date.parse(date);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), DAY_MS);
}

function decimal(text: string): number | undefined {
  return /^\d{1,12}(?:\.\d{1,6})?$/.test(text.trim()) ? Number(text) : undefined;
}
