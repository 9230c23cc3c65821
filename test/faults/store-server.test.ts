// The collector on a ClickHouse server (store.url), and fault H03 of the catalogue there: whatever the server answers,
// what was accepted stays, comes under the same token again, and is stored once. The server is the real engine behind
// its HTTP interface as this suite speaks it (test/support/clickhouse-server.ts); no server can be had from npm.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test, type TestContext } from 'node:test';
import { startCollector, type Collector } from '../../collector/main.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { defaultConfig } from '../../runtime/config.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Series, Status, TraceDetail, TraceList } from '../../schemas/api.ts';
import { ClickHouseServer, PASSWORD, USER, type Fault } from '../support/clickhouse-server.ts';
import { otlpAttributes, otlpRequest, otlpSpan } from '../support/ingest.ts';
import { until } from '../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-server-'));
let server: ClickHouseServer;
let said: string[] = [];
const keep = (message: string, fields?: object) => void said.push(`${message} ${JSON.stringify(fields ?? {})}`);
const log: Logger = { info: keep, warn: keep, error: keep };

before(async () => {
  server = await ClickHouseServer.start(join(dir, 'engine'));
});

after(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

beforeEach(() => {
  said = [];
  server.fault = () => undefined;
});

async function start(url: string, name: string): Promise<Collector> {
  const config = defaultConfig();
  const collector = { ...config.collector, listen: '127.0.0.1:0' };
  const store = { ...config.store, url };
  return startCollector({ config: { ...config, collector, store }, dataDir: join(dir, name), log });
}

async function running(t: TestContext, database: string): Promise<Collector> {
  const collector = await start(server.url(database), database);
  t.after(() => collector.close());
  return collector;
}

let calls = 0;
async function send(collector: Collector): Promise<string> {
  const call = otlpSpan({
    kind: 3,
    attributes: otlpAttributes({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.input.messages': JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: `hello ${++calls}` }] },
      ]),
    }),
  });
  const response = await fetch(`${collector.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(otlpRequest([call])),
  });
  assert.equal(response.status, 200);
  await response.text();
  return String(call['traceId']);
}

async function api<Answer>(collector: Collector, path: string): Promise<Answer> {
  const response = await fetch(`${collector.url}/api/v1${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text) as Answer;
}

/** Rows in the table itself, and how many spans they are. */
async function stored(database: string): Promise<[rows: number, ids: number]> {
  const [row] = await server.rows<{ n: string; ids: string }>(
    `SELECT count() AS n, uniqExact(span_id) AS ids FROM ${database}.spans`,
  );
  return [Number(row?.n), Number(row?.ids)];
}

/** Asks until there are so many. */
async function listed(collector: Collector, count: number): Promise<TraceList['traces']> {
  for (let tries = 0; tries < 300; tries++) {
    const { traces } = await api<TraceList>(collector, '/traces?from=now-1h&limit=100');
    if (traces.length >= count) return traces;
  }
  return assert.fail(`there are no ${count} traces`);
}

test('an empty server becomes a store, answers every question, and is the same one after a restart', async () => {
  let collector = await start(server.url(), 'first');
  const trace = await send(collector);
  const traces = await listed(collector, 1);
  assert.deepEqual([traces.length, traces[0]?.trace_id, traces[0]?.models], [1, trace, ['gpt-4o']]);
  const detail = await api<TraceDetail>(collector, `/traces/${trace}`);
  assert.deepEqual([detail.in_tok, detail.out_tok, detail.spans.length], [10, 5, 1]);
  const io = await api<{ input: unknown }>(collector, `/traces/${trace}/spans/${detail.spans[0]?.span_id}/io`);
  assert.match(JSON.stringify(io.input), /hello 1/);
  const series = await api<Series>(collector, '/series?metric=requests,tokens,latency_p95&from=now-1h&step=60s');
  assert.deepEqual(
    series.series.map(({ metric, total }) => [metric, metric === 'latency_p95' || total]),
    [
      ['requests', 1],
      ['tokens', 15],
      ['latency_p95', true],
    ],
  );
  await api(collector, '/facets?from=now-1h');
  const status = await api<Status>(collector, '/status');
  assert.deepEqual([status.store.mode, status.store.ok, status.store.rows], ['server', true, 1]);
  const health = await fetch(`${collector.url}/readyz`);
  assert.equal(health.status, 200);
  await collector.close();

  collector = await start(server.url(), 'first');
  assert.equal((await listed(collector, 1)).length, 1);
  await collector.close();
  const [made] = await server.rows<{ n: string }>(
    "SELECT count() AS n FROM system.tables WHERE database = 'signalbox'",
  );
  const [stray] = await server.rows<{ n: string }>("SELECT count() AS n FROM system.tables WHERE database = 'default'");
  assert.ok(Number(made?.n) > 8);
  assert.equal(Number(stray?.n), 0);
});

