// The three-sided ledger over the real command: thousands of mixed calls with faults, then a run in which processes are
// killed in mid-load. Client log, provider's log and store must tell one story.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compare, duplicates, readRows, readTotals, readTrace } from '../support/ledger.ts';
import { runLoad } from '../support/load.ts';
import { Signalbox, until } from '../support/proc.ts';
import { startUpstream } from '../support/upstream.ts';
import type { ClientEntry, Planned } from '../support/load.ts';
import type { Upstream } from '../support/upstream.ts';
import type { DialectId } from '../../schemas/call.ts';
import type { TraceSummary } from '../../schemas/api.ts';

const CALLS = 5_000;
const PARALLEL = 24;

const FAULTS = [
  'fault-500',
  'fault-503',
  'fault-400',
  'fault-once-500',
  'fault-rst-after-3',
  'fault-fin-mid',
  'fault-close-mid',
  'fault-malformed',
  'fault-error-event',
  'fault-no-usage',
  'fault-empty',
  'fault-html',
];

/** Only some models have a price: the others must be unpriced, not free. */
const PRICES = {
  'gpt-ok': { input: 1, output: 4, cache_read: 0.25 },
  'gpt-tools': { input: 3, output: 12 },
  'claude-ok': { input: 2, output: 10, cache_read: 0.2, cache_write: 2.5 },
  'text-embedding-ok': { input: 0.02, output: 0 },
};

function dialectOf(index: number): DialectId {
  const share = index % 20;
  if (share < 9) return 'openai_chat';
  if (share < 15) return 'anthropic';
  return share < 18 ? 'openai_responses' : 'openai_embeddings';
}

const PREFIX: Readonly<Record<DialectId, string>> = {
  openai_chat: 'gpt-',
  openai_responses: 'gpt-',
  openai_embeddings: 'text-embedding-',
  anthropic: 'claude-',
};

/** The mix follows from the index alone: a run can be repeated. */
function planned(index: number): Planned {
  const dialect = dialectOf(index);
  const stream = dialect !== 'openai_embeddings' && Math.floor(index / 20) % 2 === 0;
  const plan = { id: `r${index}`, dialect, stream, includeUsage: index % 3 === 0 };
  const model = (scenario: string) => PREFIX[dialect] + scenario;
  if (index % 10 === 7) {
    const fault = FAULTS[Math.floor(index / 10) % FAULTS.length] ?? 'ok';
    return { ...plan, model: model(fault) };
  }
  if (index % 100 === 3) return { ...plan, model: model('slow'), abortAfterMs: 120 };
  const scenario = ['ok', 'ok', 'ok', 'tools', 'reasoning', 'long'][index % 6] ?? 'ok';
  return { ...plan, model: model(dialect === 'openai_embeddings' ? 'ok' : scenario) };
}

