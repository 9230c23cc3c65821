// What calls cost and used, by any dimension of a bill. Most stand in the hourly rollup; users and tags only in spans.

import type { CostLine, CostSums, UnpricedUsage, UsageLine } from '../../../schemas/api.ts';
import type { CostDay } from '../../billing/forecast.ts';
import type { StoreClient } from '../client.ts';
import { within, type Range } from '../filter.ts';
import { join, sql, Sql, type SqlValue } from '../sql.ts';

/** Lines of one answer; what is beyond them is one line more. */
const MOST_LINES = 50;
const SECONDS = 30;

interface SumsRow {
  readonly grp: string;
  readonly bucket: number;
  readonly whole: 0 | 1;
  readonly calls: number;
  readonly in_tok: number;
  readonly in_cache_read: number;
  readonly in_cache_write: number;
  readonly out_tok: number;
  readonly out_reasoning: number;
  readonly cost: number;
  readonly priced: number;
  readonly saved: number;
  readonly unpriced: number;
  readonly unpriced_tok: number;
  readonly estimated: number;
}

const HOURLY: Readonly<Record<string, string>> = {
  provider: 'provider', deployment: 'deployment', model: 'model', route: 'route', team: 'team', key: 'key_id',
  prompt: 'prompt', tier: 'tier',
}; // prettier-ignore

const ROLLED = new Sql(`sum(t.n) AS calls, sum(t.in_tok) AS in_tok, sum(t.in_cache_read) AS in_cache_read,
  sum(t.in_cache_write) AS in_cache_write, sum(t.out_tok) AS out_tok, sum(t.out_reasoning) AS out_reasoning,
  toFloat64(sum(t.cost_usd)) AS cost, sum(t.priced) AS priced, sum(t.saved_usd) AS saved, sum(t.unpriced) AS unpriced,
  sum(t.unpriced_tok) AS unpriced_tok, sum(t.estimated) AS estimated`);

const COUNTED = new Sql(`count() AS calls, sum(t.in_tok) AS in_tok, sum(t.in_cache_read) AS in_cache_read,
  sum(t.in_cache_write) AS in_cache_write, sum(t.out_tok) AS out_tok, sum(t.out_reasoning) AS out_reasoning,
  toFloat64(sumIf(t.cost_usd, t.cost_known)) AS cost, countIf(t.cost_known) AS priced, sum(t.saved_usd) AS saved,
  countIf(NOT t.cost_known AND (t.in_tok + t.out_tok > 0 OR notEmpty(t.units))) AS unpriced,
  sumIf(t.in_tok + t.out_tok, NOT t.cost_known) AS unpriced_tok, countIf(t.usage_source = 'estimated') AS estimated`);

interface Source {
  readonly table: Sql;
  readonly time: Sql;
  readonly group: Sql;
  readonly sums: Sql;
  readonly where: Sql;
}

function sourceOf(by: string, range: Range): Source {
  const column = HOURLY[by];
  if (column !== undefined) {
    const [table, time] = [sql`usage_1h`, sql`hour`];
    return { table, time, group: new Sql(`t.${column}`), sums: ROLLED, where: hours(range) };
  }
  const group = by === 'user' ? sql`t.user_id` : sql`t.tags[${by.slice('tag.'.length)}]`;
  return { table: sql`spans`, time: sql`ts`, group, sums: COUNTED, where: sql`is_call AND ${within(range)}` };
}

/** Whether a dimension lives as long as the rollups do, or only as long as spans. */
export const isRolledUp = (by: string): boolean => HOURLY[by] !== undefined;

const seconds = (micros: number): number => Math.floor(micros / 1e6);
const hours = ({ from, to }: Range): Sql =>
  sql`hour >= toDateTime(${seconds(from)}, 'UTC') AND hour < toDateTime(${seconds(to)}, 'UTC')`;

export interface CostQuestion {
  readonly by: string;
  /** Whole steps. */
  readonly range: Range;
  /** Milliseconds. */
  readonly step: number;
}

/** The whole, and its parts by a dimension: the largest ones and the rest as one. */
export async function costLines(
  store: StoreClient,
  question: CostQuestion,
): Promise<{ total: CostLine; lines: CostLine[] }> {
  const { range, step } = question;
  const source = sourceOf(question.by, range);
  const from = range.from / 1000;
  const bucket = sql`${from} + intDiv(toUnixTimestamp64Milli(toDateTime64(${source.time}, 3, 'UTC')) - ${from}, ${step}) * ${step}`;
  const ask = (group: Sql, rest: Sql) =>
    store.query<SumsRow>(
      sql`SELECT ${group} AS grp, ${bucket} AS bucket, grouping(bucket) AS whole, ${source.sums}
        FROM ${source.table} AS t WHERE ${source.where} ${rest}`,
      { seconds: SECONDS },
    );
  const sets = sql`GROUP BY GROUPING SETS ((bucket, grp), (grp))`;
  const top = await store.query<{ grp: string }>(
    sql`SELECT toString(${source.group}) AS grp, ${source.sums} FROM ${source.table} AS t WHERE ${source.where}
      GROUP BY grp ORDER BY cost DESC, calls DESC, grp LIMIT ${MOST_LINES}`,
    { seconds: SECONDS },
  );
  const names = top.map(({ grp }) => grp);
  const [all, parts] = await Promise.all([
    ask(sql`''`, sets),
    names.length === 0
      ? []
      : ask(sql`toString(${source.group})`, sql`AND toString(${source.group}) IN ${names} ${sets}`),
  ]);
  const total = lineOf('', all, question);
  const lines = names.map((name) => lineOf(name, parts.filter(({ grp }) => grp === name), question)); // prettier-ignore
  const rest = restOf(total, lines);
  return { total, lines: rest === undefined ? lines : [...lines, rest] };
}

