// Our OTLP decoders against protobufjs, against each other, and against bytes that nobody should send.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import * as json from '../../collector/receivers/otlp-json.ts';
import { DecodeError, type AttrValue, type DecodedSpan } from '../../collector/receivers/model.ts';
import * as protobuf from '../../collector/receivers/otlp-protobuf.ts';
import { encodeOtlp } from '../support/otlp-proto.ts';

// A value is made as protobufjs takes it; jsonForm() makes OTLP/JSON of the same.
interface Any {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: Any[] };
  kvlistValue?: { values: KeyValue[] };
  bytesValue?: Uint8Array;
}
interface KeyValue {
  key: string;
  value: Any;
}

const text = () => fc.string({ unit: 'grapheme', maxLength: 40 });
const key = () => fc.oneof(text(), fc.constantFrom('gen_ai.system', '__proto__', 'constructor', 'toString', ''));
const int64 = () => fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const smallInt = () => fc.integer({ min: -5, max: 300 }).map(String);
// Exact until 2^53 microseconds, the year 2255; later times are clamped on arrival.
const fixed64 = () => fc.bigInt({ min: 0n, max: 2n ** 53n * 1000n - 1n }).map(String);
const double = () => fc.double({ noNaN: false });
const id = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const { any } = fc.letrec<{ any: Any; keyValue: KeyValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ stringValue: text() }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.oneof(int64(), smallInt()) }),
    fc.record({ doubleValue: double() }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 20 }) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 4 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: fc.array(tie('keyValue'), { maxLength: 4 }) }) }),
  ),
  keyValue: fc.record({ key: key(), value: tie('any') }),
}));
const attributes = () => fc.array(fc.record({ key: key(), value: any }), { maxLength: 6 });

const span = fc.record({
  traceId: id(16),
  spanId: id(8),
  parentSpanId: fc.oneof(id(8), id(0)),
  traceState: text(),
  name: text(),
  kind: fc.integer({ min: 0, max: 5 }),
  startTimeUnixNano: fixed64(),
  endTimeUnixNano: fixed64(),
  attributes: attributes(),
  droppedAttributesCount: fc.nat(),
  events: fc.array(fc.record({ timeUnixNano: fixed64(), name: text(), attributes: attributes() }), { maxLength: 3 }),
  links: fc.array(fc.record({ traceId: id(16), spanId: id(8), flags: fc.nat() }), { maxLength: 3 }),
  status: fc.record({ message: text(), code: fc.integer({ min: 0, max: 2 }) }),
  flags: fc.nat(),
});
const scopeSpans = fc.record({
  scope: fc.record({ name: text(), version: text() }),
  spans: fc.array(span, { maxLength: 4 }),
  schemaUrl: text(),
});
const request = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes: attributes() }),
      scopeSpans: fc.array(scopeSpans, { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

function jsonForm(value: unknown, key = ''): unknown {
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    return key === 'bytesValue' ? bytes.toString('base64') : bytes.toString('hex').toUpperCase();
  }
  if (Array.isArray(value)) return value.map((each) => jsonForm(each));
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonForm(each, name)]));
}

function expectedValue(value: Any): AttrValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) {
    return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : BigInt(value.intValue);
  }
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue);
  if (value.arrayValue) return value.arrayValue.values.map(expectedValue);
  return value.kvlistValue ? expectedMap(value.kvlistValue.values) : null;
}

function expectedMap(pairs: readonly KeyValue[]): Map<string, AttrValue> {
  return new Map(pairs.map(({ key, value }) => [key, expectedValue(value)]));
}

function instant(nanos: string) {
  return { us: Number(BigInt(nanos) / 1000n), ns: Number(BigInt(nanos) % 1000n) };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function expected({ resourceSpans }: Request): DecodedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((each) => ({
        origin: { resource: expectedMap(resource.attributes), scopeName: scope.name, scopeVersion: scope.version },
        traceId: hex(each.traceId),
        spanId: hex(each.spanId),
        parentSpanId: hex(each.parentSpanId).replace(/^0+$/, ''),
        traceState: each.traceState,
        name: each.name,
        kind: each.kind,
        start: instant(each.startTimeUnixNano),
        end: instant(each.endTimeUnixNano),
        attributes: expectedMap(each.attributes),
        events: each.events.map((event) => ({
          time: instant(event.timeUnixNano),
          name: event.name,
          attributes: expectedMap(event.attributes),
        })),
        links: each.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
        statusCode: each.status.code,
        statusMessage: each.status.message,
      })),
    ),
  );
}

const jsonBody = (value: unknown) => Buffer.from(JSON.stringify(jsonForm(value)));

test('protobuf and JSON decode to what was sent', () => {
  fc.assert(
    fc.property(request, (sent) => {
      const want = expected(sent);
      assert.deepEqual(protobuf.decodeTraces(encodeOtlp('TracesRequest', sent)), want);
      const got = json.decodeTraces(jsonBody(sent));
      // -0 has no integer form in JSON text, so compare it as 0.
      assert.deepEqual(zeros(got), zeros(want));
    }),
    { numRuns: 300 },
  );
});

