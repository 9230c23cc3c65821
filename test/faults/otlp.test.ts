// Faults of the catalogue's section G against the OTLP receiver, over real sockets.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { decodeOtlp, encodeOtlp } from '../support/otlp-proto.ts';
import { MemoryStore, otlpAttributes, otlpRequest, otlpSpan, startIngest } from '../support/ingest.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };

const bytes = (value: Record<string, unknown>) => ({
  ...value,
  traceId: Buffer.from(String(value['traceId']), 'hex'),
  spanId: Buffer.from(String(value['spanId']), 'hex'),
});

test('G01 bodies over the limit: plain, announced, and a bomb', async () => {
  await using ingest = await startIngest();
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  assert.ok(bomb.length < 210_000);
  const before = process.memoryUsage.rss();
  const answer = await ingest.post('/v1/traces', bomb, { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' });
  assert.equal(answer.status, 413);
  assert.equal(answer.headers.get('content-type'), 'application/x-protobuf');
  const status = decodeOtlp('RpcStatus', Buffer.from(await answer.arrayBuffer()));
  assert.equal(status['code'], 3);
  assert.match(String(status['message']), /larger than 67108864 bytes/);
  assert.ok(process.memoryUsage.rss() - before < 160 * 1024 * 1024, 'the bomb was not unpacked');

  await using small = await startIngest({ maxBody: 10_000 });
  const plain = await small.post('/v1/traces', Buffer.alloc(10_001), JSON_TYPE);
  assert.equal(plain.status, 413);
  assert.equal(((await plain.json()) as { code: number }).code, 3);
  const streamed = await fetch(`${small.url}/v1/traces`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(4096)),
    }),
    duplex: 'half',
  } as RequestInit).catch((error: unknown) => error);
  if (streamed instanceof Response) assert.equal(streamed.status, 413);
  assert.equal((await small.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
});

test('G01 unknown encodings are 415, known ones are unpacked, broken ones are 400', async () => {
  await using ingest = await startIngest();
  const body = JSON.stringify(otlpRequest([otlpSpan()]));
  for (const encoding of ['zstd', 'br', 'gzip, gzip', '__proto__']) {
    const answer = await ingest.post('/v1/traces', body, { ...JSON_TYPE, 'content-encoding': encoding });
    assert.equal(answer.status, 415, encoding);
    assert.equal(((await answer.json()) as { code: number }).code, 3);
  }
  const deflated = JSON.stringify(otlpRequest([otlpSpan()]));
  const packed = [
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(deflated)],
    ['identity', Buffer.from(JSON.stringify(otlpRequest([otlpSpan()])))],
  ] as const;
  for (const [encoding, sent] of packed) {
    assert.equal((await ingest.post('/v1/traces', sent, { ...JSON_TYPE, 'content-encoding': encoding })).status, 200);
  }
  const torn = await ingest.post('/v1/traces', gzipSync(body).subarray(0, 40), {
    ...JSON_TYPE,
    'content-encoding': 'gzip',
  });
  assert.equal(torn.status, 400);
  await ingest.pipeline.flush();
  assert.equal(ingest.store.spans.length, 3);
});

test('G02 what is no OTLP is 400 in the same encoding, and nothing of it is stored', async () => {
  await using ingest = await startIngest();
  const whole = encodeOtlp('TracesRequest', otlpRequest([bytes(otlpSpan()), bytes(otlpSpan())]));
  for (const body of [whole.subarray(0, -1), Buffer.from('garbage'), Buffer.from([0x0b, 0x0c])]) {
    const answer = await ingest.post('/v1/traces', body, PROTOBUF_TYPE);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('retry-after'), null);
    assert.equal(decodeOtlp('RpcStatus', Buffer.from(await answer.arrayBuffer()))['code'], 3);
  }
  for (const body of ['{', '[]', '1', 'null', '{"resourceSpans":{}}', '{"resourceSpans":[1]}']) {
    const answer = await ingest.post('/v1/traces', body, { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(answer.status, 400, body);
    const status = (await answer.json()) as { code: number; message: string; details: unknown[] };
    assert.equal(status.code, 3);
    assert.doesNotMatch(status.message, /\bat \S+:\d+/);
  }
  await ingest.pipeline.flush();
  assert.equal(ingest.store.attempts, 0);
});

test('G03 snake_case is unknown, base64 ids are invalid, enum names are taken', async () => {
  await using ingest = await startIngest();
  assert.equal((await ingest.json('/v1/traces', { resource_spans: [{}] })).status, 200);
  const base64 = otlpSpan({ traceId: 'W47/95gDgQPSabYzgT/GDA==' });
  const answer = await ingest.json('/v1/traces', otlpRequest([base64, otlpSpan({ kind: 'SPAN_KIND_SERVER' })]));
  const body = (await answer.json()) as { partialSuccess: { rejectedSpans: unknown } };
  assert.equal(body.partialSuccess.rejectedSpans, '1');
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan({ kind: 'sideways' })]))).status, 400);
  await ingest.pipeline.flush();
  assert.deepEqual(
    ingest.store.spans.map((row) => row.kind),
    ['server'],
  );
});

