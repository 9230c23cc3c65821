// What the filter bar offers: the values of each key and how many requests have them under the present filter.

import type { Facets } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { entryConditions, spread, within, type Filter, type KEYS, type Range } from '../filter.ts';
import { join, sql, Sql } from '../sql.ts';

type FacetKey = keyof typeof KEYS;

/** One column of a request each: counted together, in one scan. */
const SCALARS = {
  status: "if(failed, 'error', toString(status))",
  outcome: 'outcome',
  route: 'route',
  team: 'team',
  key: 'key_id',
  error: 'error_type',
  http: 'http_status',
  source: 'source',
  service: 'service',
  cache: 'cache',
  stream: 'stream',
} as const satisfies Partial<Record<FacetKey, string>>;

/** Lists over the calls of a request. */
const LISTS = {
  model: 'models',
  provider: 'providers',
  deployment: 'deployments',
  op: 'ops',
} as const satisfies Partial<Record<FacetKey, string>>;

const ORDER: readonly FacetKey[] = [
  'status', 'outcome', 'route', 'model', 'provider', 'deployment', 'team', 'key', 'error', 'http', 'op', 'source',
  'service', 'cache', 'stream',
]; // prettier-ignore

const MOST_VALUES = 20;

interface Row {
  readonly key: FacetKey;
  readonly value: string;
  readonly count: number;
}

export async function facets(store: StoreClient, question: { range: Range; filter: Filter }): Promise<Facets> {
  const { range, filter } = question;
  const entries = entryConditions(filter, range);
  const asked = await Promise.all([
    store.query<Row>(scalars(entries)),
    ...Object.entries(LISTS).map(([key, column]) => store.query<Row>(listed(key, new Sql(column), { entries, range }))),
  ]);
  const rows = asked.flat();
  const found = ORDER.map((key) => ({
    key,
    values: rows
      .filter((row) => row.key === key)
      .map(({ value, count }) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)),
  }));
  return { facets: found.filter((facet) => facet.values.length > 0) };
}

/** GROUPING SETS: every row is read once and counted under each of the keys; names are made of the few groups. */
function scalars(entries: Sql): Sql {
  const names = Object.keys(SCALARS);
  const columns = Object.values(SCALARS).map((column, index) => new Sql(`${column} AS k${index}`));
  const sets = names.map((_name, index) => new Sql(`(k${index})`));
  const isSet = names.map((_name, index) => new Sql(`grouping(k${index})`));
  const values = names.map((_name, index) => new Sql(`toString(k${index})`));
  return sql`SELECT arrayElement(${names}, which) AS key, arrayElement([${join(values, ',')}], which) AS value, count FROM (
      SELECT *, indexOf([${join(isSet, ',')}], 0) AS which, count() AS count
      FROM (SELECT ${join(columns, ',')} FROM trace_parts WHERE ${entries}) GROUP BY GROUPING SETS (${join(sets, ',')})
    ) WHERE value NOT IN ('', '0') ORDER BY count DESC, value LIMIT ${MOST_VALUES} BY key`;
}

/** Calls that came without their request are counted once a trace, where the request has none of its own. */
function listed(key: string, column: Sql, { entries, range }: { entries: Sql; range: Range }): Sql {
  const loose = sql`SELECT DISTINCT trace_id, arrayJoin(${column}) AS value FROM trace_parts
    WHERE NOT has_entry AND ${within(spread(range))}
    AND trace_id IN (SELECT trace_id FROM trace_parts WHERE ${entries} AND calls = 0)`;
  return sql`SELECT ${key} AS key, toString(value) AS value, sum(n) AS count FROM (
      SELECT arrayJoin(${column}) AS value, count() AS n FROM trace_parts WHERE ${entries} GROUP BY value
      UNION ALL SELECT value, count() AS n FROM (${loose}) GROUP BY value
    ) GROUP BY value HAVING value != '' ORDER BY count DESC, value LIMIT ${MOST_VALUES}`;
}
