// Fault H11 of the catalogue: the wall clock is set back or forward, or the machine sleeps, in the middle of things; and
// retention deletes while somebody asks. Durations are never negative, nothing is stored twice, nothing dies.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { sql } from '../../collector/store/sql.ts';
import { startCollector } from '../../collector/main.ts';
import { createLogger } from '../../runtime/log.ts';
import { AliveWriters } from '../../runtime/part.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { beginRecord, endRecord } from '../../proxy/report/record.ts';
import { crashedSpans, spansOf } from '../../proxy/report/spans.ts';
import { otlpRequest, otlpSpan, silent, startIngest } from '../support/ingest.ts';
import { post, startTestProxy } from '../support/proxy.ts';
import { START_US, attempt, exchange } from '../support/report.ts';
import { spanRow } from '../support/span-rows.ts';
import { LAST_CHUNK, SSE_HEAD, answer, httpChunk, startFaultyProvider } from '../support/upstream-faults.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const WHOLE = JSON.stringify({ id: 'c', model: 'm', choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] });

/** Sets the wall clock so far from the truth; the monotonic clock goes on. */
function setClock(t: TestContext, byMs: number): void {
  t.mock.timers.reset();
  if (byMs !== 0) t.mock.timers.enable({ apis: ['Date'], now: Date.now() + byMs });
}

test('H11 a proxy keeps durations through any jump, and follows the wall clock once it has nothing to do', async (t) => {
  const provider = await startFaultyProvider();
  const proxy = await startTestProxy({
    providers: { openai: { api_key: 'sk-upstream', base_url: `${provider.url}/v1` } },
  });
  const ask = async (stream: boolean) => post(proxy.url, { model: 'openai/m', stream, messages: [] });
  try {
    for (const jump of [-HOUR, 8 * HOUR, 0]) {
      proxy.recorder.reset();
      // In the middle of a stream: what is under way keeps its clock.
      const delta = `data: ${JSON.stringify({ choices: [{ delta: { content: 'hi' } }] })}\n\n`;
      provider.behave(async ({ socket }) => {
        socket.write(Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(delta)]));
        await until(() => proxy.recorder.begun[0]?.attempts[0]?.reading.firstTokenUs !== 0);
        setClock(t, jump);
        socket.write(Buffer.concat([httpChunk(delta), httpChunk('data: [DONE]\n\n'), Buffer.from(LAST_CHUNK)]));
      });
      assert.match(await (await ask(true)).text(), /\[DONE\]/);
      const streamed = await proxy.recorder.settled();
      const [attempt] = streamed.attempts;
      assert.ok(attempt);
      const times = [streamed.startUs, attempt.startUs, attempt.reading.firstTokenUs, attempt.endUs, streamed.endUs];
      assert.deepEqual(
        times.toSorted((a, b) => a - b),
        times,
      );
      assert.ok(streamed.endUs - streamed.startUs < 60e6);
      assert.equal(streamed.outcome, 'ok');
      // The next one, with nothing else under way, is where the clock is now.
      provider.behave(({ socket }) => void socket.write(answer(200, WHOLE)));
      await (await ask(false)).text();
      const next = await proxy.recorder.settled();
      assert.ok(Math.abs(next.startUs / 1000 - Date.now()) < 60_000, `${jump}: ${next.startUs / 1000} ${Date.now()}`);
      assert.ok(next.endUs >= next.startUs && next.endUs - next.startUs < 60e6);
    }
  } finally {
    t.mock.timers.reset();
    await proxy.close();
    provider.close();
  }
});

test('H11 a queue takes, stores and knows again through any jump', async (t) => {
  await using ingest = await startIngest();
  const send = async (span: unknown) =>
    assert.equal((await ingest.json('/v1/traces', otlpRequest([span]))).status, 200);
  const sent = [];
  for (const jump of [0, -HOUR, HOUR, -30 * 24 * HOUR, 0]) {
    setClock(t, jump);
    const span = otlpSpan();
    sent.push(span);
    await send(span);
    for (const earlier of sent) await send(earlier);
    assert.ok(ingest.pipeline.status().queue.oldest_age >= 0);
    await ingest.pipeline.flush();
  }
  t.mock.timers.reset();
  const rows = ingest.store.spans;
  assert.equal(rows.length, sent.length);
  assert.equal(new Set(rows.map(({ span_id: id }) => id)).size, sent.length);
  assert.ok(rows.every(({ duration_ns: duration }) => duration === 5_000_000));
});

test('H11 the times of the processes among themselves do not hang on the wall clock', async (t) => {
  const alive = new AliveWriters();
  alive.set(['one']);
  assert.equal(alive.has('two'), true);
  setClock(t, HOUR);
  assert.equal(alive.has('two'), true, 'a jump is not the three seconds that news may take');
  t.mock.timers.reset();

  const lines: string[] = [];
  t.mock.method(process.stderr, 'write', (line: string) => lines.push(line) > 0);
  const log = createLogger('test');
  log.warn('again');
  setClock(t, -HOUR);
  log.warn('again');
  log.warn('other');
  setClock(t, 2 * HOUR);
  log.warn('again');
  t.mock.restoreAll();
  t.mock.timers.reset();
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).message),
    ['again', 'other'],
    'said once in ten seconds, whatever the clock says',
  );
});

test('H11 a request whose end was taken before its start has no negative duration', () => {
  const early = exchange({ endUs: START_US - 1, attempts: [attempt({ startUs: START_US, endUs: START_US - 1 })] });
  const { server, clients } = spansOf(endRecord(early, undefined), undefined);
  for (const span of [server, ...clients, crashedSpans(beginRecord(early), START_US - 1).server]) {
    assert.equal(span.endUs, span.startUs);
  }
});

test('H11 uptime does not run backwards', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-uptime-'));
  const config = defaultConfig();
  const collector = await startCollector({
    config: { ...config, collector: { ...config.collector, listen: '127.0.0.1:0' } },
    dataDir,
    log: silent,
  });
  try {
    setClock(t, -HOUR);
    const { uptime } = (await (await fetch(`${collector.url}/api/v1/status`)).json()) as { uptime: number };
    assert.ok(uptime >= 0 && uptime < 60_000, String(uptime));
  } finally {
    t.mock.timers.reset();
    await collector.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('H11 retention deletes while questions run: none fails, the old goes, the new stays', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-retention-'));
  const store = await StoreClient.open({ path: join(dir, 'store') });
  try {
    await migrate(store, defaultConfig().store.retention);
    const writer = createStoreWriter(store);
    const now = Date.now();
    for (const [index, age] of [0, 10].entries()) {
      const ts = (now - age * 24 * HOUR) * 1000;
      const spans = Array.from({ length: 2_000 }, (_, at) =>
        spanRow({ ts, span_id: (index * 10_000 + at).toString(16).padStart(16, '0'), trace_id: `${index}`.repeat(32) }),
      );
      await writer.insert({ spans, io: [] }, `t${index}`);
    }
    const count = async () => (await store.query<{ n: number }>(sql`SELECT count() AS n FROM spans`))[0]?.n ?? -1;
    assert.equal(await count(), 4_000);
    const over = new AbortController();
    let asked = 0;
    const questions = (async () => {
      while (!over.signal.aborted) {
        assert.ok((await count()) >= 2_000);
        asked++;
      }
    })();
    await migrate(store, { ...defaultConfig().store.retention, spans: 5 * 24 * HOUR } as never);
    await store.command(sql`OPTIMIZE TABLE spans FINAL`);
    over.abort();
    await questions;
    assert.ok(asked > 0);
    assert.equal(await count(), 2_000);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
