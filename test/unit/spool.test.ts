import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { findRecord } from '../../runtime/spool/format.ts';
import { SpoolReader } from '../../runtime/spool/reader.ts';
import { SpoolFullError, SpoolWriter, type SpoolWriterOptions } from '../../runtime/spool/writer.ts';

const ALL = { maxRecords: Infinity, maxBytes: Infinity };
const WRITER = join(import.meta.dirname, '../support/spool-writer.ts');

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'spool-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function open(dir: string, options: Partial<SpoolWriterOptions> = {}): SpoolWriter {
  return new SpoolWriter({ dir, segmentBytes: 1e6, maxBytes: 1e9, overflow: 'refuse', ...options });
}

function texts(reader: SpoolReader): string[] {
  const found: string[] = [];
  for (let batch = reader.take(ALL); batch; batch = reader.take(ALL)) {
    found.push(...batch.records.map(({ data }) => data.toString()));
    reader.commit(batch);
  }
  return found;
}

const segments = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.seg'))
    .sort();
const segment = (dir: string, index: number) => join(dir, segments(dir)[index] ?? '');

/** Three records in one closed segment and one in the next; returns the path of the first. */
function threeAndOne(dir: string): string {
  const first = open(dir);
  for (const text of ['one', 'two', 'three']) first.append(1, [Buffer.from(text)]);
  first.close();
  const second = open(dir);
  second.append(1, [Buffer.from('four')]);
  second.close();
  return segment(dir, 0);
}

test('records come back whole, in order, with kind and position', (t) => {
  const dir = directory(t);
  const writer = open(dir);
  const at = writer.append(7, [Buffer.from('a'), Buffer.alloc(0), Buffer.from('bc')]);
  const big = Buffer.alloc(3_000_000, 'x');
  const bigAt = writer.append(255, [big]);
  writer.append(1, []);
  const reader = new SpoolReader(dir);
  const batch = reader.take(ALL);
  assert.deepEqual(
    batch?.records.map(({ kind, data }) => [kind, data.length]),
    [
      [7, 3],
      [255, 3_000_000],
      [1, 0],
    ],
  );
  assert.deepEqual(batch?.records[0]?.at, at);
  assert.equal(reader.readAt(at)?.data.toString(), 'abc');
  assert.ok(reader.readAt(bigAt)?.data.equals(big));
  assert.equal(reader.readAt({ segment: 1, offset: at.offset + 1 }), undefined);
  assert.equal(reader.readAt({ segment: 99, offset: 8 }), undefined);
});

test('a batch respects its limits and stays the same until it is committed, also after a crash', (t) => {
  const dir = directory(t);
  const writer = open(dir);
  for (let index = 0; index < 10; index++) writer.append(1, [Buffer.from(`r${index}`)]);
  const reader = new SpoolReader(dir);
  const batch = reader.take({ maxRecords: 4, maxBytes: 1e6 });
  assert.equal(batch?.records.length, 4);
  assert.equal(reader.take(ALL), batch);
  const again = new SpoolReader(dir).take(ALL);
  assert.equal(again?.token, batch?.token);
  assert.deepEqual(
    again?.records.map(({ data }) => data.toString()),
    ['r0', 'r1', 'r2', 'r3'],
  );
  assert.ok(batch);
  reader.commit(batch);
  const next = reader.take({ maxRecords: 100, maxBytes: 3 });
  assert.deepEqual(
    next?.records.map(({ data }) => data.toString()),
    ['r4', 'r5'],
  );
  assert.notEqual(next?.token, batch.token);
});

test('a token never returns, even when the directory is deleted and made again', (t) => {
  const dir = directory(t);
  const token = () => {
    const writer = open(dir);
    writer.append(1, [Buffer.from('same')]);
    writer.close();
    const reader = new SpoolReader(dir);
    const found = reader.take(ALL)?.token;
    reader.close();
    rmSync(dir, { recursive: true });
    return found;
  };
  assert.notEqual(token(), token());
});

test('an append after an idle look is seen, across rotations', (t) => {
  const dir = directory(t);
  const writer = open(dir, { segmentBytes: 20 });
  const reader = new SpoolReader(dir);
  for (let index = 0; index < 300; index++) {
    assert.equal(reader.take(ALL), undefined);
    writer.append(1, [Buffer.from(`r${index}`)]);
    assert.deepEqual(texts(reader), [`r${index}`]);
  }
  assert.ok(segments(dir).length <= 2, 'consumed segments are deleted');
});

