// What a time chart shows, before any drawing: lines to draw, stacks, and which line a point of the chart belongs to.
import type { Series } from '../../schemas/api.ts';

export interface PlotLine {
  readonly group: string;
  readonly values: readonly (number | null)[];
  readonly total: number | null;
  readonly samples: number;
}

export interface Plot {
  /** Milliseconds, the start of each step. */
  readonly times: readonly number[];
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  readonly lines: readonly PlotLine[];
}

export const MOST_LINES = 8;

/** The lines of some metrics; with more groups than fit, those with the most behind them. */
export function plotOf(
  series: Series,
  metrics: readonly string[],
  groupOf = (group: string, _metric: string) => group,
): Plot {
  const chosen = series.series
    .filter(({ metric }) => metrics.includes(metric))
    .toSorted((a, b) => b.samples - a.samples)
    .slice(0, MOST_LINES);
  const times = [...new Set(chosen.flatMap(({ points }) => points.map(([time]) => time)))].sort((a, b) => a - b);
  const lines = chosen.map(({ group, metric, points, total, samples }) => {
    const at = new Map(points);
    return { group: groupOf(group, metric), values: times.map((time) => at.get(time) ?? null), total, samples };
  });
  const { from, to, step } = series;
  return { times, step, from, to, unit: chosen[0]?.unit ?? 'count', lines };
}

/** Each line on top of those before it; a gap in one line counts as nothing in the stack. */
export function stacked(lines: readonly PlotLine[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map(({ values }) =>
    values.map((value, index) => {
      const sum = (sums[index] ?? 0) + (value ?? 0);
      sums[index] = sum;
      return sum === 0 ? null : sum;
    }),
  );
}

/** The line at a height of the chart: the stack's layer there, or the nearest line within `reach`. */
export function lineAt(
  plot: Plot,
  at: { index: number; value: number; reach: number },
  isStack: boolean,
): PlotLine | undefined {
  if (isStack) {
    const tops = stacked(plot.lines);
    return plot.lines.find(
      (line, layer) => (line.values[at.index] ?? 0) > 0 && (tops[layer]?.[at.index] ?? 0) >= at.value,
    );
  }
  const near = plot.lines
    .map((line) => ({ line, away: Math.abs((line.values[at.index] ?? Infinity) - at.value) }))
    .toSorted((a, b) => a.away - b.away)[0];
  return near && near.away <= at.reach ? near.line : undefined;
}

export interface Reading {
  readonly group: string;
  readonly value: number;
  readonly samples: number;
}

/** All values at one step, largest first. */
export function readings(plot: Plot, index: number): Reading[] {
  return plot.lines
    .flatMap(({ group, values, samples }) => {
      const value = values[index];
      return value === null || value === undefined || value === 0 ? [] : [{ group, value, samples }];
    })
    .sort((a, b) => b.value - a.value);
}
