// What the filter bar offers: the values of each key and how many requests have them under the present filter.

import type { Facets } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { entryConditions, KEYS, within, type Filter, type Range } from '../filter.ts';
import { join, sql, Sql } from '../sql.ts';

const FACET_KEYS = [
  'status', 'outcome', 'route', 'model', 'provider', 'deployment', 'team', 'key', 'error', 'http', 'op', 'source',
  'service', 'cache', 'stream',
] as const; // prettier-ignore

const MOST_VALUES = 20;

interface Row {
  readonly key: (typeof FACET_KEYS)[number];
  readonly value: string;
  readonly count: number;
}

export async function facets(store: StoreClient, question: { range: Range; filter: Filter }): Promise<Facets> {
  const entries = entryConditions(question.filter, question.range);
  const questions = FACET_KEYS.map((key) => facetOf(key, entries, question.range));
  const rows = await store.query<Row>(join(questions, 'UNION ALL'));
  const found = FACET_KEYS.map((key) => ({
    key,
    values: rows
      .filter((row) => row.key === key)
      .map(({ value, count }) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)),
  }));
  return { facets: found.filter((facet) => facet.values.length > 0) };
}

function facetOf(key: Row['key'], entries: Sql, range: Range): Sql {
  const spec = KEYS[key];
  const column = new Sql(spec.entry);
  const top = sql`GROUP BY value HAVING value NOT IN ('', '0') ORDER BY count DESC, value LIMIT ${MOST_VALUES}`;
  if (!('list' in spec && spec.list)) {
    return sql`(SELECT ${key} AS key, toString(${column}) AS value, count() AS count FROM trace_parts WHERE ${entries} ${top})`;
  }
  // Calls that came without their request: counted once a trace, and only where the request has none of its own.
  const loose = sql`SELECT DISTINCT trace_id, toString(arrayJoin(${column})) AS value FROM trace_parts
    WHERE NOT has_entry AND ${within({ from: range.from, to: range.to + 86_400_000_000 })}
    AND trace_id IN (SELECT trace_id FROM trace_parts WHERE ${entries} AND calls = 0)`;
  return sql`(SELECT ${key} AS key, value, sum(n) AS count FROM (
    SELECT toString(arrayJoin(${column})) AS value, count() AS n FROM trace_parts WHERE ${entries} GROUP BY value
    UNION ALL SELECT value, count() AS n FROM (${loose}) GROUP BY value) ${top})`;
}
