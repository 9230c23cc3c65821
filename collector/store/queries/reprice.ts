// Changes the cost of stored calls. Spans and the rows of requests are changed by mutations that look the new numbers up
// in a join table; the rollups, whose raw rows cannot be found again in them, get correction rows: what the spans say
// less what the rollup says. That difference is taken and written by one statement on the one writing connection, so
// that spans which arrive meanwhile are in both or in neither, and a run that was cut off is put right by the next.

import { f64, flag, text, usd } from '../../queue/types.ts';
import { columnsOf, structureOf, writeBlock, type NativeTable } from '../../queue/native.ts';
import type { StoreClient } from '../client.ts';
import { at, within, type Range } from '../filter.ts';
import { sql, Sql } from '../sql.ts';

/** A stored call as far as its price depends on it. */
export interface StoredCall {
  readonly trace_id: string;
  readonly span_id: string;
  /** Microseconds. */
  readonly time: number;
  readonly provider: string;
  readonly deployment: string;
  readonly model: string;
  readonly model_returned: string;
  readonly service_tier: string;
  readonly in_tok: number;
  readonly in_cache_read: number;
  readonly in_cache_write: number;
  readonly out_tok: number;
  readonly out_reasoning: number;
  readonly units: Record<string, number>;
  readonly host: string;
  readonly region: string;
  readonly cost_usd: number;
  readonly cost_known: boolean;
  readonly price_id: string;
}

export interface NewCost {
  /** trace_id and span_id behind one another. */
  readonly id: string;
  readonly cost_usd: number;
  readonly cost_known: boolean;
  readonly price_id: string;
  readonly saved_usd: number;
}

export interface CallsQuestion {
  readonly range: Range;
  /** '' for all. */
  readonly model: string;
  readonly after: StoredCall | undefined;
  readonly limit: number;
}

/** Calls whose cost was worked out here: what providers and other senders stated stays as they said it. */
export function repriceable(store: StoreClient, { range, model, after, limit }: CallsQuestion): Promise<StoredCall[]> {
  const behind = after
    ? sql`AND (ts, trace_id, span_id) > (${at(after.time)}, toFixedString(${after.trace_id}, 32), toFixedString(${after.span_id}, 16))`
    : sql``;
  const from = after ? { from: after.time, to: range.to } : range;
  const named = model === '' ? sql`true` : sql`${model} IN (model, model_returned)`;
  return store.query<StoredCall>(
    sql`SELECT trace_id, span_id, toUnixTimestamp64Micro(ts) AS time, provider, deployment, model, model_returned,
      service_tier, in_tok, in_cache_read, in_cache_write, out_tok, out_reasoning, units,
      attrs['server.address'] AS host, attrs['signalbox.usage.region'] AS region, cost_usd, cost_known, price_id
    FROM spans WHERE is_call AND ${within(from)} ${behind} AND ${named} AND (in_tok + out_tok > 0 OR notEmpty(units))
      AND (price_id != '' OR NOT cost_known) AND NOT endsWith(price_id, '@provider')
    ORDER BY ts, trace_id, span_id LIMIT ${limit}`,
    { seconds: 60 },
  );
}

const REPRICED: NativeTable<NewCost> = {
  guard: 'id',
  columns: { id: text, cost_usd: usd, cost_known: flag, price_id: text, saved_usd: f64 },
};

const JOINS = ['repriced', 'repriced_parts'] as const;

/** Writes new costs to spans and to the rows of their requests. The rollups are `settleRollups`' part. */
export async function applyCosts(store: StoreClient, costs: readonly NewCost[], range: Range): Promise<void> {
  const database = await prepare(store);
  const written = writeBlock(costs, REPRICED);
  await store.insert({
    table: 'repriced',
    columns: columnsOf(REPRICED),
    structure: structureOf(REPRICED),
    blocks: written,
    token: `repriced/${range.from}/${costs[0]?.id ?? ''}/${Date.now()}`,
  });
  const id = sql`concat(toString(trace_id), toString(span_id))`;
  const get = (column: string) => sql`joinGet(${`${database}.repriced`}, ${column}, ${id})`;
  await store.command(sql`ALTER TABLE spans UPDATE cost_usd = ${get('cost_usd')}, cost_known = ${get('cost_known')},
    price_id = ${get('price_id')}, saved_usd = ${get('saved_usd')}
    WHERE ${within(range)} AND is_call AND ${id} IN (SELECT id FROM ${new Sql(database)}.repriced)
    SETTINGS mutations_sync = 2`);
  await applyToParts(store, database);
  for (const table of JOINS) await store.command(sql`DROP TABLE IF EXISTS ${new Sql(table)}`);
}

