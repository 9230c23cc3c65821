// The framings: AWS's event stream against AWS's own codec, lines, each however its bytes are cut.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventStreamCodec } from '@smithy/core/event-streams';
import * as fc from 'fast-check';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { Framing } from '../../schemas/call.ts';
import type { Frame } from '../../schemas/dialects/types.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

type Headers = Parameters<typeof codec.encode>[0]['headers'];

/** A message as AWS's codec writes it. */
function message(headers: Readonly<Record<string, string>>, body: string, others: Headers = {}): Buffer {
  const texts = Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }] as const);
  const all = { ...others, ...Object.fromEntries(texts) } as Headers;
  return Buffer.from(codec.encode({ headers: all, body: Buffer.from(body) }));
}

const event = (name: string, body: string) =>
  message({ ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' }, body);

function read(framing: Framing, pieces: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  const reader = FRAMINGS[framing].read((event, data) => frames.push({ event, data }));
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return frames;
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Cut in two at every byte, in single bytes, and in one piece. */
function everyCut(framing: Framing, bytes: Buffer, want: readonly Frame[]): void {
  assert.deepEqual(read(framing, [bytes]), want);
  assert.deepEqual(read(framing, cut(bytes, 1)), want);
  for (let at = 1; at < bytes.length; at++)
    assert.deepEqual(read(framing, [bytes.subarray(0, at), bytes.subarray(at)]), want, `cut at ${at}`);
}

describe('AWS event stream', () => {
  const frames: readonly Frame[] = [
    { event: 'messageStart', data: '{"role":"assistant"}' },
    { event: 'contentBlockDelta', data: '{"delta":{"text":"Grüße 👩‍👩‍👧"},"contentBlockIndex":0}' },
    { event: 'metadata', data: '' },
  ];
  const encoded = frames.map(({ event: name, data }) => event(name, data));
  const bytes = Buffer.concat(encoded);

  test("reads what AWS's codec wrote, at every cut", () => everyCut('aws', bytes, frames));

  test("AWS's codec reads what is written here", () => {
    for (const frame of frames) {
      const { headers, body } = codec.decode(FRAMINGS.aws.write(frame));
      assert.deepEqual({ event: headers[':event-type']?.value, data: Buffer.from(body).toString() }, frame);
      assert.equal(headers[':message-type']?.value, 'event');
      assert.equal(headers[':content-type']?.value, 'application/json');
    }
    const { headers } = codec.decode(FRAMINGS.aws.write({ event: 'throttlingException', data: '{"message":"slow"}' }));
    assert.equal(headers[':message-type']?.value, 'exception');
    assert.equal(headers[':exception-type']?.value, 'throttlingException');
  });

  test('property: any frames come back, whatever the cuts', () => {
    const frame = fc.record(
      { event: fc.stringMatching(/^[a-zA-Z]{1,20}$/), data: fc.json() },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 70 }), (frames, size) => {
        const bytes = Buffer.concat(frames.map((each) => FRAMINGS.aws.write(each)));
        assert.deepEqual(read('aws', cut(bytes, size)), frames);
      }),
    );
  });

  test('headers of every type are passed over', () => {
    const others: Headers = {
      yes: { type: 'boolean', value: true },
      no: { type: 'boolean', value: false },
      byte: { type: 'byte', value: -1 },
      short: { type: 'short', value: 2 },
      whole: { type: 'integer', value: 3 },
      binary: { type: 'binary', value: Buffer.from('raw') },
      at: { type: 'timestamp', value: new Date(0) },
      id: { type: 'uuid', value: '00000000-0000-4000-8000-000000000000' },
    };
    const bytes = message({ ':event-type': 'chunk', ':message-type': 'event' }, '{"bytes":"e30="}', others);
    everyCut('aws', bytes, [{ event: 'chunk', data: '{"bytes":"e30="}' }]);
  });

  test('exceptions and errors are frames of their names', () => {
    const exception = message(
      { ':message-type': 'exception', ':exception-type': 'validationException' },
      '{"message":"no"}',
    );
    const error = message({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'broke' }, '');
    assert.deepEqual(read('aws', [exception, error]), [
      { event: 'validationException', data: '{"message":"no"}' },
      { event: 'InternalError', data: '{"message":"broke"}' },
    ]);
  });

  test('a changed byte ends the stream there, and no wrong frame comes out', () => {
    const ends = [1, 2, 3].map((count) => encoded.slice(0, count).reduce((sum, each) => sum + each.length, 0));
    for (let at = 0; at < bytes.length; at++) {
      const broken = Buffer.from(bytes);
      broken.writeUInt8(broken.readUInt8(at) ^ 0x41, at);
      const before = frames.slice(
        0,
        ends.findIndex((end) => at < end),
      );
      assert.deepEqual(read('aws', [broken]), before, `byte ${at}`);
      assert.deepEqual(read('aws', cut(broken, 7)), before, `byte ${at}, in pieces`);
    }
  });

  test('what breaks off is no frame', () => {
    for (let at = 0; at < bytes.length; at++) {
      const got = read('aws', [bytes.subarray(0, at)]);
      assert.deepEqual(got, frames.slice(0, got.length));
      assert.ok(got.length < frames.length);
    }
  });

  test('property: no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => void read('aws', pieces)),
    );
    // With a prelude that is true and a length that is not.
    const huge = Buffer.from(bytes);
    huge.writeUInt32BE(0xffffffff, 4);
    assert.deepEqual(read('aws', [huge]), []);
  });
});

describe('lines', () => {
  const frames: readonly Frame[] = [
    { event: '', data: '{"message":{"content":"Grüße 👩‍👩‍👧"}}' },
    { event: '', data: '{"done":true}' },
  ];
  const bytes = Buffer.concat(frames.map((frame) => FRAMINGS.lines.write(frame)));

  test('come back at every cut', () => everyCut('lines', bytes, frames));

  test('with CRLF, blank lines, and a last line without its end', () => {
    const odd = Buffer.from(`\r\n\n${frames[0]?.data ?? ''}\r\n\r\n${frames[1]?.data ?? ''}`);
    everyCut('lines', odd, frames);
  });

  test('property: no bytes make it throw, and a long line costs no more in small pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (pieces) => void read('lines', pieces)),
    );
    const long = Buffer.from(`"${'x'.repeat(2_000_000)}"\n`);
    assert.equal(read('lines', cut(long, 64))[0]?.data.length, 2_000_002);
  });
});
