// The way in and the real engine together: whatever strangers send fits its columns, and what does not is set aside.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { StoreWriter } from '../../collector/component.ts';
import { createProcessors } from '../../collector/processors/index.ts';
import { encodeBatch } from '../../collector/queue/codec.ts';
import { Wal } from '../../collector/queue/wal.ts';
import { QueueWriter } from '../../collector/queue/writer.ts';
import * as json from '../../collector/receivers/otlp-json.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { sql } from '../../collector/store/sql.ts';
import { ATTR } from '../../schemas/attributes.ts';
import { configSchema } from '../../schemas/config.ts';
import { otlpAttributes, otlpRequest, otlpSpan, silent, startIngest } from '../support/ingest.ts';

async function withStore(use: (store: StoreClient, dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-ingest-store-'));
  const store = await StoreClient.open({ path: join(dir, 'store'), url: undefined });
  try {
    await migrate(store, configSchema.parse({}).store.retention);
    await use(store, dir);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function counted(store: StoreClient, table: 'spans' | 'span_io'): Promise<[rows: number, ids: number]> {
  const question =
    table === 'spans'
      ? sql`SELECT count() AS n, uniqExact(span_id) AS ids FROM spans`
      : sql`SELECT count() AS n, uniqExact(span_id) AS ids FROM span_io`;
  const [row] = await store.query<{ n: number; ids: number }>(question);
  return [row?.n ?? 0, row?.ids ?? 0];
}

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('\u0000', '\uD800', 'x\uDFFF', '"', '\\', '\n', '{"a":', '[1]', '[{"role":"user","content":"hi"}]'),
  fc.constantFrom('true', '1e400', '-1', 'NaN', '9'.repeat(40), '😀'.repeat(100), '\u2028', 'a'.repeat(3000)),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const { value: oddValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.record({ stringValue: oddText }),
    fc.record({ intValue: fc.oneof(int64, fc.integer()) }),
    fc.record({ doubleValue: fc.oneof(fc.double(), fc.constantFrom('NaN', 'Infinity', null)) }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 4 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: oddText, value: tie('value') }), { maxLength: 4 }),
      }),
    }),
  ),
}));
const OLD_KEYS = [
  'gen_ai.system',
  'gen_ai.usage.cost',
  'gen_ai.prompt',
  'gen_ai.prompt.0.content',
  'gen_ai.completion',
];
const ODD_KEYS = ['__proto__', '', 'a\u0000b', 'signalbox.tag.x', 'signalbox.tag.__proto__', 'signalbox.tag.'];
const oddKey = fc.oneof(fc.constantFrom(...Object.values(ATTR), ...OLD_KEYS, ...ODD_KEYS), oddText);
const oddAttributes = fc.array(fc.record({ key: oddKey, value: oddValue }), { maxLength: 30 });
const anyTime = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), fc.constant(`${Date.now()}000000`));
const EVENTS = ['gen_ai.choice', 'gen_ai.user.message', 'exception'];
const oddSpan = fc.record({
  name: oddText,
  kind: fc.integer({ min: -3, max: 9 }),
  startTimeUnixNano: anyTime,
  endTimeUnixNano: anyTime,
  attributes: oddAttributes,
  events: fc.array(fc.record({ name: fc.constantFrom(...EVENTS), timeUnixNano: anyTime, attributes: oddAttributes }), {
    maxLength: 3,
  }),
  status: fc.record({ code: fc.integer({ min: 0, max: 5 }), message: oddText }),
});

test('the real store takes whatever strangers send: nothing is poison, nothing is retried', async () => {
  await withStore(async (store) => {
    const writer = createStoreWriter(store);
    const recent = { recentSpanIds: async function* (): AsyncIterable<string> {} };
    await using ingest = await startIngest({ store: { ...writer, ...recent } });
    let sent = 0;
    for (let batch = 0; batch < 4; batch++) {
      const spans = fc.sample(oddSpan, 200).map((span) => ({
        ...span,
        name: span.name || 'x',
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
      }));
      const logRecords = spans.map((span, at) => ({
        ...span,
        timeUnixNano: span.startTimeUnixNano,
        eventName: at % 2 === 0 ? 'gen_ai.evaluation.result' : 'gen_ai.client.inference.operation.details',
        attributes: [...span.attributes, { key: 'gen_ai.evaluation.name', value: { stringValue: span.name } }],
      }));
      const scope = batch % 2 === 0 ? 'signalbox.proxy' : 'other';
      assert.equal((await ingest.json('/v1/traces', otlpRequest(spans, scope))).status, 200);
      const logs = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
      assert.equal((await ingest.json('/v1/logs', logs)).status, 200);
      sent += spans.length;
    }
    await ingest.pipeline.flush();
    const { drops } = ingest.pipeline.status();
    assert.equal(drops['quarantined_rows'], 0);
    assert.equal(drops['processor_failed'] ?? 0, 0);
    assert.match(ingest.metrics.text(), /store_retries_total 0/);
    assert.deepEqual(await counted(store, 'spans'), [sent, sent]);
  });
});

test('rows the real store refuses are found by halving; everything else is stored once', async () => {
  await withStore(async (store, dir) => {
    const wal = new Wal(join(dir, 'queue'), 1e9);
    const real = createStoreWriter(store);
    let inserts = 0;
    const counting: StoreWriter = {
      insert: real.insert,
      insertEncoded: (batch, token) => {
        inserts++;
        return real.insertEncoded(batch, token);
      },
    };
    const quarantine = join(dir, 'quarantine');
    const quiet = { onStored: () => undefined, onRetry: () => undefined, onQuarantined: () => undefined };
    const writer = new QueueWriter({ wal, store: counting, log: silent, quarantine, ...quiet });
    const toItem = createProcessors({ prices: {}, count: () => undefined, now: Date.now });
    const sent = Array.from({ length: 500 }, () =>
      otlpSpan({ attributes: otlpAttributes({ 'gen_ai.prompt': 'hello' }) }),
    );
    const items = json.decodeTraces(Buffer.from(JSON.stringify(otlpRequest(sent)))).map(toItem);
    const spans = items.map(({ row }, at) => (at === 33 ? { ...row, kind: 'sideways' as never } : row));
    const io = items
      .flatMap((item) => item.io ?? [])
      .map((row, at) => (at === 5 ? { ...row, ts: 'never' as never } : row));
    wal.append(encodeBatch({ spans, io }));
    writer.start();
    await writer.flush();
    assert.deepEqual(await counted(store, 'spans'), [499, 499]);
    assert.deepEqual(await counted(store, 'span_io'), [499, 499]);
    assert.ok(inserts < 50, `${inserts} inserts`);
    const lines = readdirSync(quarantine).flatMap((name) =>
      readFileSync(join(quarantine, name), 'utf8').trim().split('\n'),
    );
    const aside = lines.map((line) => JSON.parse(line) as { table: string; reason: string });
    assert.deepEqual(aside.map(({ table }) => table).sort(), ['io', 'spans']);
    for (const { reason } of aside) assert.doesNotMatch(reason, /hello/);
    await writer.close();
    wal.close();
  });
});