test('G04 empty requests succeed, with an empty answer of the same type', async () => {
  await using ingest = await startIngest();
  for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
    const json = await ingest.post(path, '{}', JSON_TYPE);
    assert.equal(json.status, 200);
    assert.equal(json.headers.get('content-type'), 'application/json');
    assert.equal(await json.text(), '{}');
    const binary = await ingest.post(path, Buffer.alloc(0), PROTOBUF_TYPE);
    assert.equal(binary.status, 200);
    assert.equal(binary.headers.get('content-type'), 'application/x-protobuf');
    assert.equal((await binary.arrayBuffer()).byteLength, 0);
  }
  assert.equal((await ingest.json('/v1/traces', otlpRequest([]))).status, 200);
});

test('G05 bad spans are refused alone, in both encodings', async () => {
  await using ingest = await startIngest();
  const bad = [
    otlpSpan({ traceId: '0'.repeat(32) }),
    otlpSpan({ traceId: 'ab'.repeat(15) }),
    otlpSpan({ spanId: '0'.repeat(16) }),
    otlpSpan({ spanId: '' }),
    otlpSpan({ name: '' }),
  ];
  const backwards = otlpSpan({ startTimeUnixNano: '2000', endTimeUnixNano: '1000' });
  const answer = await ingest.json('/v1/traces', otlpRequest([...bad, otlpSpan(), backwards]));
  assert.equal(answer.status, 200);
  const { partialSuccess } = (await answer.json()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  assert.equal(partialSuccess.rejectedSpans, '5');
  assert.match(partialSuccess.errorMessage, /2: trace id.*2: span id.*1: name is missing/);

  const sent = encodeOtlp('TracesRequest', otlpRequest([bytes(bad[0] ?? {}), bytes(otlpSpan())]));
  const binary = await ingest.post('/v1/traces', sent, PROTOBUF_TYPE);
  assert.equal(binary.status, 200);
  const decoded = decodeOtlp('TracesResponse', Buffer.from(await binary.arrayBuffer()));
  assert.equal((decoded['partialSuccess'] as { rejectedSpans: string }).rejectedSpans, '1');
  await ingest.pipeline.flush();
  assert.equal(ingest.store.spans.length, 3);
  const flipped = ingest.store.spans.find((row) => row.attrs['signalbox.clock_skew']?.includes('end_before_start'));
  assert.equal(flipped?.duration_ns, 0);
  assert.equal(ingest.pipeline.status().received.rejected, 6);
});

test('G06 wrong method, path and content type', async () => {
  await using ingest = await startIngest();
  const got = await fetch(`${ingest.url}/v1/traces`);
  assert.equal(got.status, 405);
  assert.equal(got.headers.get('allow'), 'POST');
  assert.equal(((await got.json()) as { code: number }).code, 12);
  for (const type of ['text/plain', 'application/grpc', 'application/protobuf']) {
    const answer = await ingest.post('/v1/traces', 'x', { 'content-type': type });
    assert.equal(answer.status, 415, type);
    assert.match(((await answer.json()) as { message: string }).message, /application\/x-protobuf/);
  }
  assert.equal((await ingest.json('/v1/trace', {})).status, 404);
  assert.equal((await ingest.json('/v1development/profiles', {})).status, 404);
});

test('G07 a span is stored once: within a batch, over batches, with other attributes, after a restart', async () => {
  const store = new MemoryStore();
  const span = otlpSpan();
  await using first = await startIngest({ store });
  assert.equal((await first.json('/v1/traces', otlpRequest([span, span]))).status, 200);
  for (let repeat = 0; repeat < 3; repeat++) await first.json('/v1/traces', otlpRequest([span, otlpSpan()]));
  await first.json('/v1/traces', otlpRequest([{ ...span, attributes: otlpAttributes({ changed: 1 }) }]));
  await first.pipeline.flush();
  assert.equal(store.spans.length, 4);
  assert.equal(first.pipeline.status().received.duplicates, 5);
  await using second = await startIngest({ store });
  await second.json('/v1/traces', otlpRequest([span, otlpSpan()]));
  await second.pipeline.flush();
  assert.equal(store.spans.length, 5);
});

test('G08 impossible times are moved, flagged and kept', async () => {
  await using ingest = await startIngest();
  const now = Date.now();
  const at = (ms: number) => ({ startTimeUnixNano: `${ms}000000`, endTimeUnixNano: `${ms + 1}000000` });
  const year = 365 * 86_400_000;
  const spans = [
    otlpSpan(at(now - 9 * 60_000)),
    otlpSpan(at(now + 9 * 60_000)),
    otlpSpan(at(now - year)),
    otlpSpan(at(now + year)),
    otlpSpan({ startTimeUnixNano: '0', endTimeUnixNano: '0' }),
    otlpSpan({ startTimeUnixNano: undefined, endTimeUnixNano: undefined }),
    otlpSpan(at(253_402_300_000_000)),
    otlpSpan({ startTimeUnixNano: String(2n ** 64n - 1n), endTimeUnixNano: '1' }),
    otlpSpan({ startTimeUnixNano: '1', endTimeUnixNano: String(2n ** 64n - 1n) }),
  ];
  assert.equal((await ingest.json('/v1/traces', otlpRequest(spans))).status, 200);
  await ingest.pipeline.flush();
  const rows = ingest.store.spans;
  assert.equal(rows.length, spans.length);
  assert.deepEqual(
    rows.map((row) => row.attrs['signalbox.clock_skew'] ?? ''),
    ['', '', 'past', 'future', 'past', 'past', 'future', 'future,end_before_start', 'past,long'],
  );
  for (const row of rows) {
    assert.ok(row.ts >= (now - 31 * 86_400_000) * 1000 && row.ts <= (now + 11 * 60_000) * 1000);
    assert.ok(row.duration_ns >= 0 && Number.isSafeInteger(row.duration_ns));
  }
  assert.equal(rows[3]?.attrs['signalbox.original_start'], `${now + year}000000`);
});

test('G09 endless new names do not reach the store', async () => {
  await using ingest = await startIngest();
  for (let batch = 0; batch < 12; batch++) {
    const spans = Array.from({ length: 1000 }, (_, at) => {
      const id = `${batch}-${at}`;
      return otlpSpan({ name: `GET /user/${id}`, attributes: otlpAttributes({ [`key-${id}`]: 'v' }) });
    });
    assert.equal((await ingest.json('/v1/traces', otlpRequest(spans))).status, 200);
  }
  await ingest.pipeline.flush();
  const names = new Set(ingest.store.spans.map((row) => row.name));
  assert.equal(names.size, 10_001);
  assert.ok(names.has('__other__'));
  const keys = new Set(ingest.store.spans.flatMap((row) => Object.keys(row.attrs)));
  assert.ok(keys.size <= 10_001);
  assert.equal(ingest.pipeline.status().drops['cardinality'], 4000);
});

test('G10 huge, many, broken and strange attributes are cut, counted and well-formed', async () => {
  await using ingest = await startIngest();
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`many-${at}`, at]));
  const half = `${'x'.repeat(65_535)}😀 and more`;
  const spans = [
    otlpSpan({ attributes: otlpAttributes({ huge: 'y'.repeat(10 * 1024 * 1024), half }) }),
    otlpSpan({ attributes: otlpAttributes(many) }),
    otlpSpan({
      name: 'lone \uD83D',
      attributes: otlpAttributes({ lone: '\uDE00!', nul: 'a\u0000b', __proto__: 'p', 'k\uD83D': 'v' }),
    }),
  ];
  const body = JSON.stringify(otlpRequest(spans));
  assert.equal((await ingest.post('/v1/traces', body, JSON_TYPE)).status, 200);
  await ingest.pipeline.flush();
  const [huge, crowd, odd] = ingest.store.spans;
  assert.match(huge?.attrs['huge'] ?? '', /^y{65536}… \[cut from 10485760 characters\]$/);
  assert.match(huge?.attrs['half'] ?? '', /^x{65535}… \[cut/);
  assert.equal(Object.keys(crowd?.attrs ?? {}).length, 257);
  assert.equal(crowd?.attrs['signalbox.attributes_dropped'], '4744');
  assert.equal(odd?.name, 'lone \uFFFD');
  assert.equal(odd?.attrs['lone'], '\uFFFD!');
  assert.equal(odd?.attrs['nul'], 'a\u0000b');
  assert.equal(odd?.attrs['k\uFFFD'], 'v');
  assert.ok(JSON.stringify(ingest.store.spans).isWellFormed());
  assert.deepEqual(
    { ...ingest.pipeline.status().drops },
    { ...ingest.pipeline.status().drops, attribute_count: 4744, attribute_length: 2, quarantined_rows: 0 },
  );
});

