// Faults H05 and H06 of the catalogue: a disk without room, under the proxy and under the collector's queue, and a data
// directory that cannot be written. Where no small disk can be mounted the configured bounds stand in for it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryStore, otlpAttributes, otlpRequest, otlpSpan, startIngest } from '../support/ingest.ts';
import { Signalbox } from '../support/proc.ts';

async function callsOf(signalbox: Signalbox, count: number, content = 'hi'): Promise<void> {
  for (let index = 0; index < count; index++) {
    const response = await fetch(`${signalbox.proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'simulated/sim-small', messages: [{ role: 'user', content }] }),
    });
    assert.equal(response.status, 200, await response.text());
  }
}

interface SmallDisk extends Disposable {
  readonly dir: string;
  /** True when it is a disk of its own; else only the configured bounds are small. */
  readonly mounted: boolean;
}

function smallDisk(size: string): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-disk-'));
  let mounted = process.platform === 'linux' && process.getuid?.() === 0;
  if (mounted) mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', dir]).status === 0;
  return {
    dir,
    mounted,
    [Symbol.dispose]: () => {
      if (mounted) execFileSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

test('H05 the proxy’s disk is full: calls go on, the loss is counted and said, and room makes it whole again', async () => {
  using disk = smallDisk('2m');
  mkdirSync(join(disk.dir, 'data'));
  const max_disk = disk.mounted ? '2GiB' : '512KiB';
  const config = { proxy: { workers: 1, spool: { max_disk }, collector: 'http://127.0.0.1:1' } };
  const signalbox = await Signalbox.start({ config, command: 'proxy', directory: disk.dir });
  try {
    const ballast = join(disk.dir, 'ballast');
    if (disk.mounted) writeFileSync(ballast, Buffer.alloc(1_200_000));
    await callsOf(signalbox, 40, 'x'.repeat(60_000));
    const metrics = await (await fetch(`${signalbox.proxyUrl}/metrics`)).text();
    const dropped = [...metrics.matchAll(/^signalbox_spool_dropped_total\{[^}]*\} (\d+)/gm)];
    assert.ok(dropped.reduce((sum, [, count]) => sum + Number(count), 0) > 0, metrics);
    assert.ok(signalbox.log.some(({ message }) => /spool/.test(message)));
    rmSync(ballast, { force: true });
    await callsOf(signalbox, 3);
  } finally {
    await signalbox.close();
  }
});

test('H05 the disk of the collector’s queue is full: senders wait, nothing acked is lost, and room ends it', async () => {
  using disk = smallDisk('1m');
  const store = new MemoryStore();
  let away = true;
  store.before = () => {
    if (away) throw new Error('connection refused');
  };
  const dir = join(disk.dir, 'collector');
  await using ingest = await startIngest({ store, dir, ...(disk.mounted ? {} : { maxDisk: 1024 * 1024 }) });
  const acked: string[] = [];
  let refused = 0;
  const send = async () => {
    const span = otlpSpan({ attributes: otlpAttributes({ note: 'n'.repeat(9_000) }) });
    const answer = await ingest.json('/v1/traces', otlpRequest([span]));
    if (answer.status === 200) return acked.push(String(span['spanId']));
    assert.equal(answer.status, 503, await answer.text());
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    return refused++;
  };
  for (let index = 0; index < 150; index++) await send();
  assert.ok(acked.length > 50 && refused > 10, `${acked.length} acked, ${refused} refused`);
  away = false;
  await ingest.pipeline.flush();
  const before = acked.length;
  for (let index = 0; index < 20; index++) await send();
  assert.equal(acked.length, before + 20);
  await ingest.pipeline.flush();
  assert.deepEqual(store.spans.map((row) => row.span_id).sort(), acked.sort());
});

test('H06 a data directory that cannot be written is one plain line and exit code 1', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-readonly-'));
  const root = join(import.meta.dirname, '..', '..');
  try {
    // A file where a directory should be: refused to everybody, root as well.
    writeFileSync(join(dir, 'file'), '');
    for (const command of ['up', 'proxy', 'collector']) {
      const run = spawnSync(process.execPath, ['signalbox.ts', command, '--data', join(dir, 'file', 'data')], {
        cwd: root,
        encoding: 'utf8',
        timeout: 30_000,
        env: { ...process.env, SIGNALBOX_PROXY_LISTEN: '127.0.0.1:1', SIGNALBOX_COLLECTOR_LISTEN: '127.0.0.1:2' },
      });
      assert.equal(run.status, 1, command);
      assert.match(
        run.stderr,
        /^signalbox: the data directory .* cannot be used \(ENOTDIR\): choose another with --data$/m,
      );
      assert.doesNotMatch(run.stderr, /^\s+at /m);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
