import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseQuery } from '../../collector/api/query.ts';
import { PermanentError } from '../../collector/component.ts';
import { encodeBatch } from '../../collector/queue/codec.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { StoreOpenError } from '../../collector/store/errors.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { facets } from '../../collector/store/queries/facets.ts';
import { spanIo } from '../../collector/store/queries/io.ts';
import { listTraces } from '../../collector/store/queries/list.ts';
import { recentSpanIds } from '../../collector/store/queries/recent.ts';
import { series } from '../../collector/store/queries/series.ts';
import { storeSize } from '../../collector/store/queries/status.ts';
import { traceById } from '../../collector/store/queries/trace.ts';
import { sql, Sql } from '../../collector/store/sql.ts';
import { summariesOf } from '../../collector/summaries.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { METRICS, SERIES_BY, type TraceSummary } from '../../schemas/api.ts';
import { isModelCall, type SpanBatch, type SpanRow } from '../../schemas/span.ts';
import { agentRows, Dice, ioRow, requestRows, spanRow } from '../support/span-rows.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-store-'));
const { retention } = defaultConfig().store;
const HOUR = 3_600_000_000;
// The middle of an hour, so that the data lies in whole minutes and steps of either side of it.
const NOW = Math.floor(Date.now() / 3_600_000) * HOUR - HOUR / 2;
const dice = new Dice(7);
const rows: SpanRow[] = [];
let store: StoreClient;

function range(hours: number) {
  return { from: NOW - hours * HOUR, to: NOW + HOUR };
}

function batch(spans: readonly SpanRow[], io: SpanBatch['io'] = []): SpanBatch {
  return { spans, io };
}

async function one<Row>(question: Sql): Promise<Row> {
  const [row] = await store.query<Row>(question);
  assert.ok(row);
  return row;
}

async function everyTrace(query: string, limit = 100): Promise<TraceSummary[]> {
  const found: TraceSummary[] = [];
  let after: Parameters<typeof listTraces>[1]['after'];
  do {
    const page = await listTraces(store, { range: range(48), filter: parseQuery(query), limit, after });
    found.push(...page.traces);
    after = page.next;
  } while (after);
  return found;
}

/** Takes rows that are older than that out again, so that later tests count only what they know. */
async function forget(hours: number): Promise<void> {
  const before = sql`toDateTime(${Math.floor((NOW - hours * HOUR) / 1e6)}, 'UTC')`;
  const ages = {
    spans: 'ts',
    span_io: 'ts',
    trace_parts: 'ts',
    route_1m: 'minute',
    route_1h: 'hour',
    usage_1h: 'hour',
    dist_1h: 'hour',
  };
  for (const [table, age] of Object.entries(ages)) {
    await store.command(
      sql`ALTER TABLE ${new Sql(table)} DELETE WHERE ${new Sql(age)} < ${before} SETTINGS mutations_sync = 1`,
    );
  }
}

