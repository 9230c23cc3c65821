// What a 200 means: the queue keeps it through kill -9, a store that refuses, stalls or lies, and poison; once.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, type StoreWriter } from '../../collector/component.ts';
import { encodeBatch } from '../../collector/queue/codec.ts';
import { Wal } from '../../collector/queue/wal.ts';
import { QueueWriter } from '../../collector/queue/writer.ts';
import { createProcessors } from '../../collector/processors/index.ts';
import * as json from '../../collector/receivers/otlp-json.ts';
import type { SpanBatch } from '../../schemas/span.ts';
import { MemoryStore, otlpAttributes, otlpRequest, otlpSpan, silent, startIngest } from '../support/ingest.ts';

const toItem = createProcessors({ prices: {}, count: () => undefined, now: Date.now });

function batchOf(count: number, fields: Record<string, unknown> = {}): SpanBatch {
  const spans = Array.from({ length: count }, () => otlpSpan(fields));
  const items = json.decodeTraces(Buffer.from(JSON.stringify(otlpRequest(spans)))).map(toItem);
  return { spans: items.map((item) => item.row), io: items.flatMap((item) => item.io ?? []) };
}

interface Bench {
  readonly wal: Wal;
  readonly writer: QueueWriter;
  readonly dir: string;
  readonly counted: { stored: number; retries: number; quarantined: number };
  quarantine(): { table: string; reason: string; rows: string }[];
  [Symbol.asyncDispose](): Promise<void>;
}

