// The ledger while processes are killed in mid-load: no finished request may be lost, none may be there twice.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { duplicates, readTotals } from '../support/ledger.ts';
import { runLoad } from '../support/load.ts';
import { configFor, dialectOf, planned, PREFIX, rangeSince, report, settledRows } from '../support/mix.ts';
import { Signalbox, until } from '../support/proc.ts';
import { startUpstream } from '../support/upstream.ts';
import type { ClientEntry } from '../support/load.ts';
import type { Range } from '../support/mix.ts';
import type { Upstream } from '../support/upstream.ts';
import type { TraceSummary } from '../../schemas/api.ts';

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
    signalbox = await Signalbox.start({ config: configFor(upstream, 2) });
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
    rows = await settledRows(signalbox, range, seen.size);
  });

  after(async () => {
    await signalbox?.close();
    await upstream?.close();
  });

  const finished = (log: readonly ClientEntry[]) => log.filter((entry) => entry.whole && entry.status !== 0);

  test('four processes died, and most calls were answered all the same', () => {
    assert.equal(kills.length, 4);
    const broken = client.length - finished(client).length;
    const forgotten = client.filter((entry) => entry.error.startsWith('no end after'));
    report(forgotten.map((entry) => `${entry.id} (${entry.model}) was forgotten: status ${entry.status}`));
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
    // The end is written down after the last byte: a worker that dies between the two leaves `crashed` for a good call.
    const wrong = finished(client).filter((entry) => !['ok', 'crashed'].includes(byId.get(entry.id)?.outcome ?? ''));
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

  test('the command ends cleanly all the same', async () => {
    assert.equal(await signalbox.stop(), 0);
  });

  /** A crashed request has a SERVER span alone; the spans of the others are counted. */
  function twice(all: readonly TraceSummary[]): string[] {
    return duplicates(all.filter((row) => row.outcome !== 'crashed'));
  }
});
