// GET /series: numbers over time.

import { z } from 'zod';
import { METRICS, SERIES_BY, type Metric } from '../../schemas/api.ts';
import { parseDuration } from '../../schemas/units.ts';
import { series as readSeries } from '../store/queries/series.ts';
import type { Range } from '../store/filter.ts';
import * as params from './params.ts';
import { ApiError } from './problem.ts';
import { resource } from './resource.ts';
import { seriesAnswer } from './shapes.ts';

const MAX_POINTS = 2_000;
const GOOD_POINTS = 120;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 7 * 24 * HOUR,
]; // prettier-ignore

const metricNames = z
  .string()
  .max(500)
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(
    z
      .array(z.enum(METRICS, { error: `must be names out of ${METRICS.join(', ')}, joined by commas` }))
      .min(1)
      .max(METRICS.length),
  );

export const series = resource({
  path: '/series',
  summary: 'Metrics over time, whole or by one dimension',
  input: z.strictObject({
    metric: metricNames.describe(METRICS.join(', ')),
    by: z.enum(SERIES_BY).optional(),
    step: z.string().max(20).optional().describe('like 1m; default gives about a hundred points'),
    from: params.from,
    to: params.to,
    q: params.q,
  }),
  answer: seriesAnswer,
  handle: ({ store, now }, { metric, by, step, ...question }) => {
    const { range, filter } = params.questionOf(question, now());
    const metrics: readonly Metric[] = [...new Set(metric)];
    return readSeries(store, { metrics, by, step: stepOf(step, range), range, filter });
  },
});

/** @throws ApiError for a step that is no duration, or so small that there would be too many points */
export function stepOf(text: string | undefined, range: Range): number {
  const span = (range.to - range.from) / 1000;
  if (text === undefined)
    return STEPS.find((step) => span / step <= GOOD_POINTS) ?? Math.ceil(span / MAX_POINTS / HOUR) * HOUR;
  const step = parseDuration(text);
  if (step === undefined || step < SECOND)
    throw new ApiError(400, '"step" must be a duration of at least 1s, like 30s, 1m or 1h');
  if (span / step > MAX_POINTS)
    throw new ApiError(
      400,
      `"step" is too small: at most ${MAX_POINTS} points, choose ${Math.ceil(span / MAX_POINTS / SECOND)}s or more`,
    );
  return step;
}