/** @throws Error while a change that was cut off is still being applied */
async function prepare(store: StoreClient): Promise<string> {
  const [found] = await store.query<{ name: string; open: number }>(sql`SELECT currentDatabase() AS name,
    (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done) AS open`);
  if (found === undefined || found.open > 0) throw new Error('an earlier change of costs is still being applied');
  for (const table of JOINS) await store.command(sql`DROP TABLE IF EXISTS ${new Sql(table)}`);
  await store.command(sql`CREATE TABLE repriced (id String, cost_usd Decimal(18, 9), cost_known Bool, price_id String,
    saved_usd Float64) ENGINE = Join(ANY, LEFT, id)`);
  await store.command(sql`CREATE TABLE repriced_parts (id String, cost_usd Decimal(18, 9), priced Int64, unpriced Int64)
    ENGINE = Join(ANY, LEFT, id)`);
  return found.name;
}

/** Names one row of trace_parts: requests by their span, rows without one by what stands in them. */
const PART = sql`concat(toString(trace_id), if(has_entry, span_id,
  toString(sipHash64(ts, t_end, spans, in_tok, out_tok, models, cost_usd))))`;

/**
 * A request's row holds its own calls, the others of a trace stand in rows without a request: there the first one with
 * calls takes the difference.
 */
async function applyToParts(store: StoreClient, database: string): Promise<void> {
  const traces = sql`SELECT DISTINCT toFixedString(substring(id, 1, 32), 32) FROM repriced`;
  const [bounds] = await store.query<{ t0: number; t1: number }>(sql`SELECT toUnixTimestamp64Micro(min(i.t0)) AS t0,
    toUnixTimestamp64Micro(max(i.t1)) AS t1 FROM trace_index AS i WHERE trace_id IN (${traces})`);
  if (bounds === undefined) return;
  const time = sql`${within({ from: bounds.t0, to: bounds.t1 + 1 })} AND trace_id IN (${traces})`;
  await store.command(sql`INSERT INTO repriced_parts
    WITH entries AS (SELECT trace_id, span_id FROM trace_parts WHERE has_entry AND calls > 0 AND ${time})
    SELECT any(key) AS id, sum(cost) AS cost_usd, sum(known) AS priced, sum(unknown) AS unpriced FROM (
      SELECT trace_id, multiIf(is_entry AND (trace_id, toString(span_id)) IN entries, toString(span_id),
          (trace_id, parent_span_id) IN entries, parent_span_id, '') AS owner, '' AS row,
        if(cost_known, cost_usd, toDecimal64(0, 9)) AS cost, toInt64(cost_known) AS known,
        toInt64(NOT cost_known AND in_tok + out_tok > 0) AS unknown
      FROM spans WHERE is_call AND ${time}
      UNION ALL
      SELECT trace_id, if(has_entry, span_id, '') AS owner, ${PART} AS row, -cost_usd AS cost, -toInt64(priced) AS known,
        -toInt64(unpriced) AS unknown
      FROM trace_parts WHERE calls > 0 AND ${time}
    ) AS sums
    LEFT JOIN (
      SELECT trace_id, if(has_entry, span_id, '') AS owner, argMin(${PART}, ts) AS key FROM trace_parts
      WHERE calls > 0 AND ${time} GROUP BY trace_id, owner
    ) AS chosen USING (trace_id, owner)
    GROUP BY trace_id, owner HAVING cost_usd != 0 OR priced != 0 OR unpriced != 0`);
  const get = (column: string) => sql`joinGet(${`${database}.repriced_parts`}, ${column}, ${PART})`;
  await store.command(sql`ALTER TABLE trace_parts UPDATE cost_usd = cost_usd + ${get('cost_usd')},
    priced = toUInt32(priced + ${get('priced')}), unpriced = toUInt32(unpriced + ${get('unpriced')})
    WHERE ${within({ from: bounds.t0, to: bounds.t1 + 1 })} AND ${PART} IN (SELECT id FROM ${new Sql(database)}.repriced_parts)
    SETTINGS mutations_sync = 2`);
}

interface Rollup {
  readonly table: string;
  readonly time: string;
  /** Which of the table's rows. */
  readonly only: string;
  /** Its key, as the raw rows say it. */
  readonly keys: Readonly<Record<string, string>>;
  readonly from: string;
  readonly where: string;
  readonly sums: Readonly<Record<string, string>>;
}

const CALL_SUMS = {
  cost_usd: 'sumIf(toDecimal128(r.cost_usd, 9), r.cost_known)',
  priced: 'toInt64(countIf(r.cost_known))',
  unpriced: 'toInt64(countIf(NOT r.cost_known AND r.in_tok + r.out_tok > 0))',
};