function zeros(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, zeros(each)]));
  if (Array.isArray(value)) return value.map(zeros);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, zeros(each)]));
}

const sample = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          scope: { name: 'lib', version: '1' },
          spans: [
            {
              traceId: Buffer.alloc(16, 1),
              spanId: Buffer.alloc(8, 2),
              name: 'chat gpt-5-mini',
              kind: 3,
              startTimeUnixNano: '1760000000123456789',
              endTimeUnixNano: '1760000001123456790',
              attributes: [
                { key: 'gen_ai.usage.input_tokens', value: { intValue: '-1' } },
                { key: 'gen_ai.request.temperature', value: { doubleValue: 0.7 } },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'é' }, {}] } } },
                { key: 'tree', value: { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } } },
                { key: 'bytes', value: { bytesValue: Buffer.from([0, 255]) } },
              ],
              events: [{ timeUnixNano: '1', name: 'exception', attributes: [] }],
              links: [{ traceId: Buffer.alloc(16, 3), spanId: Buffer.alloc(8, 4) }],
              status: { code: 2, message: 'boom' },
            },
          ],
        },
      ],
    },
  ],
};

function onlyDecodeErrors(decode: () => unknown): 'decoded' | 'refused' {
  try {
    decode();
    return 'decoded';
  } catch (error) {
    assert.ok(error instanceof DecodeError, `${String(error)} is no DecodeError`);
    return 'refused';
  }
}

test('a request cut at any byte is refused or decoded, never anything else', () => {
  const whole = encodeOtlp('TracesRequest', sample);
  let refused = 0;
  for (let end = 0; end < whole.length; end++) {
    if (onlyDecodeErrors(() => protobuf.decodeTraces(whole.subarray(0, end))) === 'refused') refused++;
  }
  assert.equal(refused, whole.length - 1, 'only the empty request decodes');
  const text = jsonBody(sample);
  for (let end = 0; end < text.length; end += 7) {
    assert.equal(
      onlyDecodeErrors(() => json.decodeTraces(text.subarray(0, end))),
      'refused',
    );
  }
});

test('random and flipped bytes never throw anything but the decode error', () => {
  const decoders = [protobuf.decodeTraces, protobuf.decodeLogs, protobuf.countMetrics];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of decoders) onlyDecodeErrors(() => decode(Buffer.from(bytes)));
    }),
    { numRuns: 2000 },
  );
  const whole = encodeOtlp('TracesRequest', sample);
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      onlyDecodeErrors(() => protobuf.decodeTraces(bytes));
    }
  }
});

test('random JSON values never throw anything but the decode error', () => {
  const names = ['resourceSpans', 'resource', 'attributes', 'scopeSpans', 'spans', 'scope', 'key', 'value', 'name'];
  const more = ['arrayValue', 'kvlistValue', 'values', 'intValue', 'startTimeUnixNano', 'kind', 'status', 'traceId'];
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 7 },
      fc.constantFrom(null, true, 1, -1, 1.5, 'x', '', '12', 1e300),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names, ...more), tie('node'), { maxKeys: 5 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, (each) => {
      onlyDecodeErrors(() => json.decodeTraces(Buffer.from(JSON.stringify({ resourceSpans: each }))));
      onlyDecodeErrors(() => json.decodeTraces(Buffer.from(JSON.stringify(each))));
      onlyDecodeErrors(() => json.decodeLogs(Buffer.from(JSON.stringify({ resourceLogs: each }))));
    }),
    { numRuns: 2000 },
  );
});