/** What a server may answer to an insert, each once. */
const ANSWERS: Readonly<Record<string, Fault>> = {
  'too many parts': { code: 252, name: 'TOO_MANY_PARTS' },
  'no memory': { code: 241, name: 'MEMORY_LIMIT_EXCEEDED' },
  'read only': { code: 164, name: 'READONLY' },
  'wrong password': { code: 516, name: 'AUTHENTICATION_FAILED', status: 403 },
  'too many questions': { code: 202, name: 'TOO_MANY_SIMULTANEOUS_QUERIES' },
  'no space': { code: 243, name: 'NOT_ENOUGH_SPACE' },
  'something between us and it': { status: 502 },
  'nothing, although it did it': { lost: true },
};

test('H03 what a server may answer to an insert', async (t) => {
  const collector = await running(t, 'h03');
  let sent = 0;
  for (const [name, fault] of Object.entries(ANSWERS)) {
    await t.test(name, async () => {
      said = [];
      const tokens: string[] = [];
      server.fault = (sql) => {
        if (!sql.startsWith('INSERT INTO spans ')) return undefined;
        tokens.push(/insert_deduplication_token = '([^']*)'/.exec(sql)?.[1] ?? '');
        return tokens.length === 1 ? fault : undefined;
      };
      const trace = await send(collector);
      await until(() => tokens.length === 1, 'the refusal');
      // Receiving goes on meanwhile.
      await send(collector);
      sent += 2;
      const found = await listed(collector, sent);
      assert.ok(found.some(({ trace_id: id }) => id === trace));
      assert.notEqual(tokens[0], '');
      assert.equal(tokens[0], tokens[1], 'it comes under the same token');
      assert.deepEqual(await stored('h03'), [sent, sent]);
      const { series } = await api<Series>(collector, '/series?metric=tokens&from=now-1h&step=60s');
      assert.equal(series[0]?.total, 15 * sent, 'the rollups have it once, too');
      const { drops, queue } = await api<Status>(collector, '/status');
      assert.deepEqual([drops['quarantined_rows'], queue.records], [0, 0]);
      const lines = said.join('\n');
      assert.match(lines, /the store did not take a batch; trying again/);
      if (fault.name) assert.match(lines, new RegExp(`spans: ${fault.name} \\(code ${fault.code}\\)`));
      assert.ok(!lines.includes('hello') && !lines.includes(PASSWORD) && !lines.includes(decodeURIComponent(PASSWORD)));
    });
  }
  assert.deepEqual(readdirSync(join(dir, 'h03', 'collector', 'quarantine')), []);
});

test('H03 a server that refuses the rows themselves: they are set aside, and the next are stored', async (t) => {
  const collector = await running(t, 'h03_rows');
  let refusals = 0;
  server.fault = (sql) => {
    if (!sql.startsWith('INSERT INTO spans ')) return undefined;
    refusals++;
    return { code: 27, name: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED', status: 400 };
  };
  await send(collector);
  await until(() => readdirSync(join(dir, 'h03_rows', 'collector', 'quarantine')).length === 1, 'the file');
  assert.ok(refusals >= 1);
  server.fault = () => undefined;
  const next = await send(collector);
  assert.deepEqual(
    (await listed(collector, 1)).map(({ trace_id: id }) => id),
    [next],
  );
  assert.ok(((await api<Status>(collector, '/status')).drops['quarantined_rows'] ?? 0) >= 1);
});

test('H03 questions to a server that fails are 503 with a reason that quotes nothing', async (t) => {
  const collector = await running(t, 'h03_questions');
  server.fault = (sql) =>
    /^\s*(SELECT|WITH)/.test(sql) ? { code: 516, name: 'AUTHENTICATION_FAILED', status: 403 } : undefined;
  const response = await fetch(`${collector.url}/api/v1/traces?from=now-1h&q=${encodeURIComponent('user:somebody')}`);
  assert.equal(response.status, 503);
  const { detail } = (await response.json()) as { detail: string };
  assert.match(detail, /the store does not answer/);
  const status = await api<Status>(collector, '/status');
  assert.equal(status.store.ok, false);
  const lines = `${said.join('\n')}${status.store.message}`;
  assert.ok(!lines.includes('somebody') && !lines.includes(decodeURIComponent(PASSWORD)));
  await send(collector);
});

test('a server that cannot be used is one plain line without its password', async () => {
  const refusals = {
    [`http://${USER}:wrong-Word0815@127.0.0.1:${server.port}/db`]:
      /^cannot use the ClickHouse server at 127\.0\.0\.1:\d+: .*Authentication failed/,
    [`http://${USER}:${PASSWORD}@127.0.0.1:1/db`]:
      /^cannot use the ClickHouse server at 127\.0\.0\.1:1: .*ECONNREFUSED/,
    [server.url('a-b;c')]: /^the database in store\.url must be a name of letters/,
  };
  for (const [url, words] of Object.entries(refusals)) {
    await assert.rejects(StoreClient.open({ path: '', url }), (error: Error) => {
      assert.equal(error.name, 'StoreOpenError');
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /\n|Word0815/);
      return true;
    });
  }
});

test('a database that is there is used without the right to make one', async (t) => {
  await server.rows('CREATE DATABASE theirs');
  server.fault = (sql) => (/CREATE DATABASE/.test(sql) ? { code: 497, name: 'ACCESS_DENIED', status: 403 } : undefined);
  const collector = await running(t, 'theirs');
  await send(collector);
  await listed(collector, 1);
  assert.deepEqual(await stored('theirs'), [1, 1]);
});
