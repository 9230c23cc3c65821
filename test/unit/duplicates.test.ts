// The table of duplicates: knows the newest ids, forgets the oldest, mistakes none for another.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Duplicates } from '../../collector/queue/duplicates.ts';

const id = () => randomBytes(24).toString('hex');

test('what was added is known, what was not is not', () => {
  const table = new Duplicates(65_536);
  const added = Array.from({ length: 60_000 }, id);
  for (const each of added) {
    assert.equal(table.has(each), false);
    table.add(each);
  }
  for (const each of added) assert.equal(table.has(each), true);
  let mistaken = 0;
  for (let count = 0; count < 60_000; count++) if (table.has(id())) mistaken++;
  assert.equal(mistaken, 0);
});

test('neighbouring ids are told apart', () => {
  const table = new Duplicates(1024);
  const ids = Array.from({ length: 1000 }, (_, at) => `${'0'.repeat(44)}${at.toString(16).padStart(4, '0')}`);
  for (const each of ids) table.add(each);
  for (const each of ids) assert.equal(table.has(each), true);
  assert.equal(table.has(`${'0'.repeat(43)}1${'0'.repeat(4)}`), false);
});

test('two generations: the last `limit` ids are always known, memory does not grow', () => {
  const limit = 4096;
  const table = new Duplicates(limit);
  const ids = Array.from({ length: limit * 10 }, id);
  for (const [at, each] of ids.entries()) {
    table.add(each);
    if (at % 997 === 0) {
      for (const recent of ids.slice(Math.max(0, at - limit + 2), at + 1)) assert.equal(table.has(recent), true);
    }
  }
  const old = ids.slice(0, limit * 7).filter((each) => table.has(each));
  assert.equal(old.length, 0);
});
