// Where given traces lie in time, from the trace index.

import type { StoreClient } from '../client.ts';
import { sql } from '../sql.ts';

export interface TraceBounds {
  readonly trace_id: string;
  /** Microseconds of the first and the last span's start. */
  readonly t0: number;
  readonly t1: number;
  readonly spans: number;
}

export async function traceBounds(store: StoreClient, ids: readonly string[]): Promise<TraceBounds[]> {
  if (ids.length === 0) return [];
  return store.query<TraceBounds>(sql`SELECT trace_id, toUnixTimestamp64Micro(min(i.t0)) AS t0,
    toUnixTimestamp64Micro(max(i.t1)) AS t1, sum(i.spans) AS spans
    FROM trace_index AS i WHERE trace_id IN ${ids} GROUP BY trace_id`);
}
