import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openRecorder } from '../../proxy/report/recorder.ts';
import { startReporter, type Reporter } from '../../proxy/report/reporter.ts';
import type { Recorder } from '../../proxy/report/types.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { config, lines, numbered, startSink, type OtlpSpan, type Sink } from '../support/report.ts';

const RECORD_CHILD = join(import.meta.dirname, '../support/record-child.ts');
const REPORT_CHILD = join(import.meta.dirname, '../support/report-child.ts');

interface World {
  readonly dataDir: string;
  readonly sink: Sink;
  readonly metrics: Metrics;
  readonly alive: Set<string>;
  recorder(writerId: string, over?: Readonly<Record<string, unknown>>): Recorder;
  reporter(): Reporter;
}

async function world(t: TestContext): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'report-'));
  const sink = await startSink();
  const metrics = new Metrics();
  const alive = new Set<string>();
  const open: Reporter[] = [];
  t.after(async () => {
    for (const reporter of open) await reporter.close();
    await sink.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    dataDir,
    sink,
    metrics,
    alive,
    recorder(writerId, over = {}) {
      alive.add(writerId);
      return openRecorder({ config: config(sink.url, over), dataDir, writerId, log: lines(), metrics: new Metrics() });
    },
    reporter() {
      const isAlive = (id: string) => alive.has(id);
      const reporter = startReporter({ config: config(sink.url), dataDir, log: lines(), metrics, isAlive });
      open.push(reporter);
      return reporter;
    },
  };
}

function record(recorder: Recorder, from: number, to: number): void {
  for (let number = from; number < to; number++) {
    recorder.begin(numbered(number));
    recorder.end(numbered(number));
  }
}

const servers = (spans: readonly OtlpSpan[]) => spans.filter(({ kind }) => kind === 2);
const clients = (spans: readonly OtlpSpan[]) => spans.filter(({ kind }) => kind === 3);
const numbers = (spans: readonly OtlpSpan[]) =>
  servers(spans)
    .map(({ values }) => Number(String(values['signalbox.request.id']).slice(4)))
    .sort((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test('what is recorded arrives, with its bodies, in the name of its worker', async (t) => {
  const { recorder, reporter, sink, dataDir } = await world(t);
  const first = recorder('w1');
  record(first, 0, 700);
  record(recorder('w2'), 700, 710);
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), range(0, 710));
  const [client] = clients(sink.spans);
  assert.equal(client?.values['signalbox.capture.request'], '{"model":"assistant","messages":[]}');
  assert.equal(client?.values['signalbox.capture.response'], '{"id":"chatcmpl-1","choices":[]}');
  assert.equal(client?.resource['service.name'], 'signalbox-proxy');
  const instances = new Set(sink.spans.map(({ resource }) => resource['service.instance.id']));
  assert.deepEqual([...instances], ['w1', 'w2']);
  record(first, 710, 720);
  assert.ok(existsSync(join(dataDir, 'proxy/w1')), 'a living worker keeps its spool');
});

test('a collector that fails most of the time gets everything once', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  let calls = 0;
  // In turn: the SDK retries 503 by itself, 500 and a reset are ours to retry.
  sink.decide = () => {
    const step = calls++ % 10;
    if (step < 3) return { status: 503, headers: { 'retry-after': '0' } };
    if (step < 6) return { status: 500 };
    return step === 6 ? { status: 429, headers: { 'retry-after': '0' } } : {};
  };
  record(recorder('w1'), 0, 1500);
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), range(0, 1500));
  assert.equal(new Set(sink.spans.map(({ spanId }) => spanId)).size, sink.spans.length);
});

test('an answer that is lost after the spans were taken makes them come again under the same ids', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  let calls = 0;
  sink.decide = () => (calls++ === 0 ? { reset: true, take: true } : {});
  record(recorder('w1'), 0, 5);
  await reporter().flush();
  assert.equal(sink.spans.length, 20);
  assert.equal(new Set(sink.spans.map(({ spanId }) => spanId)).size, 10);
  assert.deepEqual(sink.spans.slice(0, 10), sink.spans.slice(10));
});

test('Retry-After is kept to', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  sink.decide = () => (sink.calls.length === 1 ? { status: 503, headers: { 'retry-after': '2' } } : {});
  record(recorder('w1'), 0, 1);
  await reporter().flush();
  assert.equal(sink.calls.length, 2);
  assert.ok((sink.calls[1] ?? 0) - (sink.calls[0] ?? 0) >= 1990);
});

