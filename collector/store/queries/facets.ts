// What the filter bar offers: the values of each key and how many requests have them under the present filter.

import type { Facets } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { entryConditions, spread, within, type Filter, type KEYS, type Range } from '../filter.ts';
import { join, sql, Sql } from '../sql.ts';

type FacetKey = keyof typeof KEYS;

/** The columns that make a key's groups, and the values a group stands for. Columns are grouped as they are stored. */
interface FacetSpec {
  readonly columns: readonly string[];
  readonly values: string;
}

const scalar = (column: string): FacetSpec => ({ columns: [column], values: `[toString(${column})]` });
/** Whole lists are groups (there are few different ones) and fall apart into their values afterwards. */
const list = (column: string): FacetSpec => ({ columns: [column], values: `arrayMap(x -> toString(x), ${column})` });

const FACETS = {
  status: { columns: ['failed'], values: "[if(failed, 'error', 'ok')]" },
  outcome: scalar('outcome'),
  route: scalar('route'),
  model: list('models'),
  provider: list('providers'),
  deployment: list('deployments'),
  team: scalar('team'),
  key: scalar('key_id'),
  error: scalar('error_type'),
  http: scalar('http_status'),
  op: list('ops'),
  source: scalar('source'),
  service: scalar('service'),
  cache: scalar('cache'),
  stream: scalar('stream'),
} as const satisfies Partial<Record<FacetKey, FacetSpec>>;

const CALL_KEYS = ['model', 'provider', 'deployment', 'op'] as const;
const MOST_VALUES = 20;
/** Requests that are looked at, from the newest: a window of more is counted in part, and the answer says so. */
export const MOST_REQUESTS = 400_000;

interface Row {
  readonly key: FacetKey;
  readonly value: string;
  readonly count: number;
}

interface Where {
  readonly entries: Sql;
  readonly range: Range;
}

export interface FacetQuestion {
  readonly range: Range;
  readonly filter: Filter;
  readonly most?: number;
}

export async function facets(store: StoreClient, question: FacetQuestion): Promise<Facets> {
  const { filter, most = MOST_REQUESTS } = question;
  const from = await startOfNewest(store, question.range, most);
  const range = { from: from ?? question.range.from, to: question.range.to };
  const where = { entries: entryConditions(filter, range), range };
  const [own, loose] = await Promise.all([store.query<Row>(ownValues(where)), looseValues(store, where)]);
  const counts = new Map<string, Map<string, number>>();
  for (const { key, value, count } of [...own, ...loose]) {
    const values = counts.get(key) ?? new Map<string, number>();
    counts.set(key, values.set(value, (values.get(value) ?? 0) + count));
  }
  const found = Object.keys(FACETS).map((key) => ({
    key,
    values: [...(counts.get(key) ?? [])]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, MOST_VALUES),
  }));
  return { facets: found.filter((facet) => facet.values.length > 0), newest: from === undefined ? null : most };
}

/** When the oldest of the newest requests began, where there are more than `most`: by the key alone, whatever the filter. */
async function startOfNewest(store: StoreClient, range: Range, most: number): Promise<number | undefined> {
  const [bound] = await store.query<{ us: number }>(sql`SELECT toUnixTimestamp64Micro(ts) AS us FROM trace_parts
    WHERE has_entry AND ${within(range)} ORDER BY has_entry DESC, ts DESC LIMIT 1 OFFSET ${most}`);
  return bound && bound.us + 1;
}

/** GROUPING SETS: every request is read once and counted under each of the keys; names are made of the few groups. */
function ownValues({ entries }: Where): Sql {
  const names = Object.keys(FACETS);
  const specs: FacetSpec[] = Object.values(FACETS);
  const sets = specs.map(({ columns }) => new Sql(`(${columns.join(', ')})`));
  const isSet = specs.map(({ columns }) => new Sql(`grouping(${columns[0]})`));
  const values = specs.map((spec) => new Sql(spec.values));
  return sql`SELECT arrayElement(${names}, which) AS key, value, sum(n) AS count FROM (
      SELECT which, n, arrayJoin(arrayElement([${join(values, ',')}], which)) AS value FROM (
        SELECT *, indexOf([${join(isSet, ',')}], 0) AS which, count() AS n
        FROM (SELECT ${new Sql(specs.flatMap(({ columns }) => columns).join(', '))} FROM trace_parts WHERE ${entries})
        GROUP BY GROUPING SETS (${join(sets, ',')})
      )
    ) WHERE value NOT IN ('', '0') GROUP BY key, value ORDER BY count DESC LIMIT ${2 * MOST_VALUES} BY key`;
}

/** Calls that came without their request are counted once a trace, where the request has none of its own. */
async function looseValues(store: StoreClient, { entries, range }: Where): Promise<Row[]> {
  const loose = sql`FROM trace_parts WHERE NOT has_entry AND ${within(spread(range))}`;
  const [any] = await store.query<object>(sql`SELECT 1 ${loose} LIMIT 1`);
  if (!any) return [];
  const tagged = CALL_KEYS.map(
    (key) => sql`arrayMap(x -> (${key}, toString(x)), ${new Sql(FACETS[key].columns[0] ?? '')})`,
  );
  return store.query<Row>(sql`SELECT pair.1 AS key, pair.2 AS value, count() AS count FROM (
      SELECT DISTINCT trace_id, arrayJoin(arrayConcat(${join(tagged, ',')})) AS pair ${loose}
      AND trace_id IN (SELECT trace_id FROM trace_parts WHERE ${entries} AND calls = 0)
    ) WHERE value != '' GROUP BY key, value`);
}
