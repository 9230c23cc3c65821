// Numbers over time. Requests (by route, team, user ...) are counted in trace_parts, calls (by model, provider,
// deployment) in spans; where nothing narrower than the rollups is asked, the rollups answer for both.
// Quantiles are always merged from sketches, over the steps and over the whole range alike.

import type { Metric, Series, SeriesBy, SeriesLine } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { callConditions, entryConditions, within, type Filter, type Range } from '../filter.ts';
import { sql, Sql } from '../sql.ts';
import { rollupFilter, SOURCES, type Source } from './series-sources.ts';

export interface SeriesQuestion {
  readonly metrics: readonly Metric[];
  readonly by?: SeriesBy | undefined;
  /** Milliseconds. */
  readonly step: number;
  readonly range: Range;
  readonly filter: Filter;
}

const CALL_DIMENSIONS: ReadonlySet<SeriesBy> = new Set(['model', 'provider', 'deployment']);
const MOST_GROUPS = 50;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Beside steps of this length, the rest of the last hour is little. */
const LONG_STEP_MS = 6 * HOUR_MS;
const isHours = (step: number): boolean => step % HOUR_MS === 0 && step >= LONG_STEP_MS;

interface MetricShape {
  readonly unit: SeriesLine['unit'];
  /** From the sums below; null where there is nothing to say. */
  readonly read: (row: SumsRow) => number | null;
  readonly samples: 'n' | 'calls' | 'ttft_n';
}

interface SumsRow {
  readonly bucket: number;
  readonly grp: string;
  readonly whole: number;
  readonly n: number;
  readonly calls: number;
  readonly errors: number;
  readonly cache_hits: number;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly cost_usd: number;
  readonly priced: number;
  readonly unpriced: number;
  readonly speed_tok: number;
  readonly speed_ns: number;
  readonly lat: readonly (number | null)[];
  readonly ttft_n: number;
  readonly ttft: readonly (number | null)[];
}

const counted = (read: (row: SumsRow) => number, unit: SeriesLine['unit'] = 'count'): MetricShape => ({
  unit,
  read,
  samples: 'n',
});
const quantile = (which: 'lat' | 'ttft', index: number): MetricShape => ({
  unit: 'ms',
  read: (row) => ((which === 'lat' ? row.n : row.ttft_n) > 0 ? (row[which][index] ?? null) : null),
  samples: which === 'lat' ? 'n' : 'ttft_n',
});

const SHAPES: Readonly<Record<Metric, MetricShape>> = {
  requests: counted((row) => row.n),
  errors: counted((row) => row.errors),
  error_rate: { unit: 'ratio', read: (row) => (row.n > 0 ? row.errors / row.n : null), samples: 'n' },
  tokens: counted((row) => row.in_tok + row.out_tok, 'tokens'),
  input_tokens: counted((row) => row.in_tok, 'tokens'),
  output_tokens: counted((row) => row.out_tok, 'tokens'),
  cost: { unit: 'usd', read: (row) => (row.priced > 0 ? row.cost_usd : row.unpriced > 0 ? null : 0), samples: 'n' },
  unpriced: counted((row) => row.unpriced),
  latency_p50: quantile('lat', 0),
  latency_p90: quantile('lat', 1),
  latency_p95: quantile('lat', 2),
  latency_p99: quantile('lat', 3),
  ttft_p50: quantile('ttft', 0),
  ttft_p95: quantile('ttft', 2),
  tokens_per_second: {
    unit: 'tokens/s',
    read: (row) => (row.speed_ns > 0 ? row.speed_tok / (row.speed_ns / 1e9) : null),
    samples: 'n',
  },
  cache_hits: counted((row) => row.cache_hits),
};

export async function series(store: StoreClient, question: SeriesQuestion): Promise<Series> {
  const { metrics, step } = question;
  const range = wholeSteps(question.range, step);
  const from = range.from / 1000;
  const rows = await store.query<SumsRow>(statement({ ...question, range }, from));
  const groups = new Map<string, Map<number, SumsRow>>();
  const wholes = rows.filter((row) => row.whole === 1).sort((a, b) => b.n - a.n || (a.grp < b.grp ? -1 : 1));
  for (const row of wholes.slice(0, MOST_GROUPS)) groups.set(row.grp, new Map());
  for (const row of rows) if (row.whole === 0) groups.get(row.grp)?.set(row.bucket, row);
  const lines: SeriesLine[] = [];
  for (const metric of metrics) {
    const shape = SHAPES[metric];
    for (const whole of wholes.slice(0, MOST_GROUPS)) {
      const buckets = groups.get(whole.grp);
      const points: [number, number | null][] = [];
      for (let time = from; time < range.to / 1000; time += step) {
        const row = buckets?.get(time);
        points.push([time, row ? shape.read(row) : null]);
      }
      lines.push({
        metric,
        unit: shape.unit,
        group: whole.grp,
        points,
        total: shape.read(whole),
        samples: samplesOf(shape, whole),
      });
    }
  }
  return { from, to: range.to / 1000, step, series: lines };
}

