// Brings the database to this version's schema: schemas/sql/NNNN_name.sql in order, each once. Every statement is
// idempotent and a file counts as applied only when all of it ran, so that an interrupted migration simply runs again.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../schemas/config.ts';
import type { StoreClient } from './client.ts';
import { StoreOpenError } from './errors.ts';
import { sql, Sql } from './sql.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

type Retention = Config['store']['retention'];

const SQL_DIR = join(import.meta.dirname, '../../schemas/sql');

/** Tables whose age is bounded, with the column of their age and the part of the retention that bounds it. */
const TTL = {
  spans: ['toDateTime(ts)', 'spans'],
  trace_index: ['day', 'spans'],
  trace_parts: ['toDateTime(ts)', 'spans'],
  span_io: ['toDateTime(ts)', 'payloads'],
  route_1m: ['minute', 'rollups'],
  route_1h: ['hour', 'rollups'],
  usage_1h: ['hour', 'rollups'],
  dist_1h: ['hour', 'rollups'],
  scores: ['toDateTime(ts)', 'rollups'],
} as const satisfies Record<string, readonly [string, keyof Retention]>;

/** @throws StoreOpenError when the data was written by a newer version */
export async function migrate(store: StoreClient, retention: Retention): Promise<void> {
  const migrations = readMigrations(SQL_DIR, retention);
  await store.command(sql`CREATE TABLE IF NOT EXISTS migrations (version UInt32, name String, applied DateTime DEFAULT now())
    ENGINE = MergeTree ORDER BY version`);
  const applied = await store.query<{ version: number }>(sql`SELECT DISTINCT version FROM migrations ORDER BY version`);
  const newest = migrations.at(-1)?.version ?? 0;
  const found = applied.at(-1)?.version ?? 0;
  if (found > newest) {
    throw new StoreOpenError(
      `the store was written by a newer Signalbox (schema ${found}, this version knows ${newest}): start that version, or another data directory`,
    );
  }
  const done = new Set(applied.map((row) => row.version));
  for (const migration of migrations) {
    if (done.has(migration.version)) continue;
    for (const statement of migration.statements) await store.command(new Sql(statement));
    await store.command(sql`INSERT INTO migrations (version, name) VALUES (${migration.version}, ${migration.name})`);
  }
  await keepRetention(store, retention);
}

/** Reads the numbered files and fills in their placeholders: {engine:NAME}, {ttl:KIND} (seconds), {partition:KIND}. */
export function readMigrations(dir: string, retention: Retention): Migration[] {
  const files = readdirSync(dir).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file));
  return files.sort().map((file) => {
    const text = readFileSync(join(dir, file), 'utf8')
      .replace(/\{engine:(\w+(?:\([^)]*\))?)\}/g, '$1')
      .replace(/\{partition:(\w+)\}/g, (_all, kind: keyof Retention) => partitionOf(retention[kind]))
      .replace(/\{ttl:(\w+)\}/g, (_all, kind: keyof Retention) => String(seconds(retention[kind])));
    const statements = text
      .split(/;\s*\n/)
      .map((statement) => statement.replace(/^\s*--.*\n/gm, '').trim())
      .filter(Boolean);
    return { version: Number(file.slice(0, 4)), name: file.slice(5, -4), statements };
  });
}

/** A retention that changed in the config since the tables were made. */
async function keepRetention(store: StoreClient, retention: Retention): Promise<void> {
  const tables = await store.query<{ name: string; ddl: string }>(
    sql`SELECT name, create_table_query AS ddl FROM system.tables WHERE database = currentDatabase()`,
  );
  for (const { name, ddl } of tables) {
    const rule = (TTL as Record<string, (typeof TTL)[keyof typeof TTL] | undefined>)[name];
    if (!rule) continue;
    const [age, kind] = rule;
    const now = Number(/ TTL .*?toIntervalSecond\((\d+)\)/.exec(ddl)?.[1]);
    if (now === seconds(retention[kind])) continue;
    await store.command(
      new Sql(`ALTER TABLE ${name} MODIFY TTL ${age} + toIntervalSecond(${seconds(retention[kind])})`),
    );
  }
}

/** Parts are dropped whole, so a short retention wants short partitions; for a long one a week more or less is little. */
function partitionOf(retentionMs: number): 'toDate' | 'toMonday' {
  return retentionMs < 13 * 86_400_000 ? 'toDate' : 'toMonday';
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);
