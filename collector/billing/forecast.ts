// What the month will have cost: the days so far, and for the rest days like the last weeks'. Pure.

import type { CostMonth } from '../../schemas/api.ts';

export interface CostDay {
  /** Start of the day, UTC, milliseconds. */
  readonly time: number;
  readonly usd: number;
}

const DAY = 86_400_000;
/** Days of history that are looked at. */
export const HISTORY_DAYS = 56;
/** Fewer whole days say nothing, fewer than the second number say nothing about weekdays. */
const LEAST = 3;
const LEAST_WEEKDAYS = 14;

/** @param days with cost, any order; days without cost may be left out. @param unpriced calls that are in no sum */
export function monthOf(days: readonly CostDay[], now: number, unpriced: number): CostMonth {
  const date = new Date(now);
  const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const to = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
  const soFar = sum(days.filter(({ time }) => time >= from && time <= now).map(({ usd }) => usd));
  const month = { from, to, so_far_usd: nanos(soFar) };
  const history = wholeDays(days, now);
  const missing = unpriced > 0 ? ` ${unpriced} calls of this month have no price and are in no number here.` : '';
  if (history.length < LEAST) {
    const words = `A forecast needs ${LEAST} whole days; there are ${history.length}.${missing}`;
    return { ...month, expected_usd: null, low_usd: null, high_usd: null, method: 'none', words };
  }
  const model = history.length < LEAST_WEEKDAYS ? averageOf(history) : weekdaysOf(history);
  const rest = remaining(now, to);
  const expected = soFar + sum(rest.map(({ time, share }) => share * model.expect(time)));
  const spread = model.deviation * quantile(model.freedom);
  const shares = sum(rest.map(({ share }) => share));
  const own = sum(rest.map(({ share }) => share ** 2));
  const error = spread * Math.sqrt(own + shares ** 2 / history.length);
  const like = model.method === 'weekdays' ? 'the same weekdays' : 'the average day';
  return {
    ...month,
    expected_usd: nanos(expected),
    low_usd: nanos(Math.max(soFar, expected - error)),
    high_usd: nanos(expected + error),
    method: model.method,
    words: `If the rest of the month is like ${like} of the last ${history.length} days. It knows of no growth, holidays or plans.${missing}`,
  };
}

interface Model {
  readonly method: 'weekdays' | 'average';
  readonly expect: (time: number) => number;
  /** Of a day from what was expected of it. */
  readonly deviation: number;
  readonly freedom: number;
}

function averageOf(history: readonly CostDay[]): Model {
  const mean = sum(history.map(({ usd }) => usd)) / history.length;
  return { method: 'average', expect: () => mean, ...deviationOf(history, () => mean, 1) };
}

function weekdaysOf(history: readonly CostDay[]): Model {
  const means = Array.from({ length: 7 }, (_none, weekday) => {
    const same = history.filter(({ time }) => new Date(time).getUTCDay() === weekday);
    return sum(same.map(({ usd }) => usd)) / same.length;
  });
  const expect = (time: number) => means[new Date(time).getUTCDay()] ?? 0;
  return { method: 'weekdays', expect, ...deviationOf(history, expect, 7) };
}

function deviationOf(history: readonly CostDay[], expect: (time: number) => number, parameters: number) {
  const freedom = history.length - parameters;
  const squares = sum(history.map(({ time, usd }) => (usd - expect(time)) ** 2));
  return { deviation: Math.sqrt(squares / freedom), freedom };
}

/** Every day since the first with cost, today left out; a day in between without calls cost nothing. */
function wholeDays(days: readonly CostDay[], now: number): CostDay[] {
  const today = Math.floor(now / DAY) * DAY;
  const known = new Map(days.map(({ time, usd }) => [time, usd]));
  const first = Math.min(...days.map(({ time }) => time));
  const whole: CostDay[] = [];
  for (let time = Math.max(first, today - HISTORY_DAYS * DAY); time < today; time += DAY) {
    whole.push({ time, usd: known.get(time) ?? 0 });
  }
  return whole;
}

/** What is left of today, and the days after it. */
function remaining(now: number, end: number): { time: number; share: number }[] {
  const today = Math.floor(now / DAY) * DAY;
  const rest = [{ time: today, share: (today + DAY - now) / DAY }];
  for (let time = today + DAY; time < end; time += DAY) rest.push({ time, share: 1 });
  return rest;
}

/** 95 % quantile of Student's t, by the Cornish-Fisher expansion: nine of ten lie between it and its opposite. */
function quantile(freedom: number): number {
  const z = 1.6449;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const nanos = (usd: number): number => Math.round(usd * 1e9) / 1e9;
