// The small parts of runtime: lock, life, metrics, units.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deploymentEnvironment } from '../../runtime/environment.ts';
import { Life, within } from '../../runtime/lifecycle.ts';
import { lockDirectory } from '../../runtime/lock.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics, mergeMetrics } from '../../runtime/metrics.ts';
import { splitAddress, isLoopback } from '../../runtime/address.ts';
import { parseDuration, parseSize } from '../../schemas/units.ts';

function inTempDir(run: (dir: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const dir = mkdtempSync(join(tmpdir(), 'signalbox-runtime-'));
    try {
      await run(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

test(
  'a data directory has one owner; a dead owner is succeeded',
  inTempDir(async (dir) => {
    const unlock = lockDirectory(dir);
    assert.throws(() => lockDirectory(dir), /another Signalbox \(process \d+\) uses this data directory/);
    unlock();
    lockDirectory(dir)();

    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    writeFileSync(join(dir, 'lock'), `${child.pid} 1\n`);
    // The process id lives, but it started at another time: it is not the owner any more.
    lockDirectory(dir)();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    writeFileSync(join(dir, 'lock'), `${child.pid}\n`);
    lockDirectory(dir)();
    writeFileSync(join(dir, 'lock'), 'garbage');
    lockDirectory(dir)();
  }),
);

test(
  'a directory that cannot be used is a plain sentence',
  inTempDir((dir) => {
    writeFileSync(join(dir, 'file'), '');
    assert.throws(
      () => lockDirectory(join(dir, 'file', 'below')),
      /cannot be used \(ENOTDIR\): choose another with --data/,
    );
  }),
);

test('a life closes in reverse, once, past a part that fails', async () => {
  const closed: string[] = [];
  const life = new Life({ ...createLogger('test'), error: () => closed.push('told') });
  life.add('first', () => void closed.push('first'));
  life.add('broken', () => Promise.reject(new Error('no')));
  life.add('last', () => void closed.push('last'));
  await Promise.all([life.close(), life.close()]);
  assert.deepEqual(closed, ['last', 'told', 'first']);
});

test('within gives up waiting, not the work', async () => {
  assert.equal(await within(1_000, Promise.resolve()), true);
  assert.equal(await within(1, new Promise(() => {})), false);
});

test('metrics of several processes add up', () => {
  const texts = [1, 2].map((n) => {
    const metrics = new Metrics();
    metrics.counter('signalbox_x_total', 'things').add(n, { why: 'a "quoted"\nreason' });
    metrics.gauge('signalbox_y', 'now', () => n);
    const histogram = metrics.histogram('signalbox_z_seconds', 'how long', [0.1, 1]);
    histogram.observe(0.1);
    histogram.observe(5);
    return metrics.text();
  });
  const merged = mergeMetrics(texts);
  assert.match(merged, /^signalbox_x_total\{why="a \\"quoted\\"\\nreason"\} 3$/m);
  assert.match(merged, /^signalbox_y 3$/m);
  assert.match(merged, /^signalbox_z_seconds_bucket\{le="0.1"\} 2$/m);
  assert.match(merged, /^signalbox_z_seconds_bucket\{le="\+Inf"\} 4$/m);
  assert.match(merged, /^signalbox_z_seconds_count 4$/m);
  assert.equal(merged.match(/# TYPE signalbox_x_total counter/g)?.length, 1);
});

test('addresses, durations and sizes', () => {
  assert.deepEqual(splitAddress('[::1]:80'), { host: '::1', port: 80 });
  assert.ok(
    isLoopback('127.9.9.9') && isLoopback('::1') && !isLoopback('0.0.0.0') && !isLoopback('127.0.0.1.evil.test'),
  );
  assert.equal(parseDuration('1.5h'), 5_400_000);
  assert.equal(parseDuration('5'), undefined);
  assert.equal(parseSize('20GiB'), 20 * 1024 ** 3);
  assert.equal(parseSize('x'), undefined);
});

test('the environment is what OTEL_RESOURCE_ATTRIBUTES says', () => {
  assert.equal(deploymentEnvironment('service.name=x, deployment.environment.name = staging%20eu ,a=b'), 'staging eu');
  assert.equal(deploymentEnvironment('deployment.environment=old'), 'old');
  assert.equal(deploymentEnvironment('deployment.environment=old,deployment.environment.name=new'), 'new');
  assert.equal(deploymentEnvironment('deployment.environment.name=100%'), '100%');
  for (const text of ['', '=', ',,', 'a', 'deployment.environment.name=', 'service.name=deployment.environment.name'])
    assert.equal(deploymentEnvironment(text), undefined, text);
});