function samplesOf(shape: MetricShape, row: SumsRow): number {
  return row[shape.samples];
}

/** From the start of a step; to the end of a minute, or an hour, where steps are long: what the rollups can say. */
function wholeSteps(range: Range, step: number): Range {
  const stepUs = step * 1000;
  const end = isHours(step) ? HOUR_MS * 1000 : step % MINUTE_MS === 0 ? MINUTE_MS * 1000 : 1;
  return { from: Math.floor(range.from / stepUs) * stepUs, to: Math.ceil(range.to / end) * end };
}

/** One scan gives the steps and, by GROUPING SETS, the whole range. */
function statement(question: SeriesQuestion, from: number): Sql {
  const { source, where } = chooseSource(question);
  const { step, by } = question;
  const time = new Sql(source.time);
  const wanted = neededColumns(question.metrics).map((name) => `${source.columns[name]} AS ${name}`);
  const group = by ? sql`toString(${new Sql(source.dimensions[by] ?? "''")})` : sql`''`;
  return sql`SELECT ${from} + intDiv(toUnixTimestamp64Milli(toDateTime64(${time}, 3, 'UTC')) - ${from}, ${step}) * ${step} AS bucket,
    ${group} AS grp, grouping(bucket) AS whole, ${new Sql(wanted.join(', '))}
    FROM ${new Sql(source.table)} AS t WHERE ${where} GROUP BY GROUPING SETS ((bucket, grp), (grp))`;
}

function chooseSource(question: SeriesQuestion): { source: Source; where: Sql } {
  const { by, range, filter, step } = question;
  const scope = by && CALL_DIMENSIONS.has(by) ? 'call' : 'entry';
  for (const { source, unit } of rollups(scope)) {
    const narrow = rollupFilter(source, filter);
    const inUnits = [step * 1000, range.from, range.to].every((us) => us % unit === 0);
    if (!narrow || !inUnits || (by && !(by in source.dimensions))) continue;
    const time = new Sql(source.time);
    const at = (us: number) => sql`toDateTime(${us / 1e6}, 'UTC')`;
    const where = sql`scope = ${scope} AND ${time} >= ${at(range.from)} AND ${time} < ${at(range.to)} AND ${narrow}`;
    return { source, where };
  }
  if (scope === 'call') return { source: SOURCES.call, where: callConditions(filter, range) };
  // Without a filter the calls that came apart from their requests count as well; with one, the matching requests do.
  const where = filter.length === 0 ? within(range) : entryConditions(filter, range);
  return { source: SOURCES.entry, where: sql`has_entry IN (true, false) AND ${where}` };
}

/** Coarsest first, with the length of what they can tell apart. */
function rollups(scope: 'entry' | 'call'): readonly { source: Source; unit: number }[] {
  return [
    { source: SOURCES[`${scope}_hours`], unit: HOUR_MS * 1000 },
    { source: SOURCES[`${scope}_rollup`], unit: MINUTE_MS * 1000 },
  ];
}

const COUNTS = ['n', 'calls'] as const;
const NEEDS: Readonly<Record<Metric, readonly string[]>> = {
  requests: [],
  errors: ['errors'],
  error_rate: ['errors'],
  tokens: ['in_tok', 'out_tok'],
  input_tokens: ['in_tok'],
  output_tokens: ['out_tok'],
  cost: ['cost_usd', 'priced', 'unpriced'],
  unpriced: ['unpriced'],
  latency_p50: ['lat'],
  latency_p90: ['lat'],
  latency_p95: ['lat'],
  latency_p99: ['lat'],
  ttft_p50: ['ttft', 'ttft_n'],
  ttft_p95: ['ttft', 'ttft_n'],
  tokens_per_second: ['speed_tok', 'speed_ns'],
  cache_hits: ['cache_hits'],
};

function neededColumns(metrics: readonly Metric[]): string[] {
  return [...new Set([...COUNTS.slice(0, 1), ...metrics.flatMap((metric) => NEEDS[metric])])];
}