function config(upstream: Upstream, workers: number): unknown {
  const prices = Object.entries(PRICES).map(([model, price]) => [
    `${model.startsWith('claude') ? 'anthropic' : 'openai'}/${model}`,
    price,
  ]);
  return {
    proxy: { workers },
    providers: {
      openai: { base_url: `${upstream.url}/v1`, api_key: 'provider-key' },
      anthropic: { base_url: upstream.url, api_key: 'provider-key' },
    },
    prices: Object.fromEntries(prices),
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whole minutes around the run: the rollups know nothing finer. */
function rangeSince(start: number): Range {
  return { from: Math.floor(start / 60_000) * 60_000 - 60_000, to: Math.ceil(Date.now() / 60_000) * 60_000 + 60_000 };
}

/** Waits until the store has as many requests as there must be, and a little longer for one too many. */
async function settled(signalbox: Signalbox, range: Range, atLeast: number): Promise<TraceSummary[]> {
  let count = 0;
  const ask = async () => (count = (await readTotals(signalbox.collectorUrl, ['requests'], range))['requests'] ?? 0);
  await until(`${atLeast} requests in the store`, async () => (await ask()) >= atLeast, 45_000).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}; there are ${count}\n${signalbox.said().slice(-4_000)}`);
    },
  );
  await sleep(2_000);
  return readRows(signalbox.collectorUrl, range.from, range.to);
}

function report(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `${problems.length} differences:\n${problems.slice(0, 40).join('\n')}`);
}

describe(`${CALLS} mixed calls, one in ten with a fault`, () => {
  let upstream: Upstream;
  let signalbox: Signalbox;
  let client: ClientEntry[];
  let rows: TraceSummary[];
  let range: Range;

  before(async () => {
    upstream = await startUpstream();
    signalbox = await Signalbox.start({ config: config(upstream, 1) });
    const start = Date.now();
    const plan = Array.from({ length: CALLS }, (_, index) => planned(index));
    client = await runLoad({ url: signalbox.proxyUrl, plan, parallel: PARALLEL, key: 'caller-key' });
    console.log(`${CALLS} calls in ${Date.now() - start} ms`);
    range = rangeSince(start);
    rows = await settled(signalbox, range, CALLS);
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

  test('the rollups are the sum of the rows', async () => {
    const metrics = ['requests', 'errors', 'input_tokens', 'output_tokens', 'cost'];
    const totals = await readTotals(signalbox.collectorUrl, metrics, range);
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

describe('kill -9 in mid-load', () => {
  const calls = 1_500;
  let upstream: Upstream;
  let signalbox: Signalbox;
  let client: ClientEntry[];
  let rows: TraceSummary[];
  let range: Range;
  const kills: Promise<number>[] = [];

  before(async () => {
    upstream = await startUpstream();
    signalbox = await Signalbox.start({ config: config(upstream, 2) });
    const start = Date.now();
    const plan = Array.from({ length: calls }, (_, index) => ({
      ...planned(index * 10),
      id: `k${index}`,
      stream: index % 3 !== 0 && dialectOf(index * 10) !== 'openai_embeddings',
      model: PREFIX[dialectOf(index * 10)] + (index % 15 === 0 ? 'slow' : 'ok'),
    }));
    const victims = new Map<number, 'proxy' | 'collector' | 'reporter'>([
      [300, 'proxy'],
      [500, 'collector'],
      [800, 'proxy'],
      [1_000, 'reporter'],
      [1_200, 'collector'],
    ]);
    const onProgress = (done: number) => {
      const victim = victims.get(done);
      if (victim) kills.push(signalbox.kill(victim));
    };
    client = await runLoad({ url: signalbox.proxyUrl, plan, parallel: 16, key: 'caller-key', onProgress });
    await Promise.all(kills);
    const seen = new Set([...upstream.calls.map((call) => call.id), ...finished(client).map((entry) => entry.id)]);
    await until('the collector after its death', async () => {
      const response = await fetch(`${signalbox.collectorUrl}/readyz`).catch(() => undefined);
      return response?.ok === true;
    });
    range = rangeSince(start);
    rows = await settled(signalbox, range, seen.size);
  });

  after(async () => {
    await signalbox?.close();
    await upstream?.close();
  });

  const finished = (log: readonly ClientEntry[]) => log.filter((entry) => entry.whole && entry.status !== 0);

  test('five processes died, and most calls were answered all the same', () => {
    assert.equal(kills.length, 5);
    const broken = client.length - finished(client).length;
    // Those in flight in the two workers that died, and nobody else.
    assert.ok(broken <= 32, `${broken} calls broke`);
  });

  test('no finished request is without its row, and nothing is there twice', () => {
    const known = new Set(rows.map((row) => row.session_id));
    const missing = finished(client).filter((entry) => !known.has(entry.id));
    report([...missing.map((entry) => `${entry.id} was answered and has no row`), ...twice(rows)]);
  });

  test('what reached the provider has a row, `crashed` where the worker died', () => {
    const byId = new Map(rows.map((row) => [row.session_id, row]));
    const lost = upstream.calls
      .filter((call) => !byId.has(call.id))
      .map((call) => `${call.id} was called and has no row`);
    const wrong = finished(client).filter((entry) => byId.get(entry.id)?.outcome !== 'ok');
    const broken = client.filter((entry) => !entry.whole || entry.status === 0);
    const odd = broken.filter((entry) => {
      const outcome = byId.get(entry.id)?.outcome;
      return outcome !== undefined && !['crashed', 'ok', 'client_cancelled'].includes(outcome);
    });
    report([
      ...lost,
      ...wrong.map((entry) => `${entry.id} was answered, its row says ${byId.get(entry.id)?.outcome}`),
      ...odd.map((entry) => `${entry.id} broke, its row says ${byId.get(entry.id)?.outcome}`),
    ]);
    assert.ok(
      rows.some((row) => row.outcome === 'crashed'),
      'a worker that died with calls in flight leaves crashed rows',
    );
  });

  test('the rollups are the sum of the rows', async () => {
    const totals = await readTotals(signalbox.collectorUrl, ['requests', 'input_tokens', 'output_tokens'], range);
    assert.equal(totals['requests'], rows.length);
    assert.equal(
      totals['input_tokens'],
      rows.reduce((sum, row) => sum + row.in_tok, 0),
    );
    assert.equal(
      totals['output_tokens'],
      rows.reduce((sum, row) => sum + row.out_tok, 0),
    );
  });

  /** A crashed request has a SERVER span alone; the spans of the others are counted. */
  function twice(all: readonly TraceSummary[]): string[] {
    return duplicates(all.filter((row) => row.outcome !== 'crashed'));
  }
});