test('G11 a full queue answers 503 with Retry-After, and everything acked arrives once the store is back', async () => {
  const store = new MemoryStore();
  let away = true;
  store.before = () => {
    if (away) throw new Error('connection refused');
  };
  await using ingest = await startIngest({ store, maxDisk: 2 * 1024 * 1024 });
  let acked = 0;
  const statuses = new Set<number>();
  for (let batch = 0; batch < 60; batch++) {
    const spans = Array.from({ length: 20 }, () =>
      otlpSpan({ attributes: otlpAttributes({ note: 'n'.repeat(4000) }) }),
    );
    const answer = await ingest.json('/v1/traces', otlpRequest(spans));
    statuses.add(answer.status);
    if (answer.status === 200) acked += spans.length;
    else {
      assert.equal(answer.headers.get('retry-after'), '2');
      assert.equal(((await answer.json()) as { code: number }).code, 14);
    }
  }
  assert.deepEqual([...statuses].sort(), [200, 503]);
  assert.equal(ingest.pipeline.accepting, false);
  away = false;
  await ingest.pipeline.flush();
  assert.equal(store.spans.length, acked);
  assert.equal(new Set(store.spans.map((row) => row.span_id)).size, acked);
  assert.equal(ingest.pipeline.accepting, true);
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
});