function bench(store: StoreWriter, timeoutMs = 60_000): Bench {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-wal-'));
  const wal = new Wal(join(dir, 'queue'), 1e9);
  const counted = { stored: 0, retries: 0, quarantined: 0 };
  const writer = new QueueWriter({
    wal,
    store,
    log: silent,
    quarantine: join(dir, 'quarantine'),
    onStored: (rows) => (counted.stored += rows),
    onRetry: () => counted.retries++,
    onQuarantined: (rows) => (counted.quarantined += rows),
    groupMs: 5,
    firstRetryMs: 2,
    lastRetryMs: 10,
    timeoutMs,
  });
  writer.start();
  return {
    wal,
    writer,
    dir,
    counted,
    quarantine: () =>
      readdirSync(join(dir, 'quarantine')).flatMap((name) =>
        readFileSync(join(dir, 'quarantine', name), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { table: string; reason: string; rows: string }),
      ),
    [Symbol.asyncDispose]: async () => {
      await writer.close();
      wal.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

test('a store that refuses 70 % of the inserts gets everything once', async () => {
  const store = new MemoryStore();
  let random = 1;
  store.before = () => {
    random = (random * 48_271) % 2_147_483_647;
    if (random / 2_147_483_647 < 0.7) throw new Error('too many parts');
  };
  await using queue = bench(store);
  const sent: string[] = [];
  for (let index = 0; index < 40; index++) {
    const batch = batchOf(25);
    sent.push(...batch.spans.map((row) => row.span_id));
    queue.wal.append(encodeBatch(batch));
    if (index % 10 === 0) await sleep(10);
  }
  await queue.writer.flush();
  assert.deepEqual(store.spans.map((row) => row.span_id).sort(), sent.sort());
  assert.ok(queue.counted.retries > 0);
  assert.equal(queue.counted.stored, 1000);
  assert.equal(queue.wal.status.records, 0);
});

test('an insert whose answer is lost, or that hangs, is repeated under its token and adds nothing', async () => {
  const store = new MemoryStore();
  let calls = 0;
  const lying: StoreWriter = {
    insert: async (batch, token) => {
      await store.insert(batch, token);
      calls++;
      if (calls === 1) throw new Error('socket hang up');
      if (calls === 2) await new Promise(() => undefined);
    },
  };
  await using queue = bench(lying, 50);
  queue.wal.append(encodeBatch(batchOf(10)));
  await queue.writer.flush();
  assert.equal(calls, 3);
  assert.equal(store.spans.length, 10);
});

test('poison rows are found, set aside with the reason, and nothing else is lost or doubled', async () => {
  const store = new MemoryStore();
  const isBad = (name: string) => name.startsWith('poison');
  store.before = (batch) => {
    if (batch.spans.some((row) => isBad(row.name))) throw new PermanentError('cannot parse input');
    if (batch.io.some((row) => row.input.includes('poison'))) throw new PermanentError('bad payload');
    if (Math.random() < 0.3) throw new Error('try later');
  };
  await using queue = bench(store);
  const content = { attributes: otlpAttributes({ 'gen_ai.input.messages': 'hello' }) };
  const poisoned = { attributes: otlpAttributes({ 'gen_ai.input.messages': 'poison pill' }) };
  queue.wal.append(encodeBatch(batchOf(300, content)));
  queue.wal.append(encodeBatch(batchOf(1, { name: 'poison 1', ...content })));
  queue.wal.append(encodeBatch(batchOf(500)));
  queue.wal.append(encodeBatch(batchOf(2, { name: 'poison 2' })));
  queue.wal.append(encodeBatch(batchOf(1, poisoned)));
  await queue.writer.flush();
  assert.equal(store.spans.length, 801);
  assert.equal(new Set(store.spans.map((row) => row.span_id)).size, 801);
  assert.equal(store.io.length, 301);
  assert.equal(new Set(store.io.map((row) => row.span_id)).size, 301);
  assert.equal(queue.counted.quarantined, 4);
  const aside = queue.quarantine();
  assert.deepEqual(aside.map(({ table, reason }) => `${table}: ${reason}`).sort(), [
    'io: bad payload',
    'spans: cannot parse input',
    'spans: cannot parse input',
    'spans: cannot parse input',
  ]);
  assert.equal(aside.filter(({ rows }) => rows.includes('poison')).length, 4);
});

test('one poison row costs about log2 n inserts; a batch of nothing but poison is bounded and kept', async () => {
  const store = new MemoryStore();
  store.before = (batch) => {
    if (batch.spans.some((row) => row.name === 'poison')) throw new PermanentError('no');
  };
  await using queue = bench(store);
  const batch = batchOf(1024);
  const [, , victim] = batch.spans;
  assert.ok(victim);
  victim.name = 'poison';
  queue.wal.append(encodeBatch(batch));
  await queue.writer.flush();
  assert.equal(store.spans.length, 1023);
  assert.ok(store.attempts <= 2 + 2 * 10, `${store.attempts} inserts`);

  store.attempts = 0;
  queue.wal.append(encodeBatch(batchOf(2000, { name: 'poison' })));
  await queue.writer.flush();
  assert.ok(store.attempts < 600);
  const rows = queue.quarantine().reduce((sum, { rows }) => sum + rows.trim().split('\n').length, 0);
  assert.equal(rows, 2001);
});

test('a store that is away does not slow receiving, and close() gives up waiting for it', async () => {
  const store = new MemoryStore();
  store.before = () => {
    throw new Error('connection refused');
  };
  await using ingest = await startIngest({ store });
  for (let index = 0; index < 50; index++) {
    assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
  }
  const { queue } = ingest.pipeline.status();
  assert.equal(queue.records, 50);
  assert.ok(queue.bytes > 0 && queue.max_bytes > queue.bytes && queue.oldest_age >= 0);
});

test('damage in the queue is stepped over and counted; the rest arrives', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-damage-'));
  const away = new MemoryStore();
  away.before = () => {
    throw new Error('away');
  };
  {
    await using ingest = await startIngest({ dir, store: away });
    for (let index = 0; index < 5; index++) await ingest.json('/v1/traces', otlpRequest([otlpSpan()]));
  }
  const [segment] = readdirSync(join(dir, 'queue')).filter((name) => name.endsWith('.seg'));
  const path = join(dir, 'queue', segment ?? '');
  const bytes = readFileSync(path);
  bytes[200] = (bytes[200] ?? 0) ^ 0xff;
  writeFileSync(path, Buffer.concat([bytes, Buffer.from([9, 9, 9])]));
  const store = new MemoryStore();
  {
    await using ingest = await startIngest({ dir, store });
    assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
    await ingest.pipeline.flush();
    const { drops } = ingest.pipeline.status();
    assert.ok((drops['queue_corrupt'] ?? 0) >= 1);
    assert.ok((drops['queue_torn'] ?? 0) + (drops['queue_corrupt'] ?? 0) >= 2);
  }
  assert.equal(store.spans.length, 5);
  rmSync(dir, { recursive: true, force: true });
});

test('kill -9 at any moment: every acked span is stored, none twice, also when its sender repeats it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-kill-'));
  const acked: string[] = [];
  let pending: { body: string; ids: string[] } | undefined;
  const lives = 6;
  for (let life = 0; life < lives; life++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/ingest-child.ts'), dir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const { value: port } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const killer = life < lives - 1 ? setTimeout(() => child.kill('SIGKILL'), 150 + life * 130) : undefined;
    try {
      for (let index = 0; index < 400; index++) {
        pending ??= request();
        const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: pending.body,
        });
        assert.equal(answer.status, 200);
        acked.push(...pending.ids);
        pending = undefined;
      }
    } catch (error) {
      // Killed in the middle: the sender will repeat what was not acknowledged to the next life.
      assert.ok(error instanceof TypeError, String(error));
    }
    if (killer) await exited;
    clearTimeout(killer);
    child.kill('SIGTERM');
    await exited;
  }
  const counts = storedCounts(join(dir, 'stored.txt'));
  assert.ok(acked.length > 1000, `${acked.length} acked`);
  assert.deepEqual(
    acked.filter((id) => !counts.has(id)),
    [],
  );
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 1),
    [],
  );
  rmSync(dir, { recursive: true, force: true });
});

/** How often each span stands in the store, which takes a token once. */
function storedCounts(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  const tokens = new Set<string>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [token = '', ids = ''] = line.split(' ');
    if (tokens.has(token)) continue;
    tokens.add(token);
    for (const id of ids.split(',')) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

function request(): { body: string; ids: string[] } {
  const spans = Array.from({ length: 5 }, () => otlpSpan());
  const ids = spans.map((span) => `${String(span['traceId'])}${String(span['spanId'])}`);
  return { body: JSON.stringify(otlpRequest(spans)), ids };
}
