import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Exchange } from '../../proxy/exchange.ts';
import { KIND, decodeBegin, decodeEnd } from '../../proxy/report/record.ts';
import { openRecorder } from '../../proxy/report/recorder.ts';
import { startReporter } from '../../proxy/report/reporter.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { SpoolReader } from '../../runtime/spool/reader.ts';
import { attempt, config, exchange, lines, startSink } from '../support/report.ts';

const ALL = { maxRecords: Infinity, maxBytes: Infinity };

function setUp(t: TestContext, over: Readonly<Record<string, unknown>> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'recorder-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const log = lines();
  const metrics = new Metrics();
  const settings = config('http://127.0.0.1:1', over);
  const recorder = openRecorder({ config: settings, dataDir, writerId: 'w1', log, metrics });
  const dir = join(dataDir, 'proxy/w1');
  return {
    dataDir,
    dir,
    log,
    metrics,
    recorder,
    record(exchange: Exchange) {
      recorder.begin(exchange);
      recorder.end(exchange);
      const records = new SpoolReader(join(dir, 'spans')).take(ALL)?.records ?? [];
      const end = decodeEnd(records.at(-1)?.data ?? Buffer.alloc(0)) ?? assert.fail();
      const payload = end.capture?.payload;
      if (!payload) return { records, end, request: undefined, response: undefined };
      const data = new SpoolReader(join(dir, 'payloads')).readAt(payload.at)?.data ?? assert.fail();
      const { requestBytes } = payload;
      return { records, end, request: `${data.subarray(0, requestBytes)}`, response: `${data.subarray(requestBytes)}` };
    },
    /** Everything that was written, as one text. */
    disk: () =>
      ['spans', 'payloads']
        .flatMap((name) => readdirSync(join(dir, name)).map((file) => readFileSync(join(dir, name, file), 'latin1')))
        .join('\n'),
  };
}

const answer = (...chunks: string[]) => {
  const body = chunks.map((chunk) => Buffer.from(chunk));
  return attempt({ responseBody: body, responseSize: chunks.join('').length });
};

test('a begin record, then the bodies, then an end record that points to them', (t) => {
  const { record } = setUp(t);
  const { records, end, request, response } = record(exchange({ attempts: [answer('one ', 'two')] }));
  assert.deepEqual(
    records.map(({ kind }) => kind),
    [KIND.BEGIN, KIND.END],
  );
  assert.equal(decodeBegin(records[0]?.data ?? Buffer.alloc(0))?.requestId, 'req_1');
  assert.equal(request, '{"model":"assistant","messages":[]}');
  assert.equal(response, 'one two');
  assert.deepEqual([end.capture?.requestSize, end.capture?.responseSize], [35, 7]);
});

test('capture: none keeps no body; a call that reached no provider has none either', (t) => {
  const off = setUp(t, { capture: { content: 'none' } });
  assert.equal(off.record(exchange()).end.capture, undefined);
  assert.equal(setUp(t).record(exchange({ attempts: [] })).end.capture, undefined);
});

test('capture: redacted masks personal data, full does not', (t) => {
  const body = Buffer.from('{"content":"I am jane@example.com"}');
  assert.equal(setUp(t).record(exchange({ body })).request, '{"content":"I am jane@example.com"}');
  const redacted = setUp(t, { capture: { content: 'redacted' } });
  assert.equal(redacted.record(exchange({ body })).request, '{"content":"I am [email]"}');
});

test('bodies are cut at max_bytes, and not through a secret; their sizes are kept', (t) => {
  const { record } = setUp(t, { capture: { max_bytes: '40B' } });
  const body = Buffer.from('{"content":"my key is sk-proj-0123456789abcdef0123456789"}');
  const cutAnswer = attempt({ responseBody: [Buffer.from('x y sk-proj-012')], responseSize: 5000 });
  const { end, request, response } = record(exchange({ body, attempts: [cutAnswer] }));
  assert.equal(request, '{"content":"my key is ');
  assert.equal(response, 'x y ');
  assert.deepEqual([end.capture?.requestSize, end.capture?.responseSize], [body.length, 5000]);
});

test('no secret is ever written: not from bodies, chunks, tags, model names, errors or the config', (t) => {
  const canaries = {
    provider: 'canary-provider-key-1',
    header: 'canary-header-token-2',
    caller: 'canary-caller-key-3',
    own: 'canary-own-credential-4',
    shape: 'sk-proj-canary5canary5canary5',
    split: 'ghp_canary6canary6canary6canary6',
    several: 'canary8-second-key-of-many',
    bearer: 'canary7.canary7.canary7',
  };
  const { record, recorder, disk } = setUp(t, {
    providers: {
      openai: { api_key: canaries.provider, headers: { authorization: `Bearer ${canaries.header}` } },
      many: { type: 'openai', api_keys: ['canary-first-key', canaries.several] },
    },
    keys: [{ name: 'k', key: canaries.caller }],
  });
  const { bearer, ...others } = canaries;
  const all = Object.values(others).join(' ');
  const noisy = (over: Partial<Exchange> = {}) =>
    exchange(
      {
        body: Buffer.from(JSON.stringify({ content: `${all} Bearer ${bearer}` })),
        modelAsked: canaries.shape,
        userId: canaries.own,
        path: `/v1/${canaries.caller}`,
        tags: { [canaries.provider]: `Bearer ${bearer}` },
        attempts: [
          attempt({ errorMessage: `Incorrect API key provided: ${canaries.provider}`, errorType: '401' }),
          answer(
            `data: {"a":"${canaries.split.slice(0, 12)}`,
            canaries.split.slice(12, 20),
            `${canaries.split.slice(20)}"}`,
          ),
        ],
        ...over,
      },
      { authorization: `Bearer ${canaries.own}`, 'user-agent': canaries.header },
    );
  const { end, request } = record(noisy());
  recorder.begin(noisy());
  const written = disk();
  for (const canary of ['canary-p', 'canary-h', 'canary-c', 'canary-o', 'canary5', 'canary6', 'canary7', 'canary8']) {
    assert.ok(!written.includes(canary), `${canary} is on disk`);
  }
  assert.equal(end.attempts[0]?.errorMessage, 'Incorrect API key provided: [redacted]');
  assert.equal(typeof JSON.parse(request ?? ''), 'object');
});