test('a torn tail is stepped over and counted', (t) => {
  const dir = directory(t);
  const path = threeAndOne(dir);
  truncateSync(path, readFileSync(path).length - 2);
  const reader = new SpoolReader(dir);
  assert.deepEqual(texts(reader), ['one', 'two', 'four']);
  assert.deepEqual(reader.damage, { corrupt: 0, torn: 1, quarantined: 0, missing: 0 });
});

test('a torn tail of the segment that is being written is waited for, until the writer is known to be gone', (t) => {
  const dir = directory(t);
  const writer = open(dir);
  writer.append(1, [Buffer.from('one')]);
  appendFileSync(segment(dir, 0), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 1, 9, 9]));
  const reader = new SpoolReader(dir);
  assert.deepEqual(texts(reader), ['one']);
  assert.equal(reader.damage.torn, 0);
  reader.seal();
  assert.deepEqual(texts(reader), []);
  assert.equal(reader.damage.torn, 1);
});

test('every single flipped bit costs at most the records it touches', (t) => {
  const dir = directory(t);
  const path = threeAndOne(dir);
  const healthy = readFileSync(path);
  for (let bit = 64; bit < healthy.length * 8; bit++) {
    const bytes = Buffer.from(healthy);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, bytes);
    rmSync(join(dir, 'cursor'));
    const reader = new SpoolReader(dir);
    const batch = reader.take(ALL);
    const found = batch?.records.map(({ data }) => data.toString()) ?? [];
    assert.equal(found.length, 3, `bit ${bit} left ${found.join(' ')}`);
    assert.equal(found.at(-1), 'four');
    assert.equal(reader.damage.corrupt + reader.damage.torn, 1);
    reader.close();
  }
});

test('a truncated segment and a zero-filled tail', (t) => {
  const dir = directory(t);
  const path = threeAndOne(dir);
  truncateSync(path, 8 + 12 + 4);
  let reader = new SpoolReader(dir);
  assert.deepEqual(texts(reader), ['one', 'four']);
  assert.equal(reader.damage.torn, 1);

  const other = directory(t);
  appendFileSync(threeAndOne(other), Buffer.alloc(100_000));
  reader = new SpoolReader(other);
  assert.deepEqual(texts(reader), ['one', 'two', 'three', 'four']);
  assert.equal(reader.damage.corrupt, 1);
});

test('a segment cut inside its header, and an empty one, are no damage to the others', (t) => {
  const dir = directory(t);
  for (const size of [0, 5]) {
    threeAndOne(dir);
    truncateSync(segment(dir, segments(dir).length - 2), size);
  }
  assert.deepEqual(texts(new SpoolReader(dir)), ['four', 'four']);
});

test('a segment of a future version is set aside, and its number is not used again', (t) => {
  const dir = directory(t);
  const path = threeAndOne(dir);
  const bytes = readFileSync(path);
  bytes[7] = 2;
  writeFileSync(path, bytes);
  const reader = new SpoolReader(dir);
  assert.deepEqual(texts(reader), ['four']);
  assert.equal(reader.damage.quarantined, 1);
  assert.ok(readdirSync(dir).includes('0000000001.seg.quarantined'));

  // The newest one, while the reader stands before it.
  const last = segment(dir, segments(dir).length - 1);
  writeFileSync(last, Buffer.from('SBSPOOL\u0009 whatever', 'latin1'));
  assert.deepEqual(texts(new SpoolReader(dir)), []);
  const writer = open(dir);
  writer.append(1, [Buffer.from('five')]);
  assert.deepEqual(texts(new SpoolReader(dir)), ['five']);
});

test('a cursor that is torn in one slot falls back to the other; a ruined one starts over', (t) => {
  const dir = directory(t);
  const writer = open(dir);
  const reader = new SpoolReader(dir);
  writer.append(1, [Buffer.from('one')]);
  texts(reader);
  writer.append(1, [Buffer.from('two')]);
  const batch = reader.take(ALL);
  const bytes = readFileSync(join(dir, 'cursor'));
  for (const slot of [0, 1]) {
    const torn = Buffer.from(bytes);
    torn.fill(0, slot * 512 + 10, slot * 512 + 512);
    writeFileSync(join(dir, 'cursor'), torn);
    const found = new SpoolReader(dir).take(ALL)?.records.map(({ data }) => data.toString());
    assert.deepEqual(found, ['two']);
  }
  writeFileSync(join(dir, 'cursor'), 'nonsense');
  assert.deepEqual(texts(new SpoolReader(dir)), ['one', 'two']);
  assert.ok(batch);
});

