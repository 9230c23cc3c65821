// GET /cost: what calls cost, by one dimension; what has no price; the month and its forecast.

import { z } from 'zod';
import { COST_BY } from '../../schemas/api.ts';
import { HISTORY_DAYS, monthOf } from '../billing/forecast.ts';
import type { Range } from '../store/filter.ts';
import { costDays, costLines, isRolledUp, unpricedUsage } from '../store/queries/cost.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { costReport } from './shapes-cost.ts';
import { rangeOf } from './time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Longer ranges are shown by days. */
const SHOWN_BY_HOURS = 3 * DAY;

const dimension = z
  .string()
  .regex(
    new RegExp(`^(?:${COST_BY.join('|')}|tag\\.[A-Za-z0-9_.:/-]{1,200})$`),
    `must be one of ${COST_BY.join(', ')} or tag.NAME`,
  );

export const cost = resource({
  path: '/cost',
  summary: 'What calls cost and used, by one dimension, with the forecast of the month',
  input: z.strictObject({
    from: params.from.describe('like everywhere; default 30 days before `to`; whole hours or days are answered'),
    to: params.to,
    by: dimension.prefault('model').describe(`${COST_BY.join(', ')} or tag.NAME`),
    step: z.enum(['1h', '1d']).optional().describe('default 1h up to three days, else 1d'),
  }),
  answer: costReport,
  handle: async ({ store, now, retention }, { from, to, by, step }) => {
    const asked = rangeOf(from ?? (to === undefined ? 'now-30d' : undefined), to, now());
    const width = stepOf(asked, step);
    const range = wholeSteps(asked, width);
    const month = monthRange(asked.to / 1000);
    const [lines, unpriced, days, missing] = await Promise.all([
      costLines(store, { by, range, step: width }),
      unpricedUsage(store, asked),
      costDays(store, { from: (asked.to / 1000 - (HISTORY_DAYS + 1) * DAY) * 1000, to: asked.to }),
      unpricedUsage(store, month),
    ]);
    const left = missing.reduce((sum, each) => sum + each.calls, 0);
    return {
      from: range.from / 1000,
      to: range.to / 1000,
      step: width,
      by,
      kept_from: now() - (isRolledUp(by) ? retention.rollups : retention.spans),
      unpriced,
      ...lines,
      month: monthOf(days, asked.to / 1000, left),
    };
  },
});

function stepOf({ from, to }: Range, asked: '1h' | '1d' | undefined): number {
  const tooMany = (to - from) / 1000 / HOUR > 1_000;
  if (asked === undefined || (asked === '1h' && tooMany)) return (to - from) / 1000 <= SHOWN_BY_HOURS ? HOUR : DAY;
  return asked === '1h' ? HOUR : DAY;
}

/** The rollup knows whole hours. */
export function wholeSteps({ from, to }: Range, step: number): Range {
  const us = step * 1000;
  return { from: Math.floor(from / us) * us, to: Math.ceil(to / us) * us };
}

function monthRange(now: number): Range {
  const date = new Date(now);
  return { from: Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) * 1000, to: now * 1000 + 1 };
}
