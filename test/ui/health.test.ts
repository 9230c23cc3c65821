// The sentence about Signalbox itself, from what GET /status says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../schemas/api.ts';
import { FACTS, verdict } from '../../ui/lib/health.ts';

const GOOD: Status = {
  version: '1',
  uptime: 1,
  store: { mode: 'server', ok: true, message: '', disk_bytes: 1, rows: 1, parts: 1 },
  queue: { records: 0, bytes: 0, oldest_age: 0, max_bytes: 1000 },
  drops: { quarantined_rows: 0 },
  received: { spans: 1, rejected: 0, duplicates: 0 },
  live: { clients: 0, dropped: 0 },
  proxy: { url: '', model: '', key_needed: false },
};

test('what is wrong is said, the worst first', () => {
  const says = (over: Partial<Status>) => {
    const { tone, sentence } = verdict({ ...GOOD, ...over });
    return `${tone} ${sentence}`;
  };
  const queue = { records: 5, bytes: 10, oldest_age: 90_000, max_bytes: 1000 };
  const lossy = { drops: { proxy_payloads_dropped: 3, quarantined_rows: 1 } };
  const store = { ...GOOD.store, ok: false, message: 'gone' };
  assert.match(says({}), /^good .*has lost nothing since it started, and no proxy has told of a loss\.$/);
  assert.match(says(lossy), /^warn The collector works\. 4 left out or set aside/);
  assert.match(says({ ...lossy, queue }), /^warn Spans have waited .* for the store\./);
  assert.match(says({ ...lossy, queue: { ...queue, bytes: 900 } }), /^bad The queue is 90.* full/);
  assert.match(says({ ...lossy, queue, store }), /^bad The store is away: gone\./);
  for (const { rows } of FACTS) for (const [, value] of rows) assert.equal(typeof value(GOOD), 'string');
});
