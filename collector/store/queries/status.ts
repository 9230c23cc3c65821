// How much the store holds.

import type { StoreClient } from '../client.ts';
import { sql } from '../sql.ts';

export interface StoreSize {
  readonly disk_bytes: number;
  /** Spans. */
  readonly rows: number;
  readonly parts: number;
}

export async function storeSize(store: StoreClient): Promise<StoreSize> {
  const [row] = await store.query<StoreSize>(sql`SELECT sum(bytes_on_disk) AS disk_bytes,
    sumIf(p.rows, table = 'spans') AS rows, count() AS parts
    FROM system.parts AS p WHERE active AND database = currentDatabase()`);
  return row ?? { disk_bytes: 0, rows: 0, parts: 0 };
}