test('a writer never falls behind the cursor, even when every segment is gone', (t) => {
  const dir = directory(t);
  threeAndOne(dir);
  assert.equal(texts(new SpoolReader(dir)).length, 4);
  for (const name of segments(dir)) rmSync(join(dir, name));
  open(dir).append(1, [Buffer.from('later')]);
  assert.deepEqual(texts(new SpoolReader(dir)), ['later']);
});

test('kept segments can be read again as history, up to the cursor', (t) => {
  const dir = directory(t);
  const writer = open(dir, { segmentBytes: 30 });
  const at = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => writer.append(1, [Buffer.from(text.repeat(10))]));
  const reader = new SpoolReader(dir);
  const batch = reader.take({ maxRecords: 5, maxBytes: 1e6 });
  assert.ok(batch);
  reader.commit(batch, at[2]);
  const history = (reader: SpoolReader) => [...reader.history()].map(({ data }) => data.toString()[0]).join('');
  assert.equal(history(reader), 'cde');
  assert.equal(history(new SpoolReader(dir)), 'cde');
  assert.deepEqual(
    [...reader.history(at[3])].map(({ data }) => data.toString()[0]),
    ['d', 'e'],
  );
  assert.deepEqual(texts(reader), ['ffffffffff']);
  assert.equal(history(reader), 'ef', 'the segment under the cursor is always kept');
});

test('overflow drops the oldest segments and says how much', (t) => {
  const dir = directory(t);
  const dropped: [number, number][] = [];
  const writer = open(dir, {
    segmentBytes: 1000,
    maxBytes: 4000,
    overflow: 'drop_oldest',
    onDrop: (bytes, records) => dropped.push([bytes, records]),
  });
  const reader = new SpoolReader(dir);
  for (let index = 0; index < 100; index++) writer.append(1, [Buffer.alloc(91, index)]);
  assert.ok(segments(dir).reduce((sum, name) => sum + readFileSync(join(dir, name)).length, 0) <= 4000);
  assert.ok(writer.bytes <= 4000);
  const left = reader.take(ALL)?.records.length ?? 0;
  const lost = dropped.reduce((sum, [, records]) => sum + records, 0);
  assert.equal(left + lost, 100);
  assert.ok(dropped.every(([bytes]) => bytes >= 1000));
  assert.equal(reader.damage.missing, dropped.length);
});

