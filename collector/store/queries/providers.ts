// Latency and errors of each deployment over time, from the minute rollup.

import type { ProviderCell, ProviderHealth } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import type { Range } from '../filter.ts';
import { sql } from '../sql.ts';

interface Row {
  readonly provider: string;
  readonly deployment: string;
  readonly bucket: number;
  readonly whole: 0 | 1;
  readonly models: readonly string[];
  readonly n: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly rate_limited: number;
  readonly lat: readonly number[];
  readonly ttft_n: number;
  readonly ttft: readonly number[];
  readonly in_tok: number;
  readonly out_tok: number;
  readonly cost: number;
  readonly priced: number;
  readonly unpriced: number;
}

const LEVELS = sql`(0.5, 0.9, 0.95, 0.99)`;

/** @param range whole steps. @param step milliseconds, whole minutes */
export async function providerHealth(store: StoreClient, range: Range, step: number): Promise<ProviderHealth[]> {
  const from = range.from / 1000;
  const rows = await store.query<Row>(
    sql`SELECT provider, deployment,
      ${from} + intDiv(toUnixTimestamp(minute) * 1000 - ${from}, ${step}) * ${step} AS bucket, grouping(bucket) AS whole,
      arraySort(groupUniqArray(50)(model)) AS models, sum(t.n) AS n, sum(t.errors) AS errors, sum(t.timeouts) AS timeouts,
      sum(t.rate_limited) AS rate_limited, quantilesTDigestMerge${LEVELS}(t.lat) AS lat, sum(t.ttft_n) AS ttft_n,
      quantilesTDigestMerge${LEVELS}(t.ttft) AS ttft, sum(t.in_tok) AS in_tok, sum(t.out_tok) AS out_tok,
      toFloat64(sum(t.cost_usd)) AS cost, sum(t.priced) AS priced, sum(t.unpriced) AS unpriced
    FROM route_1m AS t WHERE scope = 'call' AND minute >= toDateTime(${Math.floor(range.from / 1e6)}, 'UTC')
      AND minute < toDateTime(${Math.ceil(range.to / 1e6)}, 'UTC')
    GROUP BY GROUPING SETS ((provider, deployment, bucket), (provider, deployment))
    ORDER BY provider, deployment, bucket`,
    { seconds: 30 },
  );
  return rows.filter((row) => row.whole === 1 && row.n > 0).map((row) => healthOf(row, rows, { range, step }));
}

function healthOf(whole: Row, rows: readonly Row[], { range, step }: { range: Range; step: number }): ProviderHealth {
  const own = rows.filter(
    (row) => row.whole === 0 && row.provider === whole.provider && row.deployment === whole.deployment,
  );
  const cells = new Map(own.map((row) => [row.bucket, row]));
  const { provider, deployment, models, errors, timeouts, rate_limited, in_tok, out_tok, unpriced } = whole;
  const times: number[] = [];
  for (let time = range.from / 1000; time < range.to / 1000; time += step) times.push(time);
  return {
    provider,
    deployment,
    models: models.filter((model) => model !== ''),
    calls: whole.n,
    errors,
    timeouts,
    rate_limited,
    ...latencies(whole),
    in_tok,
    out_tok,
    cost_usd: whole.priced === 0 ? null : Math.round(whole.cost * 1e9) / 1e9,
    unpriced,
    cells: times.map((time) => cellOf(time, cells.get(time))),
  };
}

function cellOf(time: number, row: Row | undefined): ProviderCell {
  if (row === undefined || row.n === 0)
    return { time, calls: 0, error_rate: null, latency_p50: null, latency_p95: null, ttft_p50: null };
  return { time, calls: row.n, error_rate: row.errors / row.n, ...latencies(row) };
}

function latencies({ n, lat, ttft_n, ttft }: Row) {
  const known = (value: number | undefined, samples: number) => (samples > 0 && value !== undefined ? value : null);
  return { latency_p50: known(lat[0], n), latency_p95: known(lat[2], n), ttft_p50: known(ttft[0], ttft_n) };
}