const BILLS: Rollup = {
  table: 'usage_1h',
  time: 'hour',
  only: 'true',
  keys: {
    hour: 'toStartOfHour(r.ts)', team: 'r.team', key_id: 'r.key_id', provider: 'r.provider', model: 'r.model',
    deployment: 'r.deployment', route: 'r.route', tier: 'r.service_tier',
    prompt: "if(r.prompt_name = '', '', concat(r.prompt_name, '@', r.prompt_version))",
  },
  from: 'spans',
  where: 'r.is_call',
  sums: {
    ...CALL_SUMS,
    unpriced: 'toInt64(countIf(NOT r.cost_known AND (r.in_tok + r.out_tok > 0 OR notEmpty(r.units))))',
    unpriced_tok: 'toInt64(sumIf(r.in_tok + r.out_tok, NOT r.cost_known))',
    saved_usd: 'sum(r.saved_usd)',
  },
}; // prettier-ignore

/** Calls and requests of a rollup of routes. @param more keys that it has beside those of its time and its call */
function routes(table: string, time: Record<string, string>, more: Record<string, string>): readonly Rollup[] {
  const own = { provider: 'r.provider', model: 'r.model', deployment: 'r.deployment' };
  const none = { provider: "''", model: "''", deployment: "''" };
  const base = { table, time: Object.keys(time)[0] ?? '' };
  const entry = { cost_usd: 'sum(toDecimal128(r.cost_usd, 9))', priced: 'toInt64(sum(r.priced))', unpriced: 'toInt64(sum(r.unpriced))' };
  return [
    {
      ...base, only: "scope = 'call'", from: 'spans', where: 'r.is_call', sums: CALL_SUMS,
      keys: { ...time, scope: "'call'", ...more, ...own, route: 'r.route' },
    },
    {
      ...base, only: "scope = 'entry'", from: 'trace_parts', where: 'true', sums: entry,
      keys: { ...time, scope: "'entry'", ...more, ...none, route: 'r.route' },
    },
  ];
} // prettier-ignore

/** Every rollup that has a cost; a test looks whether there are more. */
export const COST_ROLLUPS: readonly Rollup[] = [
  BILLS,
  ...routes('route_1m', { minute: 'toStartOfMinute(r.ts)' }, {}),
  ...routes('route_1h', { hour: 'toStartOfHour(r.ts)' }, { team: 'r.team' }),
];

/** Brings every rollup's money in line with the rows behind it. @param range whole hours */
export async function settleRollups(store: StoreClient, range: Range): Promise<void> {
  for (const rollup of COST_ROLLUPS) await store.command(correction(rollup, range));
}

/** Counts are unsigned and sums wrap around: a negative correction is added as what is missing to 2^64. */
function correction({ table, time, only, keys, from, where, sums }: Rollup, range: Range): Sql {
  const names = Object.keys(keys);
  const measures = Object.keys(sums);
  const wide = (name: string) => (name.endsWith('_usd') ? name : `toInt64(${name})`);
  const raw = [...Object.entries(keys), ...Object.entries(sums)].map(
    ([name, expression]) => `${expression} AS ${name}`,
  );
  const rolled = [...names, ...measures.map((name) => `-${wide(`o.${name}`)} AS ${name}`)];
  const differs = measures.map((name) => `abs(sum(d.${name})) > ${name === 'saved_usd' ? '1e-9' : '0'}`).join(' OR ');
  const whole = measures.map((name) => (name.endsWith('_usd') ? `sum(d.${name})` : `toUInt64(sum(d.${name}))`));
  const seconds = (micros: number) => Math.floor(micros / 1e6);
  return sql`INSERT INTO ${new Sql(`${table} (${[...names, ...measures].join(', ')})`)}
    SELECT ${new Sql([...names, ...whole].join(', '))} FROM (
      SELECT ${new Sql(raw.join(', '))} FROM ${new Sql(from)} AS r WHERE ${new Sql(where)} AND ${within(range)}
      GROUP BY ${new Sql(names.join(', '))}
      UNION ALL
      SELECT ${new Sql(rolled.join(', '))} FROM ${new Sql(table)} AS o WHERE ${new Sql(only)}
        AND ${new Sql(time)} >= toDateTime(${seconds(range.from)}, 'UTC') AND ${new Sql(time)} < toDateTime(${seconds(range.to)}, 'UTC')
    ) AS d GROUP BY ${new Sql(names.join(', '))} HAVING ${new Sql(differs)}
    SETTINGS insert_deduplicate = 0`;
}