test('a reader finishes a segment that overflow deletes under it', (t) => {
  const dir = directory(t);
  const writer = open(dir, { segmentBytes: 1000, maxBytes: 3000, overflow: 'drop_oldest' });
  const reader = new SpoolReader(dir);
  for (let index = 0; index < 9; index++) writer.append(1, [Buffer.alloc(91, index)]);
  const batch = reader.take({ maxRecords: 2, maxBytes: 1e6 });
  assert.ok(batch);
  reader.commit(batch);
  for (let index = 9; index < 60; index++) writer.append(1, [Buffer.alloc(91, index)]);
  const found = reader.take(ALL)?.records.map(({ data }) => data[0]) ?? [];
  assert.deepEqual(found.slice(0, 8), [2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(found.at(-1), 59);
});

test('a full spool refuses, keeps what it has, and takes more once a reader has made room', (t) => {
  const dir = directory(t);
  const writer = open(dir, { segmentBytes: 1000, maxBytes: 3000 });
  let accepted = 0;
  const fill = () => {
    for (;;) {
      writer.append(1, [Buffer.alloc(91, accepted)]);
      accepted++;
    }
  };
  assert.throws(fill, SpoolFullError);
  const before = accepted;
  const reader = new SpoolReader(dir);
  assert.equal(texts(reader).length, accepted);
  assert.throws(fill, SpoolFullError);
  assert.ok(accepted > before);
  assert.equal(texts(reader).length, accepted - before);
});

test('a full disk refuses whole records, the reader goes on, and room makes it work again', (t) => {
  const dir = directory(t);
  if (process.getuid?.() !== 0) return t.skip('mounting a small tmpfs needs root');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', dir], { stdio: 'ignore' });
  } catch {
    return t.skip('this machine does not let us mount a small tmpfs');
  }
  try {
    const spool = join(dir, 'spool');
    const writer = open(spool, { segmentBytes: 100_000 });
    const accepted: number[] = [];
    const fill = (from: number) => {
      for (let index = from; ; index++) {
        writer.append(1, [Buffer.from(`${index} `.padEnd(7000, 'x'))]);
        accepted.push(index);
      }
    };
    assert.throws(
      () => fill(0),
      (error) => error instanceof SpoolFullError && /ENOSPC|the disk took/.test(error.message),
    );
    assert.ok(accepted.length > 100);
    const reader = new SpoolReader(spool);
    const numbers = () => texts(reader).map((text) => Number.parseInt(text, 10));
    const found = numbers();
    assert.throws(() => fill(accepted.length), SpoolFullError);
    found.push(...numbers());
    assert.deepEqual(found, accepted);
    assert.ok(accepted.length > 150);
    assert.deepEqual(reader.damage, { corrupt: 0, torn: 0, quarantined: 0, missing: 0 });
    writer.close();
    reader.close();
  } finally {
    execFileSync('umount', [dir]);
  }
});

test('kill -9 of the writer: every acknowledged record is there, none twice; a reader runs beside it', async (t) => {
  const dir = directory(t);
  const reader = new SpoolReader(dir);
  const found: number[] = [];
  let acknowledged = -1;
  const drain = () => {
    for (let batch = reader.take({ maxRecords: 97, maxBytes: 1e6 }); batch; batch = reader.take(ALL)) {
      for (const { data } of batch.records) {
        const number = data.readUInt32LE(0);
        assert.ok(data.subarray(4).every((byte) => byte === number % 256));
        found.push(number);
      }
      reader.commit(batch);
    }
  };
  for (let life = 0; life < 5; life++) {
    const first = (found.at(-1) ?? -1) + 1;
    const child = spawn(process.execPath, [WRITER, dir, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (life % 2 === 0) drain();
      if (output.length > 4000 * (life + 1)) child.kill('SIGKILL');
    });
    await once(child, 'close');
    acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
    drain();
    const last = found.at(-1) ?? -1;
    assert.ok(last === acknowledged || last === acknowledged + 1, `${last} read, ${acknowledged} acknowledged`);
  }
  assert.deepEqual(
    found,
    Array.from(found, (_, index) => index),
  );
  assert.ok(found.length > 1000);
  assert.ok(reader.damage.corrupt === 0 && reader.damage.missing === 0);
});

test('any sequence of appends, takes, commits, reopens and crashes yields every record once, in order', () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.integer({ min: 0, max: 400 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), size: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen reader' as const), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen writer' as const), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('tear' as const), size: fc.integer({ min: 1, max: 30 }) }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const dir = mkdtempSync(join(tmpdir(), 'spool-'));
      let writer = open(dir, { segmentBytes: 500 });
      let reader = new SpoolReader(dir);
      let batch = reader.take(ALL);
      let appended = 0;
      const committed: string[] = [];
      const commit = () => {
        if (!batch) return;
        committed.push(...batch.records.map(({ data }) => data.toString().trimEnd()));
        reader.commit(batch);
        batch = undefined;
      };
      const run = {
        append: (size: number) => writer.append(1, [Buffer.from(`${appended++}`.padEnd(size))]),
        take: (size: number) => (batch = reader.take({ maxRecords: size, maxBytes: 1e6 })),
        commit,
        'reopen reader': () => {
          reader.close();
          reader = new SpoolReader(dir);
          const claimed = batch;
          batch = claimed && reader.take(ALL);
          assert.equal(batch?.token, claimed?.token);
        },
        'reopen writer': () => {
          writer.close();
          writer = open(dir, { segmentBytes: 500 });
        },
        /** The writer dies inside an append. */
        tear: (size: number) => {
          writer.close();
          const torn = Buffer.alloc(size, 7);
          if (size >= 4) torn.writeUInt32LE(5000);
          appendFileSync(segment(dir, segments(dir).length - 1), torn);
          writer = open(dir, { segmentBytes: 500 });
        },
      };
      try {
        for (const { do: name, size } of actions) run[name](size);
        for (batch = reader.take(ALL); batch; batch = reader.take(ALL)) commit();
        assert.deepEqual(
          committed,
          Array.from({ length: appended }, (_, index) => `${index}`),
        );
      } finally {
        writer.close();
        reader.close();
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: 300 },
  );
});

test('the search for the next record after damage gives up on hostile content instead of taking for ever', () => {
  const hostile = Buffer.alloc(3_000_000);
  for (let at = 0; at + 9 < hostile.length; at += 9) {
    hostile.writeUInt32LE(1_000_000, at);
    hostile[at + 8] = 1;
  }
  assert.equal(findRecord(hostile), undefined);
});
