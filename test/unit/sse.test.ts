// The decoder of server-sent events: line ends, comments, marks, and bytes cut anywhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { cuts, decode } from '../support/sse.ts';

const bytes = (text: string) => Buffer.from(text);

test('LF, CRLF and CR end lines alike', () => {
  const expected = [
    { event: 'ping', data: 'one' },
    { event: '', data: 'two\nthree' },
  ];
  for (const end of ['\n', '\r\n', '\r']) {
    const stream = bytes(['event: ping', 'data: one', '', 'data: two', 'data: three', '', ''].join(end));
    assert.deepEqual(decode([stream]), expected);
    for (const pieces of cuts(stream)) assert.deepEqual(decode(pieces), expected);
  }
});

test('comments, unknown fields and an empty event are nothing; a line without a colon is a field', () => {
  assert.deepEqual(decode([bytes(': keep-alive\n\nid: 7\nretry: 3\nevent: lost\n\n:x\ndata\n\n')]), [
    { event: '', data: '' },
  ]);
});

test('one space after the colon belongs to the format, the rest to the data', () => {
  assert.deepEqual(decode([bytes('data:a\n\ndata:  b\n\ndata: c: d\n\n')]), [
    { event: '', data: 'a' },
    { event: '', data: ' b' },
    { event: '', data: 'c: d' },
  ]);
});

test('a byte order mark at the start is skipped, elsewhere it is text', () => {
  assert.deepEqual(decode([bytes('\uFEFFdata: a\uFEFF\n\n')]), [{ event: '', data: 'a\uFEFF' }]);
});

test('split UTF-8 comes back whole, and broken UTF-8 does not throw', () => {
  const stream = bytes('data: "naïve 漢字 🦊"\n\n');
  for (const pieces of cuts(stream)) assert.deepEqual(decode(pieces), [{ event: '', data: '"naïve 漢字 🦊"' }]);
  assert.deepEqual(decode([Buffer.from([...bytes('data: '), 0xff, 0xe6, 0x0a, 0x0a])]), [
    { event: '', data: '\uFFFD\uFFFD' },
  ]);
});

test('an event without its closing blank line, or without its line end, is still an event', () => {
  assert.deepEqual(decode([bytes('data: a\n')]), [{ event: '', data: 'a' }]);
  assert.deepEqual(decode([bytes('event: e\ndata: a')]), [{ event: 'e', data: 'a' }]);
});

test('one byte order mark is taken off, however it is cut; a second one is text', () => {
  const whole = bytes('\uFEFF\uFEFFdata: a\n\ndata: b\n\n');
  for (let at = 1; at < 8; at++) {
    assert.deepEqual(decode([whole.subarray(0, at), whole.subarray(at)]), [{ event: '', data: 'b' }], `cut at ${at}`);
  }
});

test('property: any chunking gives the same events', () => {
  const word = fc.constantFrom(
    'data: ',
    'data:',
    'event: x',
    ': c',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    'é',
    '🦊',
    '\uFEFF',
    'a',
  );
  const stream = fc.array(word, { maxLength: 40 }).map((words) => bytes(words.join('')));
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(stream, sizes, (whole, lengths) => {
      const pieces: Buffer[] = [];
      for (let from = 0, turn = 0; from < whole.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1;
        pieces.push(whole.subarray(from, from + length));
        from += length;
      }
      assert.deepEqual(decode(pieces), decode([whole]));
    }),
    { numRuns: 500 },
  );
});

test('a very long line in small pieces costs linear time', () => {
  const piece = bytes('x'.repeat(64));
  const pieces = [bytes('data: '), ...Array.from({ length: 80_000 }, () => piece), bytes('\n\n')];
  const [event] = decode(pieces);
  assert.equal(event?.data.length, 80_000 * 64);
});
