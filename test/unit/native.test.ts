// Blocks of the Native format: what is written is read back the same, by our reader and by the real engine.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeBatch, encodeBatch, joinBatches, sliceBatch, SPANS } from '../../collector/queue/codec.ts';
import { readBlocks } from '../../collector/queue/native.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { sql } from '../../collector/store/sql.ts';
import { defaultConfig } from '../../runtime/config.ts';
import type { SpanRow } from '../../schemas/span.ts';
import { spanRow } from '../support/span-rows.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-native-'));
let store: StoreClient;

before(async () => {
  store = await StoreClient.open({ path: dir });
  await migrate(store, defaultConfig().store.retention);
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const id = (at: number) => at.toString(16).padStart(16, '0');
const TEXTS = [
  '',
  'a',
  'é',
  '語'.repeat(50),
  '😀',
  'x'.repeat(127),
  'x'.repeat(128),
  'ß'.repeat(80),
  'y'.repeat(20_000),
];

function spans(count: number): SpanRow[] {
  return Array.from({ length: count }, (_, at) =>
    spanRow({
      trace_id: id(at).repeat(2),
      span_id: id(at),
      ts: Date.now() * 1000,
      model: `model ${at}`,
      reason: TEXTS[at % TEXTS.length] ?? '',
      tags: { [`tag ${at % 300}`]: TEXTS[(at + 1) % TEXTS.length] ?? '', ['__proto__x']: 'x' },
      tools_called: at % 3 === 0 ? [] : ['search', `tool ${at % 7}`],
      duration_ns: at % 2 === 0 ? 2 ** 33 + at : at,
      cost_usd: at / 1e6,
    }),
  );
}

test('blocks say what the rows said, alone, joined and in slices', () => {
  const rows = spans(600);
  const one = encodeBatch({ spans: rows, io: [] });
  assert.deepEqual(decodeBatch(one).spans, rows);
  const joined = joinBatches(rows.map((row) => encodeBatch({ spans: [row], io: [] })));
  assert.deepEqual(decodeBatch(joined).spans, rows);
  assert.deepEqual(decodeBatch(sliceBatch(joined, 17, 311)).spans, rows.slice(17, 311));
  assert.deepEqual(
    readBlocks(joined.spans.blocks, SPANS, ['trace_id', 'span_id']).map((row) => row.span_id),
    rows.map((row) => row.span_id),
  );
});

test('the engine reads dictionaries of every width and texts of every length', async () => {
  const rows = spans(600);
  // More than 65,536 different names in one block.
  for (const [at, row] of rows.entries())
    row.attrs = Object.fromEntries(Array.from({ length: 120 }, (_, key) => [`key ${at * 120 + key}`, `${key}`]));
  await createStoreWriter(store).insert({ spans: rows, io: [] }, 'widths');
  const found = await store.query<Pick<SpanRow, 'span_id' | 'model' | 'reason' | 'attrs' | 'tags' | 'tools_called'>>(
    sql`SELECT span_id, model, reason, attrs, tags, tools_called, duration_ns, cost_usd FROM spans ORDER BY span_id`,
  );
  assert.deepEqual(
    found,
    rows.map(({ span_id, model, reason, attrs, tags, tools_called, duration_ns, cost_usd }) => {
      return { span_id, model, reason, attrs, tags, tools_called, duration_ns, cost_usd };
    }),
  );
});

test('a value that its column does not hold spoils its row and no other', () => {
  const [first, second, third] = spans(3);
  assert.ok(first && second && third);
  const bad = { ...second, in_tok: Number.NaN, attrs: { a: 7 as unknown as string } };
  const read = decodeBatch(encodeBatch({ spans: [first, bad, third], io: [] })).spans;
  assert.deepEqual([read[0], read[2]], [first, third]);
  assert.match(read[1]?.trace_id ?? '', /^[0-9a-f]{32}: attrs cannot be stored$/);
});

test('half a surrogate pair is written as what UTF-8 has for it', () => {
  const [row] = spans(1);
  assert.ok(row);
  const read = decodeBatch(encodeBatch({ spans: [{ ...row, reason: 'a\ud800', op: '\udfff' }], io: [] })).spans;
  assert.deepEqual([read[0]?.reason, read[0]?.op], ['a\ufffd', '\ufffd']);
});
