// Fault G11 of the catalogue at its edges: a queue that is small beside what one request brings. Whatever fits into an
// empty queue gets in sooner or later; what never will is refused for good, so that its sender does not try for ever.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, parseConfig } from '../../runtime/config.ts';
import { otlpAttributes, otlpRequest, otlpSpan, startIngest } from '../support/ingest.ts';

const MAX_DISK = 1024 * 1024;

/** One request of so many bytes of attributes. */
function requestOf(bytes: number) {
  const each = 50_000;
  const spans = Array.from({ length: Math.ceil(bytes / each) }, () =>
    otlpSpan({ attributes: otlpAttributes({ note: 'x'.repeat(each) }) }),
  );
  return otlpRequest(spans);
}

test('a request that fills most of the queue gets in as soon as the one before is stored', async () => {
  await using ingest = await startIngest({ maxDisk: MAX_DISK });
  for (let round = 0; round < 4; round++) {
    const request = requestOf(MAX_DISK * 0.7);
    let status = 0;
    // The sender comes again, as Retry-After says.
    for (let tries = 0; tries < 100 && status !== 200; tries++) {
      status = (await ingest.json('/v1/traces', request)).status;
      if (status === 503) await sleep(50);
    }
    assert.equal(status, 200, `round ${round}`);
  }
  await ingest.pipeline.flush();
  assert.equal(new Set(ingest.store.spans.map(({ span_id }) => span_id)).size, ingest.store.spans.length);
});

test('a request that no empty queue can hold is 413, and others go on', async () => {
  await using ingest = await startIngest({ maxDisk: MAX_DISK });
  const response = await ingest.json('/v1/traces', requestOf(MAX_DISK * 1.2));
  assert.equal(response.status, 413);
  assert.match(await response.text(), /too large for the queue.*fewer spans/);
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
  await ingest.pipeline.flush();
  assert.equal(ingest.store.spans.length, 1);
});

function problems(text: string): string[] {
  try {
    parseConfig(text, 'signalbox.yaml', {});
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
  return [];
}

test('a queue or a spool with no room for one request is refused at start, with the least that works', () => {
  assert.deepEqual(problems('collector:\n  queue: { max_disk: 255MiB }\n'), [
    '2 collector.queue.max_disk: must be at least 268435456 bytes, four times collector.max_body: the largest request must fit',
  ]);
  assert.deepEqual(problems('collector:\n  max_body: 1MiB\n  queue: { max_disk: 4MiB }\n'), []);
  const spool = (bytes: string) =>
    `proxy:\n  workers: 2\n  spool: { max_disk: ${bytes} }\ncapture: { max_bytes: 1MiB }\n`;
  assert.deepEqual(problems(spool('4095KiB')), [
    "3 proxy.spool.max_disk: must be at least 4194304 bytes, twice capture.max_bytes for each worker: a call's prompt and answer must fit",
  ]);
  assert.deepEqual(problems(spool('4MiB')), []);
  assert.equal(problems('capture: { max_bytes: 2GiB }\n').length, 1);
  assert.match(
    problems('capture: { content: none }\nproxy:\n  spool: { max_disk: 0B }\n')[0] ?? '',
    /^3 proxy\.spool\.max_disk: must be at least 65536 bytes/,
  );
});
