import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuery, QueryError } from '../../collector/api/query.ts';
import { callConditions, entryConditions } from '../../collector/store/filter.ts';
import { literal, sql } from '../../collector/store/sql.ts';

const RANGE = { from: 0, to: 3_600_000_000 };

test('the language, term by term', () => {
  const is = (key: string, ...values: string[]) => ({ kind: 'is', key, values, negated: false });
  const compare = (key: string, comparison: string, ...values: number[]) => ({
    kind: 'compare', key, comparison, values, negated: false,
  }); // prettier-ignore
  const table: [string, unknown[]][] = [
    ['', []],
    ['   ', []],
    ['model:gpt-5', [is('model', 'gpt-5')]],
    ['model:gpt-5,claude-haiku-4-5', [is('model', 'gpt-5', 'claude-haiku-4-5')]],
    ['-provider:openai', [{ ...is('provider', 'openai'), negated: true }]],
    ['team:"search, eu"', [is('team', 'search, eu')]],
    ['team:""', [is('team', '')]],
    ['model:gpt-*', [is('model', 'gpt-*')]],
    ['model:"gpt-*"', [is('model', 'gpt-\\*')]],
    ['status:error duration:>2s', [is('status', 'error'), compare('duration', '>', 2e9)]],
    ['duration:<=250ms', [compare('duration', '<=', 250e6)]],
    ['ttft:>=1.5s', [compare('ttft', '>=', 1_500_000)]],
    ['cost:>0.01', [compare('cost', '>', 0.01)]],
    ['cost:>$0.01', [compare('cost', '>', 0.01)]],
    ['tokens:>10k', [compare('tokens', '>', 10_000)]],
    ['http:404,500', [compare('http', '=', 404, 500)]],
    ['http:=429', [compare('http', '=', 429)]],
    ['stream:true', [is('stream', 'true')]],
    ['cache:exact,semantic', [is('cache', 'exact', 'semantic')]],
    ['tag.feature:chat', [is('tag.feature', 'chat')]],
    ['attr.http.route:/v1/chat', [is('attr.http.route', '/v1/chat')]],
    ['trace:ABCDEF0123456789abcdef0123456789', [is('trace', 'abcdef0123456789abcdef0123456789')]],
    ['refund', [{ kind: 'text', text: 'refund', negated: false }]],
    ['"refund please"', [{ kind: 'text', text: 'refund please', negated: false }]],
    ['-"say \\"no\\""', [{ kind: 'text', text: 'say "no"', negated: true }]],
    ['a - b', [{ kind: 'text', text: 'a', negated: false }, { kind: 'text', text: '-', negated: false }, { kind: 'text', text: 'b', negated: false }]],
  ]; // prettier-ignore
  for (const [query, expected] of table) assert.deepEqual(parseQuery(query), expected, query);
});

test('errors name the place and what is allowed', () => {
  const table: [string, RegExp, number][] = [
    ['colour:red', /there is no key "colour"; there are model, provider/, 0],
    ['model:gpt-5 colour:red', /no key "colour"/, 12],
    ['status:broken', /"status" must be ok or error/, 0],
    ['duration:>fast', /"duration" must be a duration like 250ms or 2s/, 0],
    ['duration:>2', /must be a duration/, 0],
    ['cost:>cheap', /"cost" must be a number of US dollars/, 0],
    ['cost:>-1', /must be a number/, 0],
    ['http:>400,500', /takes one value/, 0],
    ['model:>5', /"model" cannot be compared with >/, 0],
    ['model:', /a value is missing/, 6],
    ['model:a,', /a value is missing/, 8],
    ['team:"open', /closing quote is missing/, 5],
    ['trace:xyz', /must be 32 hex digits/, 0],
    ['stream:yes', /must be true or false/, 0],
    ['""', /nothing to search for/, 0],
    [`"${'x'.repeat(3000)}"`, /at most 2000 characters/, 2000],
    ['a '.repeat(31), /at most 30 terms/, 60],
  ];
  for (const [query, message, position] of table) {
    assert.throws(
      () => parseQuery(query),
      (error: unknown) => error instanceof QueryError && message.test(error.message) && error.position === position,
      query,
    );
  }
});

test('a literal never ends early', () => {
  assert.equal(literal("it's"), "'it\\x27s'");
  assert.equal(literal('a\\'), "'a\\x5c'");
  assert.equal(literal('{x:Identifier}'), "'\\x7bx:Identifier\\x7d'");
  assert.equal(literal('é'), "'\\xc3\\xa9'");
  assert.equal(sql`x = ${'a'} AND y IN ${['b', "'"]} LIMIT ${5}`.text, "x = 'a' AND y IN ['b', '\\x27'] LIMIT 5");
  assert.throws(() => literal(Number.NaN));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      assert.match(literal(text), /^'(?:[A-Za-z0-9 _.,:;/@+=-]|\\x[0-9a-f]{2})*'$/);
    }),
  );
});

test('whatever people write, it stays inside literals', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      "'; DROP TABLE spans; --",
      ')) OR 1=1',
      '\\',
      "' FORMAT Null",
      "file('/etc/passwd')",
      '* SETTINGS readonly=0',
    ),
  );
  const term = fc
    .tuple(fc.constantFrom('model', 'team', 'tag.a', 'attr.b', 'error', 'name', ''), hostile, fc.boolean())
    .map(([key, value, negated]) => `${negated ? '-' : ''}${key ? `${key}:` : ''}"${value.replace(/["\\]/g, '\\$&')}"`);
  fc.assert(
    fc.property(term, (query) => {
      let filter;
      try {
        filter = parseQuery(query);
      } catch (error) {
        assert.ok(error instanceof QueryError);
        return;
      }
      for (const build of [entryConditions, callConditions]) {
        const outside = build(filter, RANGE).text.replace(/'(?:[A-Za-z0-9 _.,:;/@+=-]|\\x[0-9a-f]{2})*'/g, '');
        assert.doesNotMatch(outside, /['"\\;]|--|DROP|SETTINGS|FORMAT|file\(/);
      }
    }),
  );
});
