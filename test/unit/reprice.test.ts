// The cost of stored calls worked out again: spans, requests and every rollup say the same afterwards, what senders
// stated stays, and doing it twice changes nothing.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { reprice } from '../../collector/billing/reprice.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { COST_ROLLUPS } from '../../collector/store/queries/reprice.ts';
import { sql } from '../../collector/store/sql.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { isModelCall, type SpanRow } from '../../schemas/span.ts';
import { agentRows, Dice, requestRows, spanRow } from '../support/span-rows.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-reprice-'));
const HOUR = 3_600_000_000;
const NOW = Math.floor(Date.now() / 3_600_000) * HOUR;
const range = { from: NOW - 72 * HOUR, to: NOW };
const rows: SpanRow[] = [];
let store: StoreClient;

/** Prices that make sums easy: one dollar a million tokens of input, two of output. */
const prices = {
  'openai/gpt-5': { input: 1, output: 2 },
  'openai/gpt-5-2026': { input: 1, output: 2 },
  'local/llama-3.3-70b': { input: 10, output: 20 },
};

before(async () => {
  store = await StoreClient.open({ path: dir });
  await migrate(store, defaultConfig().store.retention);
  const writer = createStoreWriter(store);
  const dice = new Dice(11);
  const late: SpanRow[] = [];
  for (let index = 0; index < 10; index++) {
    const spans = Array.from({ length: 40 }, () => requestRows(dice, NOW - HOUR - dice.upTo(60 * HOUR))).flat();
    const agent = agentRows(dice, NOW - HOUR - dice.upTo(60 * HOUR));
    // One call of every batch comes after its request, the agents' last spans as well.
    spans.push(...late.splice(0), ...agent.slice(0, -2));
    late.push(...agent.slice(-2), ...spans.splice(1, 1));
    rows.push(...spans);
    await writer.insert({ spans, io: [] }, `batch-${index}`);
  }
  const stated = spanRow({
    ts: NOW - 2 * HOUR, trace_id: dice.hex(32), span_id: dice.hex(16), is_root: true, is_entry: true, kind: 'client', op: 'chat',
    provider: 'openai', model: 'gpt-5', in_tok: 1000, out_tok: 10, cost_usd: 7, cost_known: true,
    price_id: 'openai/gpt-5@provider',
  }); // prettier-ignore
  rows.push(...late, stated);
  await writer.insert({ spans: [...late, stated], io: [] }, 'late');
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Money {
  readonly cost: string;
  readonly priced: number;
  readonly unpriced: number;
}

async function money(): Promise<Record<string, Money>> {
  const sums = sql`toString(sum(cost_usd)) AS cost, toUInt64(sum(priced)) AS priced, toUInt64(sum(unpriced)) AS unpriced`;
  const tables = {
    spans: sql`SELECT toString(sumIf(cost_usd, cost_known)) AS cost, countIf(cost_known) AS priced,
      countIf(NOT cost_known AND in_tok + out_tok > 0) AS unpriced FROM spans WHERE is_call`,
    parts: sql`SELECT ${sums} FROM trace_parts`,
    calls: sql`SELECT ${sums} FROM route_1m WHERE scope = 'call'`,
    entries: sql`SELECT ${sums} FROM route_1m WHERE scope = 'entry'`,
    longCalls: sql`SELECT ${sums} FROM route_1h WHERE scope = 'call'`,
    longEntries: sql`SELECT ${sums} FROM route_1h WHERE scope = 'entry'`,
    hours: sql`SELECT ${sums} FROM usage_1h`,
  };
  const found: Record<string, Money> = {};
  for (const [name, question] of Object.entries(tables)) {
    const [row] = await store.query<Money>(question);
    assert.ok(row);
    found[name] = { ...row, cost: Number(row.cost).toFixed(9) };
  }
  return found;
}

function allEqual(found: Record<string, Money>): Money {
  const [first, ...others] = Object.values(found);
  assert.ok(first);
  for (const other of others) assert.deepEqual(other, first, JSON.stringify(found));
  return first;
}

/** What the rows should cost after the prices above: by hand. */
function byHand(): Money {
  const money = { cost: 0, priced: 0, unpriced: 0 };
  for (const row of rows.filter((each) => isModelCall(each))) {
    const cost = costByHand(row);
    if (cost !== undefined) money.cost += cost;
    if (cost !== undefined) money.priced++;
    else if (row.in_tok + row.out_tok > 0) money.unpriced++;
  }
  return { ...money, cost: money.cost.toFixed(9) };
}

const LISTED: Readonly<Record<string, readonly [input: number, read: number, output: number]>> = {
  'gpt-5-mini': [0.25, 0.025, 2],
  'gpt-5': [1, 1, 2],
  'claude-haiku-4-5': [1, 0.1, 5],
  'llama-3.3-70b': [10, 10, 20],
};

function costByHand(row: SpanRow): number | undefined {
  // Of another sender that stated it, or of the provider itself.
  if (row.cost_known && (row.price_id === '' || row.price_id.endsWith('@provider'))) return row.cost_usd;
  const rates = LISTED[row.model];
  if (rates === undefined || row.in_tok + row.out_tok === 0) return undefined;
  const [input, read, output] = rates;
  const micros = (row.in_tok - row.in_cache_read) * input + row.in_cache_read * read + row.out_tok * output;
  return Math.round(micros * 1000) / 1e9;
}

test('a dry run says what would change, and changes nothing', async () => {
  const before = allEqual(await money());
  const report = await reprice(store, { prices, range, model: '', dryRun: true });
  assert.deepEqual(allEqual(await money()), before);
  assert.ok(report.dry_run && report.changed > 0 && report.calls >= report.changed);
  const llama = report.models.find((each) => each.model === 'llama-3.3-70b');
  assert.ok(llama && llama.old_unpriced === llama.calls && llama.new_unpriced === 0 && llama.old_usd === 0);
  assert.deepEqual(llama.price_ids, ['local/llama-3.3-70b@config']);
});

test('spans, requests and rollups have the new cost, to the nano-dollar', async () => {
  const report = await reprice(store, { prices, range, model: '', dryRun: false });
  assert.ok(report.changed > 0);
  assert.deepEqual(allEqual(await money()), byHand());
  const keyed = await store.query<{ off: number }>(sql`SELECT count() AS off FROM (
    SELECT hour, team, key_id, provider, model, sum(c) AS d FROM (
      SELECT toStartOfHour(ts) AS hour, team, key_id, provider, model, toDecimal128(cost_usd, 9) AS c FROM spans WHERE is_call AND cost_known
      UNION ALL SELECT hour, team, key_id, provider, model, -cost_usd AS c FROM usage_1h
    ) GROUP BY ALL HAVING d != 0)`);
  assert.equal(keyed[0]?.off, 0, 'by hour, team, key, provider and model as well');
  const requests = await store.query<{ off: number }>(sql`SELECT count() AS off FROM (
    SELECT trace_id, sum(c) AS d FROM (
      SELECT trace_id, toDecimal128(cost_usd, 9) AS c FROM spans WHERE is_call AND cost_known
      UNION ALL SELECT trace_id, -toDecimal128(cost_usd, 9) AS c FROM trace_parts
    ) GROUP BY trace_id HAVING d != 0)`);
  assert.equal(requests[0]?.off, 0, 'and by trace');
});

test('the same again changes nothing; there and back is where it began', async () => {
  const now = allEqual(await money());
  assert.equal((await reprice(store, { prices, range, model: '', dryRun: false })).changed, 0);
  assert.deepEqual(allEqual(await money()), now);
  for (let turn = 0; turn < 2; turn++) {
    await reprice(store, { prices: {}, range, model: 'llama-3.3-70b', dryRun: false });
    const without = allEqual(await money());
    assert.ok(without.unpriced > now.unpriced && Number(without.cost) < Number(now.cost));
    await reprice(store, { prices, range, model: 'llama-3.3-70b', dryRun: false });
    assert.deepEqual(allEqual(await money()), now);
  }
});

test('rollups that a cut-off run left behind are put right by the next', async () => {
  const now = allEqual(await money());
  await store.command(sql`INSERT INTO usage_1h (hour, team, model, cost_usd, priced) VALUES (toDateTime(${(NOW - 5 * HOUR) / 1e6}), 'x', 'y', 3, 1)`); // prettier-ignore
  await reprice(store, { prices, range, model: '', dryRun: false });
  assert.deepEqual(allEqual(await money()), now);
});

test('every table with money is one that a new price reaches', async () => {
  const tables = await store.query<{ table: string }>(sql`SELECT DISTINCT table FROM system.columns
    WHERE database = currentDatabase() AND name = 'cost_usd' AND NOT endsWith(table, '_mv') ORDER BY table`);
  const reached = new Set(['spans', 'trace_parts', ...COST_ROLLUPS.map((rollup) => rollup.table)]);
  assert.deepEqual(tables.map(({ table }) => table), [...reached].sort()); // prettier-ignore
});
