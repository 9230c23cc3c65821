// Fault I07 of the catalogue: mistakes of our own, thrown where nobody expects them. The caller gets a 500 in its
// dialect's shape, the request is on record, the process lives or is started again, and no stack or secret is shown.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { RESOURCES } from '../../collector/api/index.ts';
import { resource, type Resource } from '../../collector/api/resource.ts';
import { startCollector } from '../../collector/main.ts';
import { PROCESSORS } from '../../collector/processors/index.ts';
import type { Processor } from '../../collector/processors/types.ts';
import { ProxyMetrics } from '../../proxy/metrics.ts';
import { compose, type Layer } from '../../proxy/pipeline.ts';
import { createDataServer } from '../../proxy/server.ts';
import { createServices, type Services } from '../../proxy/services.ts';
import { STAGES } from '../../proxy/stages/index.ts';
import { Child } from '../../runtime/child.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { configSchema } from '../../schemas/config.ts';
import type { Status } from '../../schemas/api.ts';
import { otlpRequest, otlpSpan, silent, startIngest } from '../support/ingest.ts';
import { freePorts, until as untilAsync } from '../support/proc.ts';
import { KeepingRecorder, post } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const SECRET = 'sk-in-an-exception-0815';

function mistake(): never {
  throw new TypeError(`cannot read properties of undefined (${SECRET})`);
}

/** Everything that it is asked for is a mistake. */
const broken = <Service extends object>(): Service => new Proxy({} as Service, { get: mistake });

interface Broken {
  readonly url: string;
  readonly recorder: KeepingRecorder;
  readonly metrics: Metrics;
  readonly said: string[];
}

/** The data path with something broken in it, as long as `breaks` is on. */
async function brokenProxy(
  t: TestContext,
  breaks: { services?: Partial<Services>; after?: number },
): Promise<Broken & { mend(): void }> {
  const recorder = new KeepingRecorder();
  const metrics = new Metrics();
  const said: string[] = [];
  const keep = (message: string, fields?: object) => void said.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log = { info: keep, warn: keep, error: keep };
  const config = configSchema.parse({});
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-broken-'));
  const good = createServices({ config, dataDir, log, metrics: new ProxyMetrics(metrics), recorder });
  const { after, services } = breaks;
  const layers = (each: Services, at?: number): Layer[] =>
    STAGES.map((stage) => stage(each)).toSpliced(at ?? 0, 0, ...(at === undefined ? [] : [mistake as Layer]));
  const bad = compose(layers({ ...good, ...services }, after));
  const whole = compose(layers(good));
  let mended = false;
  const { server } = createDataServer(
    good,
    (live) => (mended ? whole : bad)(live),
    () => false,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    good.sweep.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, recorder, metrics, said, mend: () => (mended = true) };
}

const CALLS = [
  { path: '/v1/chat/completions', body: { model: 'm', messages: [] } },
  { path: '/v1/chat/completions', body: { model: 'm', messages: [], stream: true } },
  { path: '/v1/messages', body: { model: 'm', max_tokens: 5, messages: [] } },
] as const;

async function assertPlain500(proxy: Broken & { mend(): void }): Promise<void> {
  for (const { path, body } of CALLS) {
    const response = await post(proxy.url, body, { path });
    const text = await response.text();
    assert.equal(response.status, 500, text);
    assert.equal(response.headers.get('x-signalbox-error'), 'internal');
    const { type, error } = JSON.parse(text) as { type?: string; error: { type: string; message: string } };
    assert.equal(error.message, 'Signalbox could not handle this request.');
    assert.deepEqual(
      [type, error.type],
      path === '/v1/messages' ? ['error', 'api_error'] : [undefined, 'server_error'],
    );
  }
  await until(() => proxy.recorder.ended.length === CALLS.length);
  assert.ok(proxy.recorder.ended.every(({ outcome, httpStatus }) => outcome === 'gateway_error' && httpStatus === 500));
  assert.match(proxy.metrics.text(), /signalbox_inflight_requests 0\n/);
  assert.match(proxy.metrics.text(), /signalbox_inflight_bytes 0\n/);
  assert.ok(proxy.said.some((line) => line.startsWith('a request failed inside Signalbox')));
  proxy.mend();
  const good = await post(proxy.url, CALLS[0].body);
  assert.equal(good.status, 200);
  await good.text();
}

for (let at = 1; at < STAGES.length; at++) {
  test(`I07 an exception before stage ${at}, ${STAGES[at]?.name}`, async (t) => {
    await assertPlain500(await brokenProxy(t, { after: at }));
  });
}

const SERVICES: Readonly<Record<string, Partial<Services>>> = {
  keys: { keys: broken() },
  resolver: { resolver: broken() },
  providers: { providers: broken() },
  config: { config: broken() },
  sweep: { sweep: broken() },
};

for (const [name, services] of Object.entries(SERVICES)) {
  test(`I07 ${name} that throw whatever they are asked`, async (t) =>
    assertPlain500(await brokenProxy(t, { services })));
}

