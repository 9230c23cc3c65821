// The little arithmetic that benchmarks share.

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median with its smallest and largest: `12.3 [11.9 - 13.0]`. */
export function spread(values: readonly number[], digits = 1): string {
  if (values.length === 0) return '-';
  const text = (value: number) => value.toFixed(digits);
  if (values.length === 1) return text(median(values));
  return `${text(median(values))} [${text(Math.min(...values))} - ${text(Math.max(...values))}]`;
}

/** Rounded for JSON; null where there is nothing. */
export function rounded(value: number, digits = 2): number | null {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}