test('G12 slow senders are cut, senders that die leave nothing', async () => {
  await using ingest = await startIngest({ bodyTimeout: 300 });
  const head = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
  const answers = Array.from({ length: 200 }, () => {
    const socket = connect(ingest.port, '127.0.0.1');
    const drip = setInterval(() => socket.write(' '), 50);
    return new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(drip);
        resolve(text);
      });
      socket.write(`${head}{`);
    });
  });
  const quick = await ingest.json('/v1/traces', otlpRequest([otlpSpan()]));
  assert.equal(quick.status, 200, 'others are served meanwhile');
  for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 408 /);

  const dying = connect(ingest.port, '127.0.0.1');
  await new Promise<void>((resolve) => dying.write(`${head}{"resourceSpans":[`, () => resolve()));
  dying.destroy();
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
  await ingest.pipeline.flush();
  assert.equal(ingest.store.spans.length, 2);
});

test('G13 children before parents, parents never', async () => {
  await using ingest = await startIngest();
  const traceId = 'c'.repeat(32);
  const child = otlpSpan({ traceId, parentSpanId: 'd'.repeat(16) });
  const root = otlpSpan({ traceId, spanId: 'd'.repeat(16), parentSpanId: '0'.repeat(16) });
  const orphan = otlpSpan({ parentSpanId: 'e'.repeat(16) });
  for (const span of [child, root, orphan]) {
    assert.equal((await ingest.json('/v1/traces', otlpRequest([span]))).status, 200);
  }
  await ingest.pipeline.flush();
  assert.deepEqual(
    ingest.store.spans.map((row) => [row.is_root, row.is_entry]),
    [
      [false, false],
      [true, true],
      [false, false],
    ],
  );
});