test('I07 metrics and recorder that throw cost the answer’s record at most, never the process', async (t) => {
  const metrics = await brokenProxy(t, { services: { metrics: broken() } });
  await post(metrics.url, CALLS[0].body).then(
    (response) => response.text(),
    () => undefined,
  );
  await until(() => metrics.said.some((line) => line.startsWith('a request ended without its report')));
  metrics.mend();
  assert.equal((await post(metrics.url, CALLS[0].body)).status, 200);
});

test('I07 a processor that throws costs what it adds, a listener that throws costs nothing', async (t) => {
  const processors = PROCESSORS as Processor[];
  const throwing: Processor = { id: 'throwing', summary: '', create: () => mistake };
  // Before each of them and after the last.
  for (let at = 0; at <= processors.length; at += 2) processors.splice(at, 0, throwing);
  t.after(() => {
    for (let at = processors.length - 1; at >= 0; at--) if (processors[at] === throwing) processors.splice(at, 1);
  });
  const said: string[] = [];
  const keep = (message: string, fields?: object) => void said.push(`${message} ${JSON.stringify(fields ?? {})}`);
  await using ingest = await startIngest({ log: { info: keep, warn: keep, error: keep } });
  let heard = 0;
  ingest.pipeline.subscribe(mistake);
  ingest.pipeline.subscribe(() => void heard++);
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan({ name: 'kept' })]))).status, 200);
  await ingest.pipeline.flush();
  assert.deepEqual(
    ingest.store.spans.map(({ name }) => name),
    ['kept'],
  );
  assert.equal(heard, 1);
  assert.equal(
    ingest.pipeline.status().drops['processor_failed'],
    processors.filter((each) => each === throwing).length,
  );
  assert.ok(said.some((line) => line.startsWith('a listener to new spans failed')));
});

test('I07 a resource of the API that throws: 500 as a problem, the others go on', async (t) => {
  const resources = RESOURCES as Resource[];
  const failing = (path: string, handle: () => Promise<never>) =>
    resource({ path, summary: 'fails', input: z.strictObject({}), answer: z.never(), handle });
  const before = resources.length;
  resources.push(
    failing('/throws', () => mistake()),
    failing('/rejects', async () => mistake()),
    failing('/words', () => Promise.reject(SECRET)),
    failing('/range', () => Promise.reject(new RangeError(SECRET))),
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-exceptions-'));
  const config = defaultConfig();
  const listen = { ...config, collector: { ...config.collector, listen: '127.0.0.1:0' } };
  const collector = await startCollector({ config: listen, dataDir, log: silent });
  t.after(async () => {
    resources.length = before;
    await collector.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  for (const path of ['throws', 'rejects', 'words', 'range']) {
    const response = await fetch(`${collector.url}/api/v1/${path}`);
    const text = await response.text();
    assert.equal(response.status, 500, `${path}: ${text}`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const problem = JSON.parse(text) as { status: number; request_id: string };
    assert.equal(problem.status, 500);
    assert.equal(problem.request_id, response.headers.get('x-request-id'));
    assert.doesNotMatch(text, new RegExp(`${SECRET}| at |undefined`));
  }
  const status = (await (await fetch(`${collector.url}/api/v1/status`)).json()) as Status;
  assert.equal(status.store.ok, true);
});

test('I07 an exception that reaches the top ends its process, says so in one line, and the next life begins', async () => {
  for (const part of ['proxy', 'reporter'] as const) {
    const died: (string | undefined)[] = [];
    let lives = 0;
    const log = {
      ...silent,
      error: (message: string, fields?: object) => void died.push(`${message} ${JSON.stringify(fields ?? {})}`),
    };
    const child = new Child({
      part,
      entry: join(import.meta.dirname, '../support/throwing-child.ts'),
      log,
      start: () => ({ config: defaultConfig(), dataDir: '', writerId: `life-${++lives}` }),
    });
    await child.started;
    await until(() => lives >= 3, 'a third life');
    await child.stop(5_000);
    assert.match(died[0] ?? '', /^a process died and is started again .*"code":1/);
  }
});

test('I07 a log that nobody reads any more stops nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-epipe-'));
  const [proxyPort, collectorPort] = await freePorts(2);
  const child = spawn(process.execPath, ['signalbox.ts', 'proxy', '--data', dir], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SIGNALBOX_PROXY_LISTEN: `127.0.0.1:${proxyPort}`,
      SIGNALBOX_COLLECTOR_LISTEN: `127.0.0.1:${collectorPort}`,
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('is running'), 'the banner', 30_000);
    child.stdout.destroy();
    child.stderr.destroy();
    const url = `http://127.0.0.1:${proxyPort}`;
    // No collector is there: the reporter complains, to nobody.
    for (let calls = 0; calls < 3; calls++) assert.equal((await post(url, CALLS[0].body)).status, 200);
    const failures = async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/signalbox_report_failures_total (\d+)/.exec(metrics)?.[1] ?? 0);
    };
    await untilAsync('a complaint', async () => (await failures()) > 0, 40_000);
    await sleep(1_000);
    assert.ok((await failures()) > 0, 'the reporter is still the one that complained');
    assert.equal(child.exitCode, null);
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await ended, 0);
  rmSync(dir, { recursive: true, force: true });
});
