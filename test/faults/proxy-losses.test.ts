// What a proxy had to give up while its collector was away is known to the collector afterwards: GET /status has it, and
// so has the Settings page, which shows whatever stands there.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startCollector } from '../../collector/main.ts';
import { reportLosses } from '../../proxy/losses.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { Metrics } from '../../runtime/metrics.ts';
import type { Status } from '../../schemas/api.ts';
import { LOSSES_EVENT } from '../../schemas/losses.ts';
import { otlpAttributes, silent, startIngest } from '../support/ingest.ts';
import { Signalbox, until as untilAsync } from '../support/proc.ts';
import { until } from '../support/until.ts';

function proxyProcess(writerId: string, collector: string) {
  const metrics = new Metrics();
  const dropped = metrics.counter('signalbox_spool_dropped_total', 'x');
  const poisoned = metrics.counter('signalbox_report_poisoned_total', 'x');
  const lost = metrics.counter('signalbox_report_lost_total', 'x');
  const told = reportLosses({ collector, writerId, metrics, log: silent, everyMs: 20 });
  return { dropped, poisoned, lost, told };
}

const losses = (drops: Status['drops']) => Object.fromEntries(Object.entries(drops).filter(([, count]) => count > 0));

test('totals of every process are told until they are heard, and count once', async () => {
  await using ingest = await startIngest();
  const drops = () => losses(ingest.pipeline.status().drops);
  const one = proxyProcess('w1', ingest.url);
  const two = proxyProcess('w2', ingest.url);
  one.dropped.add(3, { what: 'payload' });
  one.dropped.add(2, { what: 'span' });
  two.dropped.add(4, { what: 'payload' });
  two.poisoned.add(1, { what: 'payload' });
  two.lost.add(5, { reason: 'damaged' });
  const expected = {
    proxy_payloads_dropped: 7,
    proxy_span_records_dropped: 2,
    proxy_payloads_refused: 1,
    proxy_records_unreadable: 5,
  };
  await until(() => drops()['proxy_payloads_dropped'] === 7 && drops()['proxy_records_unreadable'] === 5);
  assert.deepEqual(drops(), expected);
  one.dropped.add(1, { what: 'payload' });
  // The last word is said when a process ends.
  await one.told.close();
  assert.deepEqual(drops(), { ...expected, proxy_payloads_dropped: 8 });
  await two.told.close();

  // A collector that starts anew hears it from those that live.
  await using next = await startIngest();
  const again = proxyProcess('w3', next.url);
  assert.equal(next.pipeline.status().drops['proxy_payloads_dropped'], undefined);
  again.dropped.add(6, { what: 'payload' });
  await until(() => next.pipeline.status().drops['proxy_payloads_dropped'] === 6);
  await again.told.close();
});

test('a collector that is away costs nothing; nonsense from strangers is bounded', async () => {
  const away = proxyProcess('w1', 'http://127.0.0.1:1');
  away.dropped.add(1, { what: 'span' });
  await away.told.close();

  await using ingest = await startIngest();
  const say = (id: string, values: Record<string, unknown>) => {
    const resource = { attributes: otlpAttributes({ 'service.instance.id': id }) };
    const logRecords = [{ eventName: LOSSES_EVENT, attributes: otlpAttributes(values) }];
    return ingest.json('/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  };
  await say('a', { payloads_dropped: -5, span_records_dropped: 'many', records_unreadable: 1e300, other: 9 });
  await say('b', { payloads_dropped: 7 });
  await say('b', { payloads_dropped: 3 });
  for (let id = 0; id < 1_100; id++) await say(`c${id}`, { spans_refused: 1 });
  const drops = losses(ingest.pipeline.status().drops);
  assert.equal(drops['proxy_payloads_dropped'], 7);
  assert.equal(drops['proxy_spans_refused'], 1_100);
  assert.equal(drops['proxy_other'], undefined);
  assert.ok(Object.values(drops).every((count) => Number.isSafeInteger(count)));
});

test('on the real command: a spool that ran over while the collector was away', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-losses-'));
  const proxy = await Signalbox.start({
    command: 'proxy',
    config: { proxy: { workers: 1, spool: { max_disk: '512KiB' } } },
  });
  const listen = new URL(proxy.collectorUrl).host;
  const config = defaultConfig();
  let collector;
  try {
    const call = async (index: number) => {
      const response = await fetch(`${proxy.proxyUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `${index} `.repeat(10_000) }] }),
      });
      assert.equal(response.status, 200);
      await response.text();
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => call(index)));
    collector = await startCollector({
      config: { ...config, collector: { ...config.collector, listen } },
      dataDir,
      log: silent,
    });
    const status = async () => (await (await fetch(`${proxy.collectorUrl}/api/v1/status`)).json()) as Status;
    await untilAsync('the loss', async () => ((await status()).drops['proxy_payloads_dropped'] ?? 0) > 0);
    const text = await (await fetch(`${proxy.proxyUrl}/metrics`)).text();
    const counted = Number(/signalbox_spool_dropped_total\{what="payload"\} (\d+)/.exec(text)?.[1]);
    assert.equal((await status()).drops['proxy_payloads_dropped'], counted);
  } finally {
    await proxy.close();
    await collector?.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