test('G14 an HTTP/2 (gRPC) client on the HTTP port gets a clear end, and the server lives', async () => {
  await using ingest = await startIngest();
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(ingest.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  });
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal((await ingest.json('/v1/traces', otlpRequest([otlpSpan()]))).status, 200);
});

test('a large request is taken in slices and is whole, also when two copies of it race', async () => {
  await using ingest = await startIngest();
  const body = otlpRequest(Array.from({ length: 5500 }, () => otlpSpan()));
  const answers = await Promise.all([1, 2, 3].map(() => ingest.json('/v1/traces', body)));
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200],
  );
  await ingest.pipeline.flush();
  assert.equal(ingest.store.spans.length, 5500);
  assert.equal(new Set(ingest.store.spans.map((row) => row.span_id)).size, 5500);
  assert.equal(ingest.pipeline.status().received.duplicates, 11_000);
});

test('odd request targets are nobody’s OTLP and hurt nobody', async () => {
  await using ingest = await startIngest();
  for (const target of ['//', '/%', 'http://evil/v1/traces', '/v1/traces/../logs', '*']) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(ingest.port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.on('close', () => resolve(text));
      socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, target);
  }
  assert.equal((await ingest.json('/v1/traces?x=1', otlpRequest([otlpSpan()]))).status, 200);
});

test('logs become scores and payloads, the rest is counted; metrics are accepted', async () => {
  await using ingest = await startIngest();
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const score = {
    ...ids,
    eventName: 'gen_ai.evaluation.result',
    timeUnixNano: `${Date.now()}000000`,
    attributes: otlpAttributes({
      'gen_ai.evaluation.name': 'helpful',
      'gen_ai.evaluation.score.value': 0.75,
      'gen_ai.evaluation.score.label': 'good',
      'gen_ai.evaluation.explanation': 'it answers',
    }),
  };
  const details = {
    ...ids,
    eventName: 'gen_ai.client.inference.operation.details',
    attributes: otlpAttributes({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }],
      'gen_ai.output.messages': [
        { role: 'assistant', parts: [{ type: 'text', content: 'ho' }], finish_reason: 'stop' },
      ],
    }),
  };
  const others = [
    { eventName: 'gen_ai.user.message', ...ids },
    { body: { stringValue: 'plain log' } },
    { ...details, traceId: '' },
    { ...score, traceId: '', spanId: '' },
  ];
  const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [score, score, details, details, ...others] }] }] };
  assert.equal((await ingest.json('/v1/logs', body)).status, 200);
  assert.equal((await ingest.json('/v1/logs', body)).status, 200);
  const metrics = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'a' }] }] }] };
  assert.equal((await ingest.json('/v1/metrics', metrics)).status, 200);
  await ingest.pipeline.flush();
  const { scores, io } = ingest.store;
  assert.equal(new Set(scores.map((row) => row.score_id)).size, 1, 'a repeated score replaces itself');
  assert.deepEqual(
    { value: scores[0]?.value, label: scores[0]?.label, comment: scores[0]?.comment, name: scores[0]?.name },
    { value: 0.75, label: 'good', comment: 'it answers', name: 'helpful' },
  );
  assert.equal(io.length, 1, 'a repeated payload is left out');
  assert.deepEqual((JSON.parse(io[0]?.input ?? '') as { messages: unknown }).messages, [
    { role: 'user', parts: [{ type: 'text', content: 'hi' }] },
  ]);
  const text = ingest.metrics.text();
  for (const reason of ['message_event', 'not_genai', 'no_span_context']) {
    assert.match(text, new RegExp(`logs_ignored_total\\{reason="${reason}"\\} [24]`));
  }
  assert.match(text, /metrics_ignored_total 1/);
});