test('without a disk calls go on; what is lost is counted and said; it comes back with the disk', (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'recorder-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  // Where the directory should be stands a file.
  writeFileSync(join(dataDir, 'proxy'), '');
  const metrics = new Metrics();
  const log = lines();
  const recorder = openRecorder({ config: config(), dataDir, writerId: 'w1', log, metrics });
  recorder.begin(exchange());
  recorder.end(exchange());
  assert.match(metrics.text(), /signalbox_spool_dropped_total\{what="span"\} 2/);
  assert.match(metrics.text(), /signalbox_spool_dropped_total\{what="payload"\} 1/);
  assert.ok(log.lines.some((line) => line.includes('calls go on')));
  rmSync(join(dataDir, 'proxy'));
  recorder.end(exchange());
  assert.equal(new SpoolReader(join(dataDir, 'proxy/w1/spans')).take(ALL)?.records.length, 1);
});

test('a recorder that is closed, or fed nonsense, throws nothing', (t) => {
  const { recorder, metrics } = setUp(t);
  recorder.begin({} as Exchange);
  recorder.close();
  recorder.end(exchange());
  recorder.close();
  assert.match(metrics.text(), /what="span"\} 2/);
});

test('a full spool drops the oldest bodies first, within its share of the disk', (t) => {
  const { recorder, dir, metrics } = setUp(t, { proxy: { workers: 1, spool: { max_disk: '2MB' } } });
  for (let index = 0; index < 200; index++) recorder.end(exchange({ body: Buffer.alloc(20_000, 'x') }));
  const size = (name: string) =>
    readdirSync(join(dir, name)).reduce((sum, file) => sum + readFileSync(join(dir, name, file)).length, 0);
  assert.ok(size('payloads') <= 1_500_000 + 1024 && size('payloads') > 1_000_000);
  assert.equal(new SpoolReader(join(dir, 'spans')).take(ALL)?.records.length, 200);
  const dropped = Number(/what="payload"\} (\d+)/.exec(metrics.text())?.[1]);
  assert.ok(dropped > 120 && dropped < 160);
});

test('spans leave with ids, parent, trace state, times to the microsecond and bytes as OTLP says', async (t) => {
  const { dataDir, recorder } = setUp(t);
  const sink = await startSink();
  t.after(() => sink.close());
  const body = Buffer.from([0x7b, 0xff, 0x00, 0xc3, 0x28, 0x7d]);
  recorder.end(exchange({ body, parentSpanId: '1111111111111111', traceState: 'vendor=x,other=y' }));
  const reporter = startReporter({
    config: config(sink.url),
    dataDir,
    log: lines(),
    metrics: new Metrics(),
    isAlive: () => true,
    version: '1.2.3',
    environment: 'staging',
  });
  await reporter.flush();
  await reporter.close();
  assert.equal(sink.spans.length, 2);
  const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', traceState: 'vendor=x,other=y' };
  assert.partialDeepStrictEqual(sink.spans[0], {
    ...trace,
    kind: 2,
    spanId: 'b7ad6b7169203331',
    parentSpanId: '1111111111111111',
    // Sampled, and its parent is remote.
    flags: 0x301,
    startTimeUnixNano: '1763800000000000000',
    endTimeUnixNano: '1763800000500000000',
  });
  assert.partialDeepStrictEqual(sink.spans[1], {
    ...trace,
    kind: 3,
    parentSpanId: 'b7ad6b7169203331',
    flags: 0x101,
    startTimeUnixNano: '1763800000000150000',
    attributes: [{ key: 'signalbox.capture.request', value: { bytesValue: body.toString('base64') } }],
    resource: {
      'service.name': 'signalbox-proxy',
      'service.version': '1.2.3',
      'service.instance.id': 'w1',
      'deployment.environment.name': 'staging',
    },
  });
});

test('the reporter leaves alone what is no spool, and goes on when one cannot be read', async (t) => {
  const { dataDir, recorder } = setUp(t);
  const sink = await startSink();
  t.after(() => sink.close());
  mkdirSync(join(dataDir, 'proxy/state'));
  writeFileSync(join(dataDir, 'proxy/state/policy.json'), '{}');
  writeFileSync(join(dataDir, 'proxy/file'), '');
  mkdirSync(join(dataDir, 'proxy/broken'));
  writeFileSync(join(dataDir, 'proxy/broken/spans'), 'no directory');
  recorder.end(exchange());
  recorder.close();
  const log = lines();
  const metrics = new Metrics();
  const reporter = startReporter({ config: config(sink.url), dataDir, log, metrics, isAlive: () => false });
  await reporter.flush();
  await reporter.close();
  await reporter.close();
  assert.equal(sink.spans.length, 2);
  assert.deepEqual(readdirSync(join(dataDir, 'proxy')).sort(), ['broken', 'file', 'state']);
  assert.ok(log.lines.some((line) => line.includes('broken')));
});
