// Faults I of the catalogue on the real command: ports and directories that are taken, kill -9 of each process, drains.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { Signalbox, freePorts, until } from '../support/proc.ts';

const root = join(import.meta.dirname, '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'signalbox-lifecycle-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the command to its end, which must come by itself. */
function runCommand(args: readonly string[], env: Record<string, string> = {}) {
  const run = spawnSync(process.execPath, ['signalbox.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function chat(url: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'simulated/sim-large',
      messages: [{ role: 'user', content: 'Tell me a story' }],
      ...body,
    }),
    ...(signal ? { signal } : {}),
  });
}

interface Trace {
  readonly trace_id: string;
  readonly outcome: string;
}

async function traces(signalbox: Signalbox): Promise<readonly Trace[]> {
  // While the collector restarts there is nothing to ask.
  const response = await fetch(`${signalbox.collectorUrl}/api/v1/traces?from=now-1h&limit=100`).catch(() => undefined);
  if (!response?.ok) return [];
  return ((await response.json()) as { traces: Trace[] }).traces;
}

test('wrong usage is exit code 2 with the help; a bad config is exit code 1 with every line', () => {
  const usage = runCommand(['fly']);
  assert.equal(usage.code, 2);
  assert.match(usage.err, /there is no command "fly"[\s\S]*signalbox up/);
  const file = join(dir, 'bad.yaml');
  writeFileSync(file, 'proxy:\n  listen: nowhere\n  colour: red\n');
  const bad = runCommand(['check', file]);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /bad\.yaml:2: proxy\.listen: must be HOST:PORT/);
  assert.match(bad.err, /bad\.yaml:3: proxy\.colour: there is no such setting/);
  assert.equal(runCommand(['--version']).code, 0);
});

test('an address that others reach needs a key: refused, with the lines to add', () => {
  const port = 19_999;
  const proxy = runCommand(['proxy', '--data', join(dir, 'open')], { SIGNALBOX_PROXY_LISTEN: `0.0.0.0:${port}` });
  assert.equal(proxy.code, 1);
  assert.match(proxy.err, /no key is configured[\s\S]*keys:/);
  const collector = runCommand(['collector', '--data', join(dir, 'open')], {
    SIGNALBOX_COLLECTOR_LISTEN: `0.0.0.0:${port}`,
  });
  assert.equal(collector.code, 1);
  assert.match(collector.err, /no admin key is set[\s\S]*admin_key/);
});

test('a taken port is one plain line and exit code 1, for either part', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const [free] = await freePorts(1);
  const other = `127.0.0.1:${free}`;
  try {
    const proxy = runCommand(['up', '--data', join(dir, 'taken')], {
      SIGNALBOX_PROXY_LISTEN: address,
      SIGNALBOX_COLLECTOR_LISTEN: other,
    });
    assert.equal(proxy.code, 1);
    assert.match(proxy.err, new RegExp(`^signalbox: .*${address} is already in use`, 'm'));
    const collector = runCommand(['up', '--data', join(dir, 'taken')], {
      SIGNALBOX_PROXY_LISTEN: other,
      SIGNALBOX_COLLECTOR_LISTEN: address,
    });
    assert.equal(collector.code, 1);
    assert.match(collector.err, new RegExp(`^signalbox: .*${address}`, 'm'));
    assert.doesNotMatch(proxy.err + collector.err, /^\s+at /m);
  } finally {
    taken.close();
  }
});

test('kill -9 of every process: callers wait, nothing is lost, what was under way is on record as crashed', async () => {
  const signalbox = await Signalbox.start({ config: {} });
  try {
    await (await chat(signalbox.proxyUrl, {})).json();
    const second = runCommand(['up', '--data', join(signalbox.directory, 'data')], {
      SIGNALBOX_PROXY_LISTEN: '127.0.0.1:1',
      SIGNALBOX_COLLECTOR_LISTEN: '127.0.0.1:2',
    });
    assert.equal(second.code, 1);
    assert.match(second.err, /another Signalbox \(process \d+\) uses this data directory/);

    const broken = await chat(signalbox.proxyUrl, { stream: true });
    const brokenTrace = broken.headers.get('x-signalbox-trace-id');
    await signalbox.kill('proxy');
    await assert.rejects(broken.text());
    // The port never closes: this call waits for the next worker.
    const next = await chat(signalbox.proxyUrl, {});
    assert.equal(next.status, 200);
    await next.json();

    await signalbox.kill('collector');
    assert.equal(((await (await chat(signalbox.proxyUrl, {})).json()) as { object: string }).object, 'chat.completion');
    await signalbox.kill('reporter');
    await (await chat(signalbox.proxyUrl, {})).json();

    await until('five traces', async () => (await traces(signalbox)).length >= 5);
    const found = await traces(signalbox);
    assert.deepEqual(found.map(({ outcome }) => outcome).sort(), ['crashed', 'ok', 'ok', 'ok', 'ok']);
    assert.equal(found.find(({ outcome }) => outcome === 'crashed')?.trace_id, brokenTrace);
  } finally {
    await signalbox.close();
  }
});

test('SIGTERM lets a running stream finish, refuses new callers, keeps its span, and exits 0', async () => {
  const signalbox = await Signalbox.start({ config: {} });
  let again: Signalbox | undefined;
  try {
    const stream = await chat(signalbox.proxyUrl, { stream: true });
    const text = stream.text();
    const stopped = signalbox.stop();
    await sleep(300);
    await assert.rejects(fetch(`${signalbox.proxyUrl}/healthz`));
    assert.match(await text, /data: \[DONE\]\s*$/);
    assert.equal(await stopped, 0);
    again = await Signalbox.start({ config: {}, directory: signalbox.directory });
    const found = await traces(again);
    assert.deepEqual(
      found.map(({ outcome }) => outcome),
      ['ok'],
    );
  } finally {
    await again?.close();
    await signalbox.close();
  }
});

test('children of a killed supervisor drain and end by themselves', async () => {
  const signalbox = await Signalbox.start({ config: {} });
  const pids = (['proxy', 'reporter', 'collector'] as const).flatMap((part) => signalbox.pids(part));
  assert.equal(pids.length >= 3, true);
  signalbox.killSupervisor();
  const alive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await until('the end of every child', () => pids.every((pid) => !alive(pid)), 20_000);
  await signalbox.close();
});