function lineOf(group: string, rows: readonly SumsRow[], { range, step }: CostQuestion): CostLine {
  const whole = rows.find((row) => row.whole === 1);
  const steps = new Map(rows.filter((row) => row.whole === 0).map((row) => [row.bucket, row]));
  const points: [number, number | null][] = [];
  for (let time = range.from / 1000; time < range.to / 1000; time += step) {
    const row = steps.get(time);
    points.push([time, row === undefined ? 0 : costOf(row)]);
  }
  return { group, ...sumsOf(whole), points };
}

/** No calls cost nothing; calls of which none has a price cost nobody knows what. */
const costOf = (row: SumsRow): number | null => (row.priced === 0 && row.unpriced > 0 ? null : nanos(row.cost));

function sumsOf(row: SumsRow | undefined): CostSums {
  if (row === undefined) return NOTHING;
  const { calls, in_tok, in_cache_read, in_cache_write, out_tok, out_reasoning, unpriced, unpriced_tok, estimated } =
    row;
  const tokens = { in_tok, in_cache_read, in_cache_write, out_tok, out_reasoning };
  const money = { cost_usd: costOf(row), cache_saved_usd: nanos(row.saved) };
  return { calls, ...tokens, ...money, unpriced, unpriced_tok, estimated };
}

const NOTHING: CostSums = {
  calls: 0, in_tok: 0, in_cache_read: 0, in_cache_write: 0, out_tok: 0, out_reasoning: 0, cost_usd: null,
  cache_saved_usd: 0, unpriced: 0, unpriced_tok: 0, estimated: 0,
}; // prettier-ignore

/** What the lines leave of the whole; undefined where that is nothing. */
function restOf(total: CostLine, lines: readonly CostLine[]): CostLine | undefined {
  const left = (name: keyof CostSums): number =>
    lines.reduce((rest, line) => rest - (line[name] ?? 0), total[name] ?? 0);
  if (left('calls') <= 0) return undefined;
  const names = Object.keys(NOTHING) as (keyof CostSums)[];
  const sums = Object.fromEntries(names.map((name) => [name, nanos(left(name))])) as unknown as CostSums;
  const points = total.points.map(([time, usd], at): readonly [number, number | null] => [
    time,
    nanos(lines.reduce((rest, line) => rest - (line.points[at]?.[1] ?? 0), usd ?? 0)),
  ]);
  return { group: null, ...sums, points };
}

/** What was used and has no price, most calls first. */
export async function unpricedUsage(store: StoreClient, range: Range): Promise<UnpricedUsage[]> {
  const rows = await store.query<Omit<UnpricedUsage, 'config'>>(
    sql`SELECT provider, model, count() AS calls, sum(s.in_tok) AS in_tok, sum(s.out_tok) AS out_tok FROM spans AS s
      WHERE is_call AND NOT cost_known AND ${within(range)} AND (s.in_tok + s.out_tok > 0 OR notEmpty(units))
      GROUP BY provider, model ORDER BY calls DESC, provider, model LIMIT 100`,
    { seconds: SECONDS },
  );
  return rows.map((row) => ({ ...row, config: `${row.provider}/${row.model}: { input: …, output: … }` }));
}

/** Cost of each day (UTC), for a forecast. */
export async function costDays(store: StoreClient, range: Range): Promise<CostDay[]> {
  return store.query<CostDay>(sql`SELECT toUnixTimestamp(toStartOfDay(hour)) * 1000 AS time, toFloat64(sum(t.cost_usd)) AS usd
    FROM usage_1h AS t WHERE ${hours(range)} GROUP BY time ORDER BY time`);
}

/** Days by provider, deployment and model: what bills are compared with. @param provider '' for all */
export async function usageLines(store: StoreClient, range: Range, provider: string): Promise<UsageLine[]> {
  const only: SqlValue | Sql = provider === '' ? sql`true` : sql`${provider} IN (provider, deployment)`;
  const rows = await store.query<SumsRow & Pick<UsageLine, 'day' | 'provider' | 'deployment' | 'model'>>(
    sql`SELECT toString(toDate(hour)) AS day, provider, deployment, model, ${ROLLED} FROM usage_1h AS t
      WHERE ${join([hours(range), only], 'AND')} GROUP BY day, provider, deployment, model
      ORDER BY day, provider, deployment, model`,
    { seconds: SECONDS },
  );
  return rows.map((row) => ({
    day: row.day, provider: row.provider, deployment: row.deployment, model: row.model, ...sumsOf(row),
  })); // prettier-ignore
}

const nanos = (usd: number): number => Math.round(usd * 1e9) / 1e9;