before(async () => {
  store = await StoreClient.open({ path: dir });
  await migrate(store, retention);
  await migrate(store, retention);
  const writer = createStoreWriter(store);
  // Requests over a day and a half, in batches as the queue makes them; the spans of an agent come in two.
  const late: SpanRow[] = [];
  for (let index = 0; index < 20; index++) {
    const spans: SpanRow[] = [];
    for (let each = 0; each < 60; each++) spans.push(...requestRows(dice, NOW - dice.upTo(36 * HOUR)));
    const agent = agentRows(dice, NOW - dice.upTo(30 * HOUR));
    spans.push(...late.splice(0), ...agent.slice(0, -1));
    late.push(...agent.slice(-1));
    rows.push(...spans);
    await writer.insert(batch(spans), `batch-${index}`);
  }
  rows.push(...late);
  await writer.insertEncoded(encodeBatch(batch(late)), 'late');
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('every span is there once, and the derived tables say the same', async () => {
  const calls = rows.filter((row) => isModelCall(row));
  const raw = await one<Record<string, number>>(sql`SELECT count() AS n, uniqExact(trace_id, span_id) AS ids,
    countIf(is_call) AS calls, sumIf(in_tok, is_call) AS tokens, sumIf(cost_usd, is_call AND cost_known) AS cost FROM spans`);
  const cost = calls.reduce((sum, call) => sum + call.cost_usd, 0);
  const tokens = calls.reduce((sum, call) => sum + call.in_tok, 0);
  assert.deepEqual({ ...raw, cost: raw['cost']?.toFixed(9) }, { n: rows.length, ids: rows.length, calls: calls.length, tokens, cost: cost.toFixed(9) }); // prettier-ignore
  const tables = [
    sql`SELECT sum(spans) AS spans, sum(calls) AS calls, sum(in_tok) AS tokens, sum(cost_usd) AS cost FROM trace_parts`,
    sql`SELECT ${rows.length} AS spans, sum(n) AS calls, sum(in_tok) AS tokens, sum(cost_usd) AS cost FROM route_1m WHERE scope = 'call'`,
    sql`SELECT ${rows.length} AS spans, ${calls.length} AS calls, sum(in_tok) AS tokens, sum(cost_usd) AS cost FROM route_1m WHERE scope = 'entry'`,
    sql`SELECT ${rows.length} AS spans, sum(n) AS calls, sum(in_tok) AS tokens, sum(cost_usd) AS cost FROM usage_1h`,
  ];
  for (const table of tables) {
    const derived = await one<Record<string, number>>(table);
    assert.deepEqual({ ...derived, cost: derived['cost']?.toFixed(9) }, { spans: rows.length, calls: calls.length, tokens, cost: cost.toFixed(9) }, table.text); // prettier-ignore
  }
  const index = await one<{ traces: number; spans: number }>(sql`SELECT uniqExact(trace_id) AS traces, sum(spans) AS spans FROM trace_index`); // prettier-ignore
  assert.deepEqual(index, { traces: new Set(rows.map((row) => row.trace_id)).size, spans: rows.length });
  const dist = await one<{ n: number; binned: number }>(sql`SELECT sum(n) AS n, sum(arraySum(mapValues(bins))) AS binned FROM dist_1h WHERE feature = 'out_tok'`); // prettier-ignore
  const good = calls.filter((call) => call.status !== 'error').length;
  assert.deepEqual(dist, { n: good, binned: good });
});

test('the same token three times is one copy, in spans and everywhere behind it', async () => {
  const writer = createStoreWriter(store);
  const counts = () =>
    one<Record<string, number>>(sql`SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM span_io) AS io,
      (SELECT sum(spans) FROM trace_parts) AS parts, (SELECT sum(spans) FROM trace_index) AS traces,
      (SELECT sum(n) FROM route_1m) AS minutes, (SELECT sum(n) FROM usage_1h) AS hours, (SELECT sum(n) FROM dist_1h) AS bins`);
  const before = await counts();
  const spans = requestRows(new Dice(99), NOW - 40 * HOUR);
  const [server] = spans;
  assert.ok(server);
  const again = batch(spans, [ioRow(server, { raw_request: '{}' })]);
  await writer.insert(again, 'again');
  const once = await counts();
  await writer.insert(again, 'again');
  await writer.insert(again, 'again');
  assert.deepEqual(await counts(), once);
  assert.equal(once['spans'], (before['spans'] ?? 0) + spans.length);
  assert.equal(once['parts'], (before['parts'] ?? 0) + spans.length);
  // The same rows under another token are other rows: only tokens decide.
  await writer.insert(batch(spans), 'not-again');
  assert.equal((await counts())['spans'], (once['spans'] ?? 0) + spans.length);
  await forget(39);
});

test('a crash between a table and its views leaves no hole', async () => {
  const writer = createStoreWriter(store);
  const spans = requestRows(new Dice(5), NOW - 45 * HOUR);
  const hours = () =>
    one<{ n: number }>(
      sql`SELECT sum(n) AS n FROM usage_1h WHERE hour < toDateTime(${Math.floor((NOW - 42 * HOUR) / 1e6)})`,
    );
  await store.command(sql`DETACH TABLE usage_1h_mv`);
  await writer.insert(batch(spans), 'half');
  assert.equal((await hours()).n, 0);
  await store.command(sql`ATTACH TABLE usage_1h_mv`);
  await writer.insert(batch(spans), 'half');
  await writer.insert(batch(spans), 'half');
  assert.equal((await hours()).n, spans.length - 1);
  assert.equal(
    (await one<{ n: number }>(sql`SELECT count() AS n FROM spans WHERE trace_id = ${spans[0]?.trace_id ?? ''}`)).n,
    spans.length,
  );
  await forget(42);
});

test('bad rows are permanent, a good half still goes in', async () => {
  const writer = createStoreWriter(store);
  const good = spanRow({ trace_id: 'e'.repeat(32), span_id: '1'.repeat(16), ts: NOW - 47 * HOUR });
  const poisons: Partial<SpanRow>[] = [
    { in_tok: -1 },
    { kind: 'sideways' as SpanRow['kind'] },
    { trace_id: 'f'.repeat(40) },
    { cost_usd: 1e300 },
    { tags: 'none' as unknown as SpanRow['tags'] },
    { duration_ns: 'long' as unknown as number },
  ];
  for (const [index, poison] of poisons.entries()) {
    await assert.rejects(
      writer.insert(batch([good, { ...good, ...poison }]), `poison-${index}`),
      PermanentError,
      JSON.stringify(poison),
    );
  }
  assert.equal((await one<{ n: number }>(sql`SELECT count() AS n FROM spans WHERE trace_id = ${good.trace_id}`)).n, 0);
  await writer.insert(batch([good]), 'poison-good-half');
  assert.equal((await one<{ n: number }>(sql`SELECT count() AS n FROM spans WHERE trace_id = ${good.trace_id}`)).n, 1);
  await forget(46);
});

test('the list: newest first, every trace once, page by page, totals as live would say', async () => {
  const traces = await everyTrace('', 37);
  const byTrace = Map.groupBy(rows, (row) => row.trace_id);
  assert.equal(traces.length, byTrace.size);
  assert.equal(new Set(traces.map((trace) => trace.trace_id)).size, traces.length);
  assert.deepEqual(
    traces.map((trace) => trace.start),
    traces.map((trace) => trace.start).toSorted((a, b) => b - a),
  );
  const exact = (trace: TraceSummary) => ({
    ...trace,
    cost_usd: trace.cost_usd === null ? null : trace.cost_usd.toFixed(9),
  });
  for (const trace of traces) {
    const spans = byTrace.get(trace.trace_id) ?? [];
    const [expected] = summariesOf({ spans, io: [] });
    assert.ok(expected);
    assert.deepEqual(exact(trace), exact(expected));
  }
});

test('filters find exactly what they say', async () => {
  const byTrace = [...Map.groupBy(rows, (row) => row.trace_id).values()];
  const calls = (spans: SpanRow[]) => spans.filter((span) => isModelCall(span));
  const entry = (spans: SpanRow[]) => spans.find((span) => span.is_entry);
  const sum = (spans: SpanRow[], key: 'in_tok' | 'out_tok' | 'cost_usd') =>
    calls(spans).reduce((total, call) => total + call[key], 0);
  const table: [string, (spans: SpanRow[]) => boolean][] = [
    ['model:gpt-5', (spans) => calls(spans).some((call) => call.model === 'gpt-5')],
    ['model:gpt-*', (spans) => calls(spans).some((call) => call.model.startsWith('gpt-'))],
    ['-model:gpt-5', (spans) => !calls(spans).some((call) => call.model === 'gpt-5')],
    ['model:gpt-5,llama-3.3-70b team:search,agents', (spans) => calls(spans).some((call) => ['gpt-5', 'llama-3.3-70b'].includes(call.model)) && ['search', 'agents'].includes(entry(spans)?.team ?? '')],
    ['provider:anthropic deployment:*-eu', (spans) => calls(spans).some((call) => call.provider === 'anthropic') && calls(spans).some((call) => call.deployment.endsWith('-eu'))],
    ['status:error', (spans) => entry(spans)?.status === 'error'],
    ['-status:error', (spans) => entry(spans)?.status !== 'error'],
    ['outcome:ok', (spans) => entry(spans)?.outcome === 'ok'],
    ['error:rate_limit http:502', (spans) => entry(spans)?.error_type === 'rate_limit'],
    ['http:>=500', (spans) => (entry(spans)?.http_status ?? 0) >= 500],
    ['duration:>2s', (spans) => (entry(spans)?.duration_ns ?? 0) > 2e9],
    ['duration:<=1s stream:true', (spans) => (entry(spans)?.duration_ns ?? 0) <= 1e9 && entry(spans)?.stream === true],
    ['tag.feature:mail', (spans) => entry(spans)?.tags['feature'] === 'mail'],
    ['route:""', (spans) => entry(spans)?.route === ''],
    ['user:user-7', (spans) => entry(spans)?.user_id === 'user-7'],
    ['session:session-7,session-8 -key:key-1', (spans) => ['session-7', 'session-8'].includes(entry(spans)?.session_id ?? '') && entry(spans)?.key_id !== 'key-1'],
    ['cost:>0.001', (spans) => sum(spans, 'cost_usd') > 0.001],
    ['cost:>0.0011 source:otlp', (spans) => sum(spans, 'cost_usd') > 0.0011 && entry(spans)?.source === 'otlp'],
    ['tokens:>2k', (spans) => sum(spans, 'in_tok') + sum(spans, 'out_tok') > 2000],
    ['in:>1000 out:<300', (spans) => sum(spans, 'in_tok') > 1000 && sum(spans, 'out_tok') < 300],
    ['service:agent-app', (spans) => entry(spans)?.service === 'agent-app'],
    ['op:chat source:otlp', (spans) => entry(spans)?.source === 'otlp'],
    ['finish:length', (spans) => calls(spans).some((call) => call.finish_reason === 'length')],
    ['attr.http.route:/v1/chat/completions', (spans) => entry(spans)?.source === 'gateway'],
    ['name:POST*', (spans) => entry(spans)?.source === 'gateway'],
  ]; // prettier-ignore
  for (const [query, holds] of table) {
    const expected = byTrace.filter((spans) => holds(spans)).map((spans) => spans[0]?.trace_id);
    const found = await everyTrace(query, 200);
    assert.deepEqual(found.map((trace) => trace.trace_id).toSorted(), expected.toSorted(), query);
    if (query !== 'route:""')
      assert.ok(expected.length > 0 || query.includes('>0.0011'), `the data says nothing about ${query}`);
  }
  const [someone] = rows;
  assert.equal((await everyTrace(`trace:${someone?.trace_id}`)).length, 1);
});

test('facets count what the list shows', async () => {
  for (const query of ['', 'model:gpt-5', 'status:error', 'team:search -route:assistant']) {
    const found = await facets(store, { range: range(48), filter: parseQuery(query) });
    const traces = await everyTrace(query, 500);
    const expected = (values: (trace: TraceSummary) => readonly string[]) => {
      const counts = new Map<string, number>();
      for (const value of traces.flatMap((trace) => [...new Set(values(trace))]))
        counts.set(value, (counts.get(value) ?? 0) + 1);
      return Object.fromEntries([...counts].filter(([value]) => value !== '').toSorted());
    };
    const actual = (key: string) =>
      Object.fromEntries(
        (found.facets.find((facet) => facet.key === key)?.values ?? [])
          .map(({ value, count }): [string, number] => [value, count])
          .toSorted(),
      );
    assert.deepEqual(
      actual('team'),
      expected((trace) => [trace.team]),
      query,
    );
    assert.deepEqual(
      actual('model'),
      expected((trace) => trace.models),
      query,
    );
    assert.deepEqual(
      actual('provider'),
      expected((trace) => trace.providers),
      query,
    );
    assert.deepEqual(
      actual('status'),
      expected((trace) => [trace.status === 'error' ? 'error' : 'ok']),
      query,
    );
  }
});

test('facets of a large window count its newest requests and say so', async () => {
  const counted = async (query: string, most: number) => {
    const { facets: found, newest } = await facets(store, { range: range(48), filter: parseQuery(query), most });
    const status = found.find(({ key }) => key === 'status')?.values ?? [];
    return { newest, count: status.reduce((sum, { count }) => sum + count, 0) };
  };
  const whole = await counted('', 1e6);
  assert.equal(whole.newest, null);
  assert.deepEqual(await counted('', 100), { newest: 100, count: 100 });
  assert.deepEqual(await counted('', whole.count), whole);
  const newest = rows.filter((row) => row.is_entry).toSorted((a, b) => b.ts - a.ts);
  const failed = newest.slice(0, 100).filter((row) => row.status === 'error').length;
  assert.equal((await counted('status:error', 100)).count, failed);
});

test('series: rollups and raw rows give the same numbers', async () => {
  const [from, to] = [NOW - 40 * HOUR, NOW + HOUR];
  for (const by of [undefined, ...SERIES_BY]) {
    const ask = (step: number, query = '') =>
      series(store, { metrics: METRICS, by, step, range: { from, to }, filter: parseQuery(query) });
    const odd = await ask(3_599_000); // no whole minutes: read from the rows
    const rollups = [await ask(3_600_000), await ask(6 * 3_600_000)];
    for (const line of rollups.flatMap((rollup) => rollup.series)) {
      const same = odd.series.find((other) => other.metric === line.metric && other.group === line.group);
      assert.ok(same, `${line.metric} ${line.group}`);
      assert.equal(same.samples, line.samples, `${line.metric} by ${by} ${line.group}`);
      const close = line.unit === 'ms' ? 0.05 : 1e-9;
      if (line.total === null || same.total === null) assert.equal(line.total, same.total);
      else
        assert.ok(
          Math.abs(line.total - same.total) <= Math.abs(same.total) * close + 1e-9,
          `${line.metric} by ${by} ${line.group}: ${line.total} and ${same.total}`,
        );
    }
  }
});

test('series: the numbers are those of the rows', async () => {
  const calls = rows.filter((row) => isModelCall(row));
  const entries = rows.filter((row) => row.is_entry);
  const wide = { from: NOW - 40 * HOUR, to: NOW + HOUR };
  const whole = await series(store, { metrics: METRICS, step: 3_600_000, range: wide, filter: [] });
  const total = (metric: string) => whole.series.find((line) => line.metric === metric)?.total ?? null;
  const failed = entries.filter((row) => row.status === 'error').length;
  assert.equal(total('requests'), entries.length);
  assert.equal(total('errors'), failed);
  assert.equal(total('error_rate'), failed / entries.length);
  assert.equal(
    total('input_tokens'),
    calls.reduce((sum, call) => sum + call.in_tok, 0),
  );
  assert.equal(total('unpriced'), calls.filter((call) => !call.cost_known && call.in_tok > 0).length);
  const cost = calls.reduce((sum, call) => sum + call.cost_usd, 0);
  assert.ok(Math.abs((total('cost') ?? 0) - cost) < 1e-9);
  const durations = entries.map((row) => row.duration_ns / 1e6).sort((a, b) => a - b);
  const p95 = durations[Math.floor(durations.length * 0.95)] ?? 0;
  assert.ok(Math.abs((total('latency_p95') ?? 0) - p95) < p95 * 0.03);
  const requests = whole.series.find((line) => line.metric === 'requests');
  const points = requests?.points ?? [];
  assert.equal(
    points.reduce((sum, [, value]) => sum + (value ?? 0), 0),
    entries.length,
  );
  assert.ok(
    points.some(([, value]) => value === null),
    'an hour without requests is a gap',
  );
  assert.ok(points.every(([time]) => time % 3_600_000 === 0));
  const byModel = await series(store, {
    metrics: ['requests', 'errors'],
    by: 'model',
    step: 3_600_000,
    range: wide,
    filter: [],
  });
  for (const line of byModel.series) {
    const mine = calls.filter(
      (call) => call.model === line.group && (line.metric === 'requests' || call.status === 'error'),
    );
    assert.equal(line.total, mine.length, `${line.metric} of ${line.group}`);
  }
  const filtered = await series(store, {
    metrics: ['requests', 'tokens'],
    step: 3_600_000,
    range: wide,
    filter: parseQuery('team:search model:gpt-5'),
  });
  const expected = await everyTrace('team:search model:gpt-5', 500);
  assert.equal(filtered.series[0]?.total, expected.length);
  assert.equal(
    filtered.series[1]?.total,
    expected.reduce((sum, trace) => sum + trace.in_tok + trace.out_tok, 0),
  );
});

test('a trace by its id alone, its payload, and what is not there', async () => {
  const agent = rows.find((row) => row.name === 'invoke_agent planner');
  assert.ok(agent);
  const spans = rows.filter((row) => row.trace_id === agent.trace_id);
  const detail = await traceById(store, agent.trace_id);
  assert.ok(detail);
  assert.equal(detail.spans.length, spans.length);
  assert.equal(detail.start, agent.ts / 1000);
  assert.equal(detail.duration, 9000);
  assert.equal(detail.in_tok, spans.filter((span) => isModelCall(span)).length * 500);
  assert.equal(detail.truncated, false);
  const first = detail.spans[0];
  assert.equal(first?.span_id, agent.span_id);
  assert.equal(first?.has_io, false);
  assert.equal(await traceById(store, '0'.repeat(31) + '1'), undefined);
  assert.equal(await spanIo(store, agent.trace_id, agent.span_id), undefined);
});

test('events, links and odd characters come back as they went in', async () => {
  const odd = "tab\t newline\n quote' backslash\\ nul\u0000 emoji😀 line\u2028 ünïcode";
  const span = spanRow({
    trace_id: 'c'.repeat(32),
    span_id: 'd'.repeat(16),
    ts: NOW,
    is_root: true,
    is_entry: true,
    name: odd,
    attrs: { [odd]: odd, __proto__x: 'y' },
    tags: { k: odd },
    tools_called: ['a', odd],
    events: [{ ts: NOW, name: 'first', attrs: { a: odd } }],
    links: [{ trace_id: 'e'.repeat(32), span_id: 'f'.repeat(16) }],
    duration_ns: 2 ** 52,
    cost_usd: 1.234567e-6,
    cost_known: true,
  });
  const input = JSON.stringify({
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', content: odd }] }],
    tools: [],
  });
  const io = ioRow(span, {
    input,
    output: '[]',
    raw_request: odd,
    raw_response: 'x',
    request_size: 9999,
    response_size: 1,
  });
  await createStoreWriter(store).insert(batch([span], [io]), 'odd');
  const detail = await traceById(store, span.trace_id);
  const stored = detail?.spans[0];
  assert.ok(stored);
  assert.equal(stored.name, odd);
  assert.deepEqual(stored.attrs, { [odd]: odd, __proto__x: 'y' });
  assert.deepEqual(stored.tools_called, ['a', odd]);
  assert.deepEqual(stored.events, [{ ts: NOW, name: 'first', attrs: { a: odd } }]);
  assert.deepEqual(stored.links, [{ trace_id: 'e'.repeat(32), span_id: 'f'.repeat(16) }]);
  assert.equal(stored.duration, 2 ** 52 / 1e6);
  assert.equal(stored.start, NOW / 1000);
  assert.equal(stored.has_io, true);
  const read = await spanIo(store, span.trace_id, span.span_id);
  assert.deepEqual(read?.input, JSON.parse(input));
  assert.equal(read?.raw_request, odd);
  assert.equal(read?.truncated, true);
});

test('words are found in prompts, answers and previews, in any script', async () => {
  const say = (id: string, input: string, output: string, preview = '') => {
    const span = spanRow({
      trace_id: id.repeat(32),
      span_id: id.repeat(16),
      ts: NOW - 1000,
      is_root: true,
      is_entry: true,
      in_preview: preview,
    });
    return { span, io: input === '' ? [] : [ioRow(span, { input, output })] };
  };
  const said = [
    say('1', 'Please refund my order', 'Of course'),
    say('2', 'Do not refund anything', 'The REFUND policy is strict'),
    say('3', '私は返金を希望します', 'はい'),
    say('4', '', '', 'only a preview of a zebra'),
  ];
  await createStoreWriter(store).insert(
    batch(
      said.map((each) => each.span),
      said.flatMap((each) => each.io),
    ),
    'words',
  );
  const find = async (query: string) =>
    (await everyTrace(query))
      .map((trace) => trace.trace_id.charAt(0))
      .toSorted()
      .join('');
  assert.equal(await find('refund'), '12');
  assert.equal(await find('Refund'), '12');
  assert.equal(await find('"refund my order"'), '1');
  assert.equal(await find('"order my refund"'), '');
  assert.equal(await find('refund -strict'), '1');
  assert.equal(await find('policy'), '2');
  assert.equal(await find('返金'), '3');
  assert.equal(await find('zebra'), '4');
  assert.equal(await find('"refun"'), '');
});

test('what people type never leaves its literal', async () => {
  const rowsBefore = (await storeSize(store)).rows;
  for (const hostile of [
    "'; DROP TABLE spans; --",
    ')) OR 1=1',
    '\\',
    "x' FORMAT Null",
    "' UNION SELECT * FROM file('/etc/hostname')",
    '%',
    '_',
    '{x:Identifier}',
    '\u0000',
  ]) {
    const quoted = `"${hostile.replace(/["\\]/g, '\\$&')}"`;
    for (const key of ['model:', 'team:', 'tag.x:', 'attr.x:', 'user:'])
      assert.deepEqual(await everyTrace(key + quoted), [], key + quoted);
  }
  assert.equal((await storeSize(store)).rows, rowsBefore);
});

test('recent ids and size', async () => {
  const ids: string[] = [];
  for await (const id of recentSpanIds(store, NOW / 1000 - 2 * 3_600_000)) ids.push(id);
  const since = rows.filter((row) => row.ts_received >= NOW / 1000 - 2 * 3_600_000);
  assert.ok(since.every((row) => ids.includes(row.trace_id + row.span_id)));
  assert.ok(ids.every((id) => /^[0-9a-f]{48}$/.test(id)));
  const size = await storeSize(store);
  assert.ok(size.rows >= rows.length && size.disk_bytes > 10_000 && size.parts > 5);
});

test('a changed retention reaches the tables', async () => {
  await migrate(store, { ...retention, spans: (5 * 86_400_000) as typeof retention.spans });
  const { ddl } = await one<{ ddl: string }>(
    sql`SELECT create_table_query AS ddl FROM system.tables WHERE name = 'spans' AND database = currentDatabase()`,
  );
  assert.match(ddl, /toIntervalSecond\(432000\)/);
  await migrate(store, retention);
});

test('a question too big is refused, and the store goes on', async () => {
  await assert.rejects(store.query(sql`SELECT sum(cityHash64(number)) FROM numbers(100000000000)`, { seconds: 1 }), {
    name: 'QueryLimitError',
  });
  await assert.rejects(store.query(sql`SELECT number FROM numbers(1000)`, { rows: 10 }), { name: 'QueryLimitError' });
  assert.deepEqual(await store.query(sql`SELECT 1 AS one`), [{ one: 1 }]);
});

test('a second process on the directory is told so in one sentence', async () => {
  const code = `import { StoreClient } from ${JSON.stringify(import.meta.resolve('../../collector/store/client.ts'))};
    await StoreClient.open({ path: ${JSON.stringify(dir)} }).catch((error) => console.log(error.name + ': ' + error.message));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  await once(child, 'close');
  assert.match(said, /^StoreOpenError: another Signalbox \(process \d+\) uses the data directory .*\n$/);
});

test('a directory that cannot be, and a schema from the future', async () => {
  const file = join(dir, 'a-file');
  writeFileSync(file, '');
  await assert.rejects(StoreClient.open({ path: file }), StoreOpenError);
  if (process.getuid?.() !== 0) {
    chmodSync(dir, 0o555);
    await assert.rejects(StoreClient.open({ path: join(dir, 'sub') }), /cannot be written/);
    chmodSync(dir, 0o755);
  }
  await store.command(sql`INSERT INTO migrations (version, name) VALUES (9999, 'from the future')`);
  await assert.rejects(
    migrate(store, retention),
    /written by a newer Signalbox \(schema 9999, this version knows \d+\)/,
  );
});
