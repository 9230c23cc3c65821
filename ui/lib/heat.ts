// The heat map of deployments: how wide a cell is in time, and how warm.
import type { ProviderCell, ProviderReport } from '../../schemas/api.ts';
import { clock, day } from './format.ts';

/** Cells in a row, at most: wide enough to be hit by a pointer. */
export const MOST_CELLS = 60;

/** Fewer calls have no 95th percentile to speak of. */
export const FEW = 5;

/** A deployment's own usual latency: the median over its cells. */
export function usualOf(cells: readonly ProviderCell[]): number | null {
  const known = cells.flatMap(({ latency_p95 }) => latency_p95 ?? []).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? null;
}

/** 0 at half the usual and below, 1 at four times the usual and above; equal factors are equal steps between. */
export function warmth(latency: number | null, usual: number | null): number {
  if (latency === null || usual === null || usual === 0) return 0;
  return Math.min(1, Math.max(0, (Math.log2(latency / usual) + 1) / 3));
}

/** The first per cent of errors is to be seen, and the last thirty need no telling apart. */
export function redness(rate: number | null): number {
  return rate === null || rate === 0 ? 0 : Math.min(1, 0.25 + Math.sqrt(rate));
}

/** Labels at the starts of cells, a sixth of the width apart at least. */
export function labelsOf({ from, to, step }: ProviderReport): { text: string; left: string }[] {
  const cells = Math.max(1, Math.round((to - from) / step));
  const every = Math.ceil(cells / 6);
  const long = to - from > 36 * 3_600_000;
  return Array.from({ length: Math.max(1, Math.floor(cells / every - 0.4)) }, (_, index) => {
    const time = from + index * every * step;
    return { text: long ? day(time) : clock(time).slice(0, 5), left: `${((index * every) / cells) * 100}%` };
  });
}
