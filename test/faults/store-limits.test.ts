// Faults H09 and H10 of the catalogue on the real engine: heavy questions beside the stream of spans, a migration that
// was interrupted, and data that a newer version wrote.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startCollector } from '../../collector/main.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate, readMigrations } from '../../collector/store/migrate.ts';
import { recentSpanIds } from '../../collector/store/queries/recent.ts';
import { sql, Sql } from '../../collector/store/sql.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { otlpRequest, otlpSpan, silent, startIngest } from '../support/ingest.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-limits-'));
const config = defaultConfig();
const { retention } = config.store;
let store: StoreClient;

before(async () => {
  store = await StoreClient.open({ path: join(dir, 'collector', 'store') });
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const count = async () =>
  (await store.query<{ spans: number }>(sql`SELECT count() AS spans FROM spans`))[0]?.spans ?? -1;

test('H10 a migration that broke off runs again, and again changes nothing', async () => {
  const all = readMigrations(join(import.meta.dirname, '../../schemas/sql'), retention).flatMap(
    (each) => each.statements,
  );
  for (const statement of all.slice(0, all.length >> 1)) await store.command(new Sql(statement));
  await migrate(store, retention);
  await migrate(store, retention);
  assert.equal(await count(), 0);
});

test('H09 heavy questions end at their limit, and spans are stored meanwhile', async () => {
  const dataDir = join(dir, 'queue');
  await using ingest = await startIngest({
    dir: dataDir,
    store: { ...createStoreWriter(store), recentSpanIds: (since: number) => recentSpanIds(store, since) } as never,
  });
  let over = 0;
  const heavy = Array.from({ length: 3 }, () =>
    store.query(sql`SELECT sum(cityHash64(number)) FROM numbers(100000000000)`, { seconds: 3 }).finally(() => over++),
  );
  const settled = Promise.allSettled(heavy);
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan(), otlpSpan()]))).status, 200);
  await ingest.pipeline.flush();
  assert.equal(over, 0, 'the spans were stored while the questions still ran');
  for (const result of await settled) {
    assert.equal(result.status, 'rejected');
    assert.equal((result as PromiseRejectedResult).reason.name, 'QueryLimitError');
  }
  assert.equal(await count(), 2);
});

test('H10 data of a newer version is refused in one sentence, and untouched', async () => {
  await store.command(sql`INSERT INTO migrations (version, name) VALUES (9999, 'from the future')`);
  await store.close();
  const listen = { ...config, collector: { ...config.collector, listen: '127.0.0.1:0' } };
  await assert.rejects(
    startCollector({ config: listen, dataDir: dir, log: silent }),
    /^StoreOpenError: the store was written by a newer Signalbox \(schema 9999, this version knows \d+\): start that version, or another data directory$/,
  );
  store = await StoreClient.open({ path: join(dir, 'collector', 'store') });
  assert.equal(await count(), 2);
});
