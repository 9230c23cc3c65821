// Fault H03 of the catalogue, what the engine says: which of its refusals speak of the rows (set aside, never tried
// again), which of a question that is too big, and which of the store (tried again until it works). Each refusal is
// provoked on the real engine.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Session } from 'chdb';
import { describe as wordsOf, engineCode, isBadData, isLimit } from '../../collector/store/errors.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-errors-'));
let session: Session;

before(async () => {
  session = new Session(dir);
  await session.queryAsync(`CREATE TABLE t (u UInt8, d Date, dt DateTime64(6), e Enum8('a' = 1), s String,
    dec Decimal32(2), b Bool, a Array(String), m Map(String, String), f Float64, fs FixedString(2))
    ENGINE = MergeTree ORDER BY u PARTITION BY d`);
  await session.queryAsync(`CREATE TABLE few (u UInt8) ENGINE = MergeTree ORDER BY u
    SETTINGS parts_to_delay_insert = 1, parts_to_throw_insert = 1, max_delay_to_insert = 0`);
  await session.queryAsync('INSERT INTO few VALUES (1)');
});

after(() => {
  session.close();
  rmSync(dir, { recursive: true, force: true });
});

async function refusalOf(statement: string): Promise<unknown> {
  try {
    await session.queryAsync(statement);
  } catch (error) {
    return error;
  }
  return assert.fail(`the engine takes ${statement}`);
}

const row = (columns: string, values: string) => `INSERT INTO t (${columns}) FORMAT JSONCompactEachRow ${values}`;

const ROWS: Readonly<Record<string, readonly [code: number, statement: string]>> = {
  'a word for a number': [27, row('u', '["secret"]')],
  'a negative number': [72, row('u', '[-1]')],
  'text that breaks off': [26, row('u, s', '[1, "secret')],
  'a row that breaks off': [27, row('u, s', '[1')],
  'a value too many': [27, row('u', '[1, "secret"]')],
  'a value too few': [27, row('u, s', '[1]')],
  'no date': [38, row('d', '["secret"]')],
  'no time': [41, row('dt', '["secret"]')],
  'an unknown name': [691, row('e', '["secret"]')],
  'too many digits': [69, row('dec', '[99999999999]')],
  'no boolean': [467, row('b', '["secret"]')],
  'no list': [130, row('a', '[5]')],
  'no map': [27, row('m', '[["secret"]]')],
  'half a character': [25, row('s', '["secret \\uD800"]')],
  'no number at all': [72, row('f', '["secret"]')],
  'text that is too long': [131, row('fs', '["secret"]')],
  'no row at all': [27, row('s', 'secret')],
  'text where a number is computed': [6, "INSERT INTO t (u) SELECT toUInt8('secret')"],
  'a number out of range': [70, "INSERT INTO t (u) SELECT accurateCast(300, 'UInt8')"],
  'fewer columns than were named': [20, 'INSERT INTO t (u, s) SELECT 1'],
  'blocks that break off': [33, "INSERT INTO t (u) SELECT * FROM format(Native, 'u UInt8', 'garbage and secret')"],
  'days all over the calendar': [252, "INSERT INTO t (d) SELECT toDate('2020-01-01') + number FROM numbers(200)"],
};

for (const [name, [code, statement]] of Object.entries(ROWS)) {
  test(`H03 the rows are at fault: ${name}`, async () => {
    const error = await refusalOf(statement);
    assert.deepEqual([engineCode(error), isBadData(error), isLimit(error)], [code, true, false]);
    assert.match(wordsOf(error), new RegExp(`^[A-Z_]+ \\(code ${code}\\)`));
    assert.doesNotMatch(wordsOf(error), /secret/);
  });
}

const STORE: Readonly<Record<string, readonly [code: number, statement: string]>> = {
  'a table that is not there': [60, 'INSERT INTO nothing (u) VALUES (1)'],
  'a column that is not there': [16, row('nothing', '[1]')],
  'a database that is not there': [81, 'INSERT INTO nothing.t (u) VALUES (1)'],
  'too many parts': [252, 'INSERT INTO few VALUES (2)'],
};

for (const [name, [code, statement]] of Object.entries(STORE)) {
  test(`H03 the store is at fault, and may work again: ${name}`, async () => {
    const error = await refusalOf(statement);
    assert.deepEqual([engineCode(error), isBadData(error)], [code, false]);
    assert.match(wordsOf(error), new RegExp(`^[A-Z_]+ \\(code ${code}\\)$`));
  });
}

const QUESTIONS: Readonly<Record<string, readonly [code: number, statement: string]>> = {
  'too long': [
    159,
    'SELECT sum(sleepEachRow(0.5)) FROM numbers(4) SETTINGS max_execution_time = 1, max_block_size = 1',
  ],
  'too many rows': [396, 'SELECT number FROM numbers(1000) SETTINGS max_result_rows = 10'],
  'too much to read': [158, 'SELECT max(number) FROM numbers(100000) SETTINGS max_rows_to_read = 10'],
  'too much memory': [
    241,
    'SELECT length(groupArray(toString(number))) FROM numbers(3000000) SETTINGS max_memory_usage = 10000000',
  ],
};

for (const [name, [code, statement]] of Object.entries(QUESTIONS)) {
  test(`H03 the question is at fault: ${name}`, async () => {
    const error = await refusalOf(statement);
    assert.deepEqual([engineCode(error), isBadData(error), isLimit(error)], [code, false, true]);
  });
}

test('H03 a store that may only be read is tried again', async () => {
  await session.queryAsync('SET readonly = 1');
  const error = await refusalOf('INSERT INTO t (u) VALUES (1)');
  assert.deepEqual([engineCode(error), isBadData(error), isLimit(error)], [164, false, false]);
});

test('H03 what is no answer of the engine is worth another try, and nothing of it is misread', () => {
  const odd = [new Error('connect ECONNREFUSED 127.0.0.1:8123'), Object.assign(new Error('x'), { code: 'ECONNRESET' })];
  for (const error of [...odd, 'text', undefined, null, 27, {}, new Error('Code: many.')]) {
    assert.deepEqual([engineCode(error), isBadData(error), isLimit(error)], [undefined, false, false]);
    assert.equal(typeof wordsOf(error), 'string');
  }
});