test('groups, deep nesting, huge lengths and wrong types are refused', () => {
  const refused = (bytes: number[]) => {
    assert.throws(() => protobuf.decodeTraces(Buffer.from(bytes)), DecodeError);
  };
  refused([0x0b, 0x0c]); // group of field 1
  refused([0x13, 0x14]); // group of an unknown field
  refused([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]); // 2^31 - 1 bytes announced
  refused([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]); // a varint of 11 bytes
  refused([0x08, 0x01]); // resource_spans as a varint
  refused([0x02, 0x00]); // field number 0
  refused([0x0e]); // wire type 6
  const wrap = (tag: number, bytes: Buffer) => {
    const length = bytes.length > 127 ? [(bytes.length & 127) | 128, bytes.length >> 7] : [bytes.length];
    return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
  };
  const nested = (depth: number, tags: readonly number[]) => {
    let value = Buffer.from([0x0a, 0x01, 0x78]);
    for (let level = 0; level < depth; level++) value = tags.reduce((inner, tag) => wrap(tag, inner), value);
    // value -> attribute -> span -> scope spans -> resource spans -> request
    return [0x12, 0x4a, 0x12, 0x12, 0x0a].reduce((inner, tag) => wrap(tag, inner), value);
  };
  const array = [0x0a, 0x2a];
  const kvlist = [0x12, 0x0a, 0x32];
  for (const tags of [array, kvlist]) {
    assert.equal(protobuf.decodeTraces(nested(60, tags))[0]?.attributes.size, 1);
    assert.throws(() => protobuf.decodeTraces(nested(70, tags)), DecodeError);
    assert.throws(() => protobuf.decodeTraces(nested(1500, tags)), DecodeError);
  }
  const deep = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(10_000)}${']}}'.repeat(10_000)}}]}]}]}]}`;
  assert.throws(() => json.decodeTraces(Buffer.from(deep)), DecodeError);
});

test('bytes that are not UTF-8 become U+FFFD; unknown fields are skipped', () => {
  const name = Buffer.from([0x2a, 0x03, 0x61, 0xff, 0x62]); // name: a <ff> b
  const unknown = Buffer.from([0xf8, 0x06, 0x05, 0xf9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x06, 1, 2, 3, 4]);
  const wrap = (bytes: Buffer, tag: number) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const body = wrap(wrap(wrap(Buffer.concat([name, unknown]), 0x12), 0x12), 0x0a);
  assert.equal(protobuf.decodeTraces(body)[0]?.name, 'a\uFFFDb');
});

test('JSON liberties: integers as numbers, enum names, null, NaN, any case of ids, unknown fields', () => {
  const body = {
    resourceSpans: [
      {
        resource: { attributes: null, unknown: 1 },
        scopeSpans: [
          {
            spans: [
              {
                traceId: '5B8EFFF798038103D269B633813FC60C',
                spanId: 'EEE19B7EC3C1B174',
                parentSpanId: '',
                name: 'x',
                kind: 'SPAN_KIND_CLIENT',
                startTimeUnixNano: 1_760_000_000_000_000_000,
                endTimeUnixNano: '1760000000000000001',
                status: { code: 'STATUS_CODE_ERROR' },
                attributes: [
                  { key: 'i', value: { intValue: 1024 } },
                  { key: 's', value: { intValue: '9007199254740993' } },
                  { key: 'n', value: { doubleValue: null } },
                  { key: 'nan', value: { doubleValue: 'NaN' } },
                  { key: 'inf', value: { doubleValue: '-Infinity' } },
                  { key: 'empty', value: {} },
                  { key: 'none' },
                  { key: 'profile', value: { stringValueStrindex: 3 } },
                  { key: 'b', value: { bytesValue: 'AP8=' } },
                ],
                futureField: { a: 1 },
              },
            ],
          },
        ],
      },
    ],
  };
  const [span] = json.decodeTraces(Buffer.from(`\uFEFF${JSON.stringify(body)}`));
  assert.ok(span);
  assert.equal(span.traceId, '5b8efff798038103d269b633813fc60c');
  assert.equal(span.spanId, 'eee19b7ec3c1b174');
  assert.equal(span.kind, 3);
  assert.equal(span.statusCode, 2);
  assert.deepEqual(span.start, { us: 1_760_000_000_000_000, ns: 0 });
  assert.deepEqual(span.end, { us: 1_760_000_000_000_000, ns: 1 });
  const values = Object.fromEntries(span.attributes);
  assert.deepEqual(values, {
    i: 1024,
    s: 9007199254740993n,
    n: Number.NaN,
    nan: Number.NaN,
    inf: -Infinity,
    empty: null,
    none: null,
    profile: null,
    b: Buffer.from([0, 255]),
  });
});

test('logs decode alike in both encodings, metrics are counted', () => {
  const logs = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'judge' } }] },
        scopeLogs: [
          {
            scope: { name: 'eval' },
            logRecords: [
              {
                timeUnixNano: '1760000000000000999',
                observedTimeUnixNano: '1760000000000001000',
                severityNumber: 9,
                body: { stringValue: 'ok' },
                attributes: [{ key: 'gen_ai.evaluation.name', value: { stringValue: 'helpful' } }],
                traceId: Buffer.alloc(16, 1),
                spanId: Buffer.alloc(8, 2),
                eventName: 'gen_ai.evaluation.result',
              },
            ],
          },
        ],
      },
    ],
  };
  const [fromProtobuf] = protobuf.decodeLogs(encodeOtlp('LogsRequest', logs));
  assert.deepEqual(json.decodeLogs(jsonBody(logs))[0], fromProtobuf);
  assert.equal(fromProtobuf?.eventName, 'gen_ai.evaluation.result');
  assert.equal(fromProtobuf?.body, 'ok');
  const metrics = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'a' }, { name: 'b' }] }] }] };
  assert.equal(protobuf.countMetrics(encodeOtlp('MetricsRequest', metrics)), 2);
  assert.equal(json.countMetrics(Buffer.from(JSON.stringify(metrics))), 2);
});