test('a collector that is away costs nothing; when it comes back it gets everything', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  await sink.close();
  const worker = recorder('w1');
  record(worker, 0, 100);
  const running = reporter();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  record(worker, 100, 200);
  const back = await startSink(sink.port);
  t.after(() => back.close());
  await running.flush();
  assert.deepEqual(numbers(back.spans), range(0, 200));
});

test('one poisoned request is set aside, first without its bodies; all others arrive', async (t) => {
  const { recorder, reporter, sink, metrics, dataDir } = await world(t);
  const has = (spans: readonly OtlpSpan[], number: number) =>
    spans.some(({ values }) => values['signalbox.request.id'] === `req_${number}`);
  sink.decide = (spans) => {
    const tooLarge = spans.some(
      ({ values }) => values['signalbox.request.id'] === 'req_40' && values['signalbox.capture.request'] !== undefined,
    );
    return has(spans, 77) ? { status: 400 } : tooLarge ? { status: 413 } : {};
  };
  record(recorder('w1'), 0, 100);
  await reporter().flush();
  assert.deepEqual(
    numbers(sink.spans),
    range(0, 100).filter((number) => number !== 77),
  );
  const stripped = clients(sink.spans).find(({ values }) => values['signalbox.request.id'] === 'req_40');
  assert.equal(stripped?.values['signalbox.capture.dropped'], true);
  assert.match(metrics.text(), /signalbox_report_poisoned_total\{what="span"\} 1/);
  const kept = readFileSync(join(dataDir, 'quarantine/spans.jsonl'), 'utf8').trim().split('\n');
  assert.equal(kept.length, 1);
  assert.equal(JSON.parse(kept[0] ?? '').record.requestId, 'req_77');
});

test('a partial success is no reason to send again, and is counted', async (t) => {
  const { recorder, reporter, sink, metrics } = await world(t);
  sink.decide = () => ({ body: '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"three were odd"}}' });
  record(recorder('w1'), 0, 10);
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), range(0, 10));
  assert.match(metrics.text(), /signalbox_report_rejected_total 3/);
});

test('dropped payloads cost the bodies, not the spans', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  const worker = recorder('w1', { proxy: { workers: 1, spool: { max_disk: '1600kB' } } });
  for (let number = 0; number < 100; number++) {
    worker.begin(numbered(number));
    worker.end(numbered(number, { body: Buffer.alloc(100_000, 'x') }));
  }
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), range(0, 100));
  const dropped = clients(sink.spans).filter(({ values }) => values['signalbox.capture.dropped'] === true);
  const captured = clients(sink.spans).filter(({ values }) => values['signalbox.capture.request'] !== undefined);
  assert.equal(dropped.length + captured.length, 100);
  assert.ok(dropped.length > 50 && captured.length > 5);
});

interface Told {
  readonly begun: number;
  readonly ended: number;
}

/** Runs a recording worker until it has ended so many requests, then kills it. */
async function killedWorker(dataDir: string, writerId: string, range: { first: number; ends: number }): Promise<Told> {
  const args = [RECORD_CHILD, dataDir, writerId, String(range.first)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('e').length > range.ends) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const told = output.split('\n').slice(0, -1);
  const last = (mark: string) => Number(told.findLast((line) => line.startsWith(mark))?.slice(1));
  return { begun: last('b'), ended: last('e') };
}

test('kill -9 of workers: finished requests are there, requests under way have crashed, none twice', async (t) => {
  const { reporter, sink, dataDir, alive } = await world(t);
  const running = reporter();
  let first = 0;
  for (let life = 0; life < 5; life++) {
    alive.add(`w${life}`);
    const told = await killedWorker(dataDir, `w${life}`, { first, ends: 100 + life * 37 });
    alive.delete(`w${life}`);
    await running.flush();
    const mine = servers(sink.spans).filter(({ resource }) => resource['service.instance.id'] === `w${life}`);
    const outcomes = new Map(mine.map(({ values }) => [values['signalbox.request.id'], values['signalbox.outcome']]));
    assert.equal(mine.length, outcomes.size, 'none twice');
    // What was under way in the very last system call may or may not have been written.
    const begun = mine.length - 1 + first;
    assert.ok(begun === told.begun || begun === told.begun + 1, `${begun} recorded, ${told.begun} told`);
    for (let number = first; number <= told.ended; number++) assert.equal(outcomes.get(`req_${number}`), 'ok');
    const crashed = mine.filter(({ values }) => values['signalbox.outcome'] === 'crashed');
    assert.ok(crashed.length >= 2 && crashed.length <= 4, `${crashed.length} crashed`);
    for (const span of crashed) {
      assert.equal(span.status.code, 2);
      assert.ok(BigInt(span.endTimeUnixNano) > BigInt(span.startTimeUnixNano));
    }
    first = begun + 10;
  }
  assert.deepEqual(readdirSync(join(dataDir, 'proxy')), [], 'nothing of dead workers is left');
});

