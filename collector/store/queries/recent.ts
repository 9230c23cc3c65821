// Ids of the spans that arrived lately: what the receiver's memory of duplicates is rebuilt from at a start.

import type { StoreClient } from '../client.ts';
import { sql } from '../sql.ts';

const MAX_IDS = 1_000_000;
const PAGE = 100_000;

/** trace_id + span_id of spans received since then, in pages. */
export async function* recentSpanIds(store: StoreClient, sinceMs: number): AsyncIterable<string> {
  for (let offset = 0; offset < MAX_IDS; offset += PAGE) {
    const rows = await store.query<{ id: string }>(sql`SELECT concat(trace_id, span_id) AS id FROM spans
      WHERE ts_received >= fromUnixTimestamp64Milli(${Math.floor(sinceMs)}, 'UTC')
      ORDER BY ts_received DESC, id LIMIT ${PAGE} OFFSET ${offset}`);
    for (const row of rows) yield row.id;
    if (rows.length < PAGE) return;
  }
}
