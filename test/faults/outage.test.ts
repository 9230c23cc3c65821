// Faults H01 and H02 of the catalogue on the real command, in miniature: a collector that hangs, dies while it hangs and
// comes back. Calls never notice, and each of them is stored once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Signalbox, until } from '../support/proc.ts';

/** @returns the ids of the traces; every call must succeed */
async function callsOf(signalbox: Signalbox, count: number, content = 'hi'): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const response = await fetch(`${signalbox.proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'simulated/sim-small', messages: [{ role: 'user', content }] }),
    });
    assert.equal(response.status, 200, await response.text());
    ids.push(response.headers.get('x-signalbox-trace-id') ?? '');
  }
  return ids;
}

async function stored(signalbox: Signalbox): Promise<string[]> {
  const response = await fetch(`${signalbox.collectorUrl}/api/v1/traces?from=now-1h&limit=200`).catch(() => undefined);
  if (!response?.ok) return [];
  return ((await response.json()) as { traces: { trace_id: string }[] }).traces.map(({ trace_id: id }) => id);
}

async function assertStored(signalbox: Signalbox, ids: readonly string[]): Promise<void> {
  await until('every call in the store', async () => (await stored(signalbox)).length >= ids.length);
  assert.deepEqual((await stored(signalbox)).sort(), [...ids].sort());
}

test('H01, H02 a collector that hangs, dies while it hangs and comes back: no call fails, each is stored once', async () => {
  const signalbox = await Signalbox.start({ config: {} });
  try {
    const ids = await callsOf(signalbox, 5);
    const [pid = 0] = signalbox.pids('collector');
    process.kill(pid, 'SIGSTOP');
    ids.push(...(await callsOf(signalbox, 20)));
    await sleep(1_500);
    ids.push(...(await callsOf(signalbox, 20)));
    process.kill(pid, 'SIGCONT');
    ids.push(...(await callsOf(signalbox, 5)));
    await signalbox.kill('collector');
    ids.push(...(await callsOf(signalbox, 20)));
    await assertStored(signalbox, ids);
  } finally {
    await signalbox.close();
  }
});