test('what has begun is known after a restart of the reporter, and crashes only once', async (t) => {
  const { recorder, reporter, sink, alive } = await world(t);
  const worker = recorder('w1');
  worker.begin(numbered(1000));
  record(worker, 0, 10);
  worker.begin(numbered(1001));
  const first = reporter();
  await first.flush();
  await first.close();
  worker.end(numbered(1001));
  const second = reporter();
  await second.flush();
  await second.close();
  assert.deepEqual(numbers(sink.spans), [...range(0, 10), 1001]);
  worker.close();
  alive.clear();
  const third = reporter();
  await third.flush();
  await third.close();
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), [...range(0, 10), 1000, 1001]);
  const crashed = servers(sink.spans).filter(({ values }) => values['signalbox.outcome'] === 'crashed');
  assert.deepEqual(
    crashed.map(({ values }) => values['signalbox.request.id']),
    ['req_1000'],
  );
});

test('a request that lives through many segments does not hold them, and is still known after a restart', async (t) => {
  const { recorder, reporter, sink, alive, dataDir } = await world(t);
  const worker = recorder('w1', { proxy: { workers: 1, spool: { max_disk: '3200kB' } } });
  worker.begin(numbered(9000));
  worker.begin(numbered(9001));
  for (let round = 0; round < 20; round++) {
    record(worker, round * 100, round * 100 + 100);
    const running = reporter();
    await running.flush();
    await running.close();
    const left = readdirSync(join(dataDir, 'proxy/w1/spans')).filter((name) => name.endsWith('.seg'));
    assert.ok(left.length <= 4, `${left.length} segments are kept`);
    if (round === 10) worker.end(numbered(9001));
  }
  assert.ok(existsSync(join(dataDir, 'proxy/w1/begun.json')));
  worker.close();
  alive.clear();
  await reporter().flush();
  const crashed = servers(sink.spans).filter(({ values }) => values['signalbox.outcome'] === 'crashed');
  assert.deepEqual(
    crashed.map(({ values }) => values['signalbox.request.id']),
    ['req_9000'],
  );
  assert.deepEqual(numbers(sink.spans), [...range(0, 2000), 9000, 9001]);
});

test('kill -9 of the reporter in the middle of a batch: nothing is lost, and what comes again has the same ids', async (t) => {
  const { recorder, sink, dataDir } = await world(t);
  const worker = recorder('w1');
  worker.begin(numbered(5000));
  record(worker, 0, 3000);
  worker.close();
  for (let life = 0; life < 6; life++) {
    const before = sink.calls.length;
    const child = spawn(process.execPath, [REPORT_CHILD, dataDir, sink.url], { stdio: 'inherit' });
    const gone = once(child, 'exit');
    await new Promise<void>((resolve) => {
      // The spans are taken, and the reporter dies before or after it hears of it.
      sink.decide = () => {
        if (sink.calls.length - before < 2 && life < 5) return {};
        if (life < 5) child.kill('SIGKILL');
        resolve();
        return {};
      };
    });
    if (life === 5) {
      while (existsSync(join(dataDir, 'proxy/w1'))) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill('SIGKILL');
    }
    await gone;
  }
  const unique = new Map(sink.spans.map((span) => [span.spanId, span]));
  for (const span of sink.spans) assert.deepEqual(span, unique.get(span.spanId), 'a span sent again is the same');
  assert.deepEqual(numbers([...unique.values()]), [...range(0, 3000), 5000]);
  assert.ok(sink.spans.length < 3 * unique.size);
});

test('OTEL_* variables of the user do not redirect, sample or change what is sent', async (t) => {
  const { recorder, reporter, sink } = await world(t);
  const elsewhere = await startSink();
  t.after(() => elsewhere.close());
  Object.assign(process.env, {
    OTEL_SDK_DISABLED: 'true',
    OTEL_TRACES_SAMPLER: 'always_off',
    OTEL_EXPORTER_OTLP_ENDPOINT: elsewhere.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
    OTEL_SERVICE_NAME: 'mine',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2',
    OTEL_TRACES_EXPORTER: 'console',
  });
  record(recorder('w1'), 0, 3);
  await reporter().flush();
  assert.deepEqual(numbers(sink.spans), [0, 1, 2]);
  assert.equal(sink.spans[0]?.resource['service.name'], 'signalbox-proxy');
  assert.ok(Object.keys(sink.spans[0]?.values ?? {}).length > 10);
  assert.equal(elsewhere.calls.length, 0);
});
