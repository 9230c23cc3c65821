// The places that numbers over time come from, each with the same columns said in its own words.

import type { SeriesBy } from '../../../schemas/api.ts';
import { isPlain, type Filter } from '../filter.ts';
import { join, sql, Sql } from '../sql.ts';

export interface Source {
  readonly table: string;
  readonly time: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly dimensions: Readonly<Partial<Record<SeriesBy, string>>>;
}

const LEVELS = '(0.5, 0.9, 0.95, 0.99)';

const ROLLUP_COLUMNS = {
  ...Object.fromEntries(
    ['n', 'errors', 'cache_hits', 'in_tok', 'out_tok', 'priced', 'unpriced', 'speed_tok', 'speed_ns', 'ttft_n'].map(
      (name) => [name, `sum(t.${name})`],
    ),
  ),
  cost_usd: 'toFloat64(sum(t.cost_usd))',
  lat: `quantilesTDigestMerge${LEVELS}(t.lat)`,
  ttft: `quantilesTDigestMerge${LEVELS}(t.ttft)`,
};

export const SOURCES = {
  entry_rollup: {
    table: 'route_1m',
    time: 'minute',
    columns: ROLLUP_COLUMNS,
    dimensions: { route: 't.route' },
  },
  call_rollup: {
    table: 'route_1m',
    time: 'minute',
    columns: ROLLUP_COLUMNS,
    dimensions: { model: 't.model', provider: 't.provider', deployment: 't.deployment', route: 't.route' },
  },
  entry_hours: {
    table: 'route_1h',
    time: 'hour',
    columns: ROLLUP_COLUMNS,
    dimensions: { route: 't.route', team: 't.team' },
  },
  call_hours: {
    table: 'route_1h',
    time: 'hour',
    columns: ROLLUP_COLUMNS,
    dimensions: {
      model: 't.model',
      provider: 't.provider',
      deployment: 't.deployment',
      route: 't.route',
      team: 't.team',
    },
  },
  entry: {
    table: 'trace_parts',
    time: 'ts',
    columns: {
      n: 'countIf(t.has_entry)',
      errors: 'countIf(t.failed)',
      cache_hits: "countIf(t.cache != 'none')",
      in_tok: 'sum(t.in_tok)',
      out_tok: 'sum(t.out_tok)',
      cost_usd: 'toFloat64(sum(t.cost_usd))',
      priced: 'sum(t.priced)',
      unpriced: 'sum(t.unpriced)',
      speed_tok: 'sumIf(t.out_tok, t.has_entry AND t.duration_ns > t.ttft_us * 1000)',
      speed_ns: 'sumIf(t.duration_ns - t.ttft_us * 1000, t.out_tok > 0 AND t.duration_ns > t.ttft_us * 1000)',
      lat: `quantilesTDigestIf${LEVELS}(toFloat32(t.duration_ns / 1e6), t.has_entry)`,
      ttft_n: 'countIf(t.ttft_us > 0)',
      ttft: `quantilesTDigestIf${LEVELS}(toFloat32(t.ttft_us / 1e3), t.ttft_us > 0)`,
    },
    dimensions: {
      route: 't.route',
      team: 't.team',
      user: 't.user_id',
      key: 't.key_id',
      error: 't.error_type',
      outcome: 't.outcome',
      status: "if(t.failed, 'error', toString(t.status))",
    },
  },
  call: {
    table: 'spans',
    time: 'ts',
    columns: {
      n: 'count()',
      errors: 'countIf(t.failed)',
      cache_hits: "countIf(t.cache != 'none')",
      in_tok: 'sum(t.in_tok)',
      out_tok: 'sum(t.out_tok)',
      cost_usd: 'toFloat64(sumIf(t.cost_usd, t.cost_known))',
      priced: 'countIf(t.cost_known)',
      unpriced: 'countIf(NOT t.cost_known AND t.in_tok + t.out_tok > 0)',
      speed_tok: 'sumIf(t.out_tok, t.duration_ns > t.ttft_us * 1000)',
      speed_ns: 'sumIf(t.duration_ns - t.ttft_us * 1000, t.out_tok > 0 AND t.duration_ns > t.ttft_us * 1000)',
      lat: `quantilesTDigest${LEVELS}(toFloat32(t.duration_ns / 1e6))`,
      ttft_n: 'countIf(t.ttft_us > 0)',
      ttft: `quantilesTDigestIf${LEVELS}(toFloat32(t.ttft_us / 1e3), t.ttft_us > 0)`,
    },
    dimensions: { model: 't.model', provider: 't.provider', deployment: 't.deployment' },
  },
} as const satisfies Record<string, Source>;

/** The filter on a rollup's own columns; undefined when it asks for anything else. */
export function rollupFilter({ dimensions }: Source, filter: Filter): Sql | undefined {
  const keys: Readonly<Record<string, string>> = dimensions;
  const parts: Sql[] = [sql`true`];
  for (const condition of filter) {
    if (condition.kind !== 'is' || !Object.hasOwn(keys, condition.key) || !condition.values.every(isPlain))
      return undefined;
    const test = sql`${new Sql(keys[condition.key] ?? '')} IN (${join(
      condition.values.map((value) => sql`${value}`),
      ',',
    )})`;
    parts.push(condition.negated ? sql`NOT (${test})` : test);
  }
  return join(parts, 'AND');
}
