// The three-sided ledger over the real command: thousands of mixed calls, one in ten with a fault. Client log,
// provider's log and store must tell one story.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { compare, getJson, readTotals, readTrace } from '../support/ledger.ts';
import { runLoad } from '../support/load.ts';
import { configFor, planned, PRICES, rangeSince, report, settledRows } from '../support/mix.ts';
import { Signalbox } from '../support/proc.ts';
import { startUpstream } from '../support/upstream.ts';
import type { ClientEntry } from '../support/load.ts';
import type { Range } from '../support/mix.ts';
import type { Upstream } from '../support/upstream.ts';
import type { SpanIo, TraceSummary } from '../../schemas/api.ts';

const CALLS = 5_000;
const PARALLEL = 24;

describe(`${CALLS} mixed calls, one in ten with a fault`, () => {
  let upstream: Upstream;
  let signalbox: Signalbox;
  let client: ClientEntry[];
  let rows: TraceSummary[];
  let range: Range;

  before(async () => {
    upstream = await startUpstream();
    signalbox = await Signalbox.start({ config: configFor(upstream, 1) });
    const start = Date.now();
    const plan = Array.from({ length: CALLS }, (_, index) => planned(index));
    client = await runLoad({ url: signalbox.proxyUrl, plan, parallel: PARALLEL, key: 'caller-key' });
    console.log(`${CALLS} calls in ${Date.now() - start} ms`);
    range = rangeSince(start);
    rows = await settledRows(signalbox, range, CALLS);
  });

  after(async () => {
    await signalbox?.close();
    await upstream?.close();
  });

  test('client, provider and store tell one story: outcome, attempts, tokens, cost, bytes', () => {
    report(compare({ client, upstream: upstream.calls, rows, prices: PRICES }));
  });

  test('every call has an answer, and every kind of end was there', () => {
    const answered = client.filter((entry) => entry.status !== 0 || entry.abortAfterMs !== undefined);
    assert.equal(answered.length, CALLS);
    const outcomes = new Set(rows.map((row) => row.outcome));
    for (const outcome of ['ok', 'upstream_error', 'truncated', 'client_cancelled'])
      assert.ok(outcomes.has(outcome), outcome);
  });

  for (const [step, source] of [
    ['1m', 'rollups'],
    ['5s', 'spans'],
  ] as const) {
    test(`the totals of the ${source} are the sum of the rows`, async () => {
      const metrics = ['requests', 'errors', 'input_tokens', 'output_tokens', 'cost'];
      const totals = await readTotals(signalbox.collectorUrl, metrics, { ...range, step });
      const sum = (value: (row: TraceSummary) => number) => rows.reduce((all, row) => all + value(row), 0);
      assert.equal(totals['requests'], rows.length);
      assert.equal(
        totals['errors'],
        sum((row) => (row.status === 'error' ? 1 : 0)),
      );
      assert.equal(
        totals['input_tokens'],
        sum((row) => row.in_tok),
      );
      assert.equal(
        totals['output_tokens'],
        sum((row) => row.out_tok),
      );
      const cost = sum((row) => row.cost_usd ?? 0);
      assert.ok(Math.abs((totals['cost'] ?? 0) - cost) < 1e-6, `${totals['cost']} against ${cost}`);
    });
  }

  test('what a priced model used and cost, by the rollups, is what its provider billed', async () => {
    const { model, calls } = { model: 'gpt-ok', calls: upstream.calls.filter((call) => call.model === 'gpt-ok') };
    const metrics = ['requests', 'input_tokens', 'output_tokens'];
    const totals = await readTotals(signalbox.collectorUrl, metrics, { ...range, step: '1m', q: `model:${model}` });
    assert.equal(totals['requests'], calls.length);
    assert.equal(
      totals['input_tokens'],
      calls.reduce((sum, call) => sum + (call.billed?.input ?? 0), 0),
    );
    assert.equal(
      totals['output_tokens'],
      calls.reduce((sum, call) => sum + (call.billed?.output ?? 0), 0),
    );
  });

  test('the ledger itself sees what is missing, doubled or changed', () => {
    const [first] = rows;
    assert.ok(first);
    const sides = { client, upstream: upstream.calls, prices: PRICES };
    const priced = rows.find((row) => row.cost_usd !== null && row.cost_usd > 0);
    assert.ok(priced);
    const changed = (row: TraceSummary, change: Partial<TraceSummary>) =>
      rows.map((each) => (each === row ? { ...each, ...change } : each));
    for (const wrong of [
      rows.slice(1),
      [...rows, first],
      changed(first, { spans: first.spans + 1 }),
      changed(first, { outcome: 'refused' }),
      changed(priced, { in_tok: priced.in_tok + 1 }),
      changed(priced, { cost_usd: (priced.cost_usd ?? 0) * 1.001 }),
      changed(priced, { tok_estimated: true }),
    ]) {
      assert.notEqual(compare({ ...sides, rows: wrong }).length, 0);
    }
    const bytes = client.map((entry) => (entry.id === priced.session_id ? { ...entry, sha256: 'other' } : entry));
    assert.notEqual(compare({ ...sides, client: bytes, rows }).length, 0);
  });

  test('a trace has one SERVER span over one CLIENT span an attempt, and what was said', async () => {
    for (const row of rows.filter((_, index) => index % 100 === 0)) {
      const { spans } = await readTrace(signalbox.collectorUrl, row.trace_id);
      const [server] = spans.filter((span) => span.kind === 'server');
      assert.ok(server);
      assert.equal(server.session_id, row.session_id);
      const attempts = spans.filter((span) => span.kind === 'client');
      assert.equal(attempts.length, row.attempts);
      for (const attempt of attempts) assert.equal(attempt.parent_span_id, server.span_id);
      assert.equal(new Set(spans.map((span) => span.span_id)).size, spans.length);
      if (row.outcome === 'ok') assert.match(row.in_preview, new RegExp(`id=${row.session_id}\\b`));
      const last = attempts.at(-1);
      if (row.outcome !== 'ok' || last === undefined) continue;
      const url = `${signalbox.collectorUrl}/api/v1/traces/${row.trace_id}/spans/${last.span_id}/io`;
      const io = await getJson<SpanIo>(url);
      assert.ok(JSON.stringify(io.input?.messages).includes(`id=${row.session_id},`));
      const [sent] = upstream.callsOf(row.session_id).slice(-1);
      assert.equal(createHash('sha256').update(io.raw_response).digest('hex'), sent?.sha256, row.models.join());
    }
  });

  test('nothing was dropped, and the command ends cleanly', async () => {
    const status = (await (await fetch(`${signalbox.collectorUrl}/api/v1/status`)).json()) as {
      drops: Record<string, number>;
    };
    assert.deepEqual(
      Object.entries(status.drops).filter(([, count]) => count !== 0),
      [],
    );
    assert.equal(await signalbox.stop(), 0);
  });
});
