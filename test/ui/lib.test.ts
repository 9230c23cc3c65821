// The pure parts of the UI: numbers as words, ranges, the filter language, colours, waterfall, columns.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiSpan } from '../../schemas/api.ts';
import { assign, SERIES_COLOURS } from '../../ui/lib/colour.ts';
import { nextOrder, parameterOf, placed, sorted } from '../../ui/lib/columns.ts';
import { bytes, change, count, duration, money, percent } from '../../ui/lib/format.ts';
import { join, merge } from '../../ui/lib/merge.ts';
import { lineAt, plotOf, readings, stacked } from '../../ui/lib/plot.ts';
import { completionAt, has, matches, parse, term, toggle, withTerm } from '../../ui/lib/query.ts';
import { isRelative, parseTime, previous, resolve, shift, stepFor, widen } from '../../ui/lib/range.ts';
import { reveal, windowOf } from '../../ui/lib/rows.ts';
import { curl, sdk } from '../../ui/lib/snippet.ts';
import { story } from '../../ui/lib/story.ts';
import { blocks, pretty } from '../../ui/lib/text.ts';
import { layout, ticks, unfolded } from '../../ui/lib/waterfall.ts';
import { BIG_TRACE, INJECTIONS, oneRequest, traffic } from './stub-data.ts';

const plain = (text: string | undefined): string => (text ?? '').replaceAll('\u00a0', ' ');
const NOW = Date.UTC(2026, 10, 22, 18, 0, 0);
const MADE = traffic(NOW, 300);

describe('numbers as words', () => {
  it('writes durations with three digits and a unit', () => {
    const cases: [number | null, string][] = [
      [null, '–'], [0, '0 ms'], [0.42, '420 µs'], [3.14159, '3.14 ms'], [312, '312 ms'], [999.4, '999 ms'], [999.6, '1.00 s'],
      [1240, '1.24 s'], [59_940, '59.9 s'], [59_960, '1 m'], [125_000, '2 m 05 s'], [3_600_000, '1 h 00 m'], [200_000_000, '2 d 7 h'],
    ]; // prettier-ignore
    for (const [value, text] of cases) assert.equal(plain(duration(value)), text);
  });
  it('writes money, and never an unknown price as zero', () => {
    const cases: [number | null, string][] = [
      [null, '–'], [0, '$0'], [4e-7, '<$0.00001'], [0.000042, '$0.000042'], [0.0042, '$0.0042'], [0.124, '$0.124'], [12.4, '$12.40'],
      [1240, '$1,240'], [1_240_000, '$1.24M'],
    ]; // prettier-ignore
    for (const [value, text] of cases) assert.equal(money(value), text);
  });
  it('writes counts, shares, sizes and changes', () => {
    assert.deepEqual([9412, 18_300, 1_240_000, 2.5].map(count), ['9,412', '18.3k', '1.24M', '2.5']);
    assert.deepEqual(
      [0.992, 1, 0.0004].map((value) => plain(percent(value))),
      ['99.2 %', '100 %', '0.04 %'],
    );
    assert.deepEqual(
      [999, 1500, 48_211_004].map((value) => plain(bytes(value))),
      ['999 B', '1.50 kB', '48.2 MB'],
    );
    assert.equal(plain(change(112, 100)?.text), '+12 %');
    assert.equal(plain(change(97, 100)?.text), '−3.0 %');
    assert.equal(change(3, 0), undefined);
  });
});

describe('time range', () => {
  it('reads the three forms and refuses others', () => {
    assert.equal(parseTime('now-15m', NOW), NOW - 900_000);
    assert.equal(parseTime('2026-11-22T18:00:00Z', 0), NOW);
    assert.equal(parseTime(String(NOW), 0), NOW);
    for (const text of ['now-x', 'yesterday', '12', '<script>']) assert.equal(parseTime(text, NOW), undefined, text);
    assert.deepEqual(resolve({ from: 'nonsense', to: '' }, NOW), { from: NOW - 3_600_000, to: NOW });
    assert.deepEqual(resolve({ from: String(NOW), to: String(NOW - 1) }, NOW), { from: NOW - 3_600_000, to: NOW });
  });
  it('moves back, never after now, and widens around its middle', () => {
    const hour = { from: 'now-1h', to: '' };
    assert.ok(isRelative(hour));
    const before = { from: String(NOW - 7_200_000), to: String(NOW - 3_600_000) };
    assert.deepEqual(previous(hour, NOW), { from: 'now-2h', to: 'now-1h' });
    assert.deepEqual(previous({ from: String(NOW - 3_600_000), to: String(NOW) }, NOW), before);
    assert.deepEqual(shift(hour, -1, NOW), before);
    assert.deepEqual(shift(hour, 1, NOW), { from: String(NOW - 3_600_000), to: String(NOW) });
    assert.deepEqual(widen(hour, NOW), { from: String(NOW - 7_200_000), to: String(NOW) });
  });
  it('chooses at most about a hundred points', () => {
    assert.deepEqual(['now-15m', 'now-1h', 'now-24h', 'now-30d'].map((from) => stepFor({ from, to: '' }, NOW)), ['1m', '1m', '15m', '12h']); // prettier-ignore
  });
});

describe('filter language', () => {
  it('reads keys, operators, quotes, negation and free text', () => {
    const read = parse('model:gpt-5 -status:error duration:>2s error:"rate \\"x\\" limited" "free text" >5').map(
      ({ key, op, value, negated }) => [key, op, value, negated],
    );
    assert.deepEqual(read, [
      ['model', '', 'gpt-5', false], ['status', '', 'error', true], ['duration', '>', '2s', false],
      ['error', '', 'rate "x" limited', false], ['', '', 'free text', false], ['', '', '>5', false],
    ]); // prettier-ignore
  });
  it('writes any value so that it is read back', () => {
    for (const value of [...INJECTIONS, 'plain', 'a b', '"', '\\', 'x:y', '>5']) {
      const [read] = parse(term('user', value));
      assert.equal(read?.value, value);
      assert.equal(read?.key, 'user');
      assert.ok(has(withTerm('model:x', 'user', value), 'user', value));
    }
  });
  it('toggles a value of a key and leaves the rest as it was written', () => {
    const query = 'duration:>2s -team:a "free  text"';
    const on = toggle(query, 'model', 'gpt 5');
    assert.equal(on, `${query} model:"gpt 5"`);
    assert.equal(toggle(on, 'model', 'gpt 5'), query);
    assert.equal(toggle('model:a x', 'model', 'b'), 'x model:b');
  });
  it('knows what is being written at the caret', () => {
    assert.deepEqual(completionAt('model:g sta', 11), { kind: 'key', key: '', typed: 'sta', start: 8, end: 11 });
    assert.deepEqual(completionAt('model:"gp x', 9), { kind: 'value', key: 'model', typed: 'gp', start: 6, end: 9 });
  });
  it('filters live rows', () => {
    const traces = MADE.map(({ summary }) => summary);
    const some = (query: string): number => traces.filter((trace) => matches(trace, parse(query))).length;
    assert.equal(some(''), traces.length);
    assert.equal(some('status:error') + some('-status:error'), traces.length);
    assert.equal(some('duration:>2s') + some('duration:<=2s'), traces.length);
    assert.ok(some('model:gpt-5-mini') > 0 && some('"translate the"') > 0);
  });
});

describe('colours', () => {
  it('gives ten names ten colours, and keeps what it gave', () => {
    const names = Array.from({ length: 25 }, (_, index) => `model-${index}`);
    const ten = assign(names.slice(0, 10), new Map());
    assert.equal(new Set(ten.values()).size, SERIES_COLOURS);
    const all = assign(names.toReversed(), ten);
    for (const [name, slot] of ten) assert.equal(all.get(name), slot);
    const uses = Object.values(Object.groupBy([...all.values()], String)).map((list) => list?.length ?? 0);
    assert.ok(Math.max(...uses) - Math.min(...uses) <= 1);
  });
});

describe('waterfall', () => {
  const base = (MADE[0]?.detail.spans[0] ?? {}) as ApiSpan;
  const span = (span_id: string, parent_span_id: string, start: number, more: Partial<ApiSpan> = {}): ApiSpan => ({
    ...base, span_id, parent_span_id, start, duration: 10, status: 'ok', ttft: null, ...more,
  }); // prettier-ignore

  it('orders a tree by time, with attempts as siblings', () => {
    const rows = layout([
      span('c', 'a', 30),
      span('b', 'a', 10, { ttft: 5, status: 'error' }),
      span('a', '', 0, { duration: 100 }),
    ]).rows;
    assert.deepEqual(rows.map(({ span, depth, below }) => [span.span_id, depth, below]), [['a', 0, 2], ['b', 1, 0], ['c', 1, 0]]); // prettier-ignore
    assert.deepEqual([rows[1]?.left, rows[1]?.firstToken, rows[1]?.failed], [0.1, 0.15, true]);
  });
  it('keeps spans whose parent is missing, that loop, or that come twice', () => {
    const rows = layout([
      span('x', 'gone', 5),
      span('p', 'q', 1),
      span('q', 'p', 2),
      span('s', 's', 3),
      span('x', 'gone', 5),
    ]).rows;
    assert.deepEqual(rows.map(({ span }) => span.span_id).sort(), ['p', 'q', 's', 'x']);
    assert.deepEqual(layout([]), { rows: [], start: 0, duration: 0 });
  });
  it('lays out 20,000 nested spans and folds them', () => {
    const deep = Array.from({ length: 20_000 }, (_, index) =>
      span(`s${index}`, index === 0 ? '' : `s${index - 1}`, index),
    );
    const { rows } = layout(deep);
    assert.equal(rows.length, 20_000);
    assert.equal(rows[0]?.below, 19_999);
    assert.equal(unfolded(rows, new Set(['s9'])).length, 10);
  });
  it('lays out the large trace, and marks round times', () => {
    const big = MADE.find(({ summary }) => summary.trace_id === BIG_TRACE);
    const { rows } = layout(big?.detail.spans ?? []);
    assert.equal(rows.length, big?.detail.spans.length);
    assert.ok(rows.every(({ left, width }) => left >= 0 && width >= 0 && left + width <= 1.0001));
    assert.deepEqual(ticks(7500, 4), [2000, 4000, 6000]);
    assert.deepEqual(ticks(240_000, 4), [60_000, 120_000, 180_000]);
  });
});

describe('rows, columns, plots', () => {
  it('shows only the rows in view, at the end too', () => {
    const view = { scrollTop: 32_000, height: 640, rowHeight: 32, rows: 2000 };
    assert.deepEqual(windowOf(view), { first: 992, last: 1028, top: 31_744, height: 64_000 });
    assert.deepEqual(windowOf({ ...view, rows: 3 }), { first: 0, last: 3, top: 0, height: 96 });
    assert.equal(reveal(1000, view), 32_000);
    assert.equal(reveal(1030, view), 32_352);
  });
  it('keeps columns in a URL parameter, and survives a bad one', () => {
    assert.equal(parameterOf(placed('')), '');
    assert.equal(parameterOf(placed('cost,model:220,<script>')), 'cost,model:220');
    assert.equal(parameterOf(placed('model:-5,nothing')), 'model');
    assert.deepEqual(
      ['', '-cost', 'cost'].map((order) => nextOrder(order, 'cost')),
      ['-cost', 'cost', ''],
    );
    const traces = sorted(MADE.map(({ summary }) => summary), '-duration'); // prettier-ignore
    assert.ok(traces.every(({ duration }, index) => index === 0 || duration <= (traces[index - 1]?.duration ?? 0)));
  });
  it('stacks counts, leaves gaps and finds the line at a point', () => {
    const line = (group: string, values: (number | null)[]) => ({ metric: 'requests' as const, unit: 'count' as const, group, points: values.map((value, index) => [index, value] as const), total: 1, samples: 5 }); // prettier-ignore
    const plot = plotOf({ from: 0, to: 3, step: 1, series: [line('a', [1, null, 3]), line('b', [2, null, 4])] }, [
      'requests',
    ]);
    assert.deepEqual(stacked(plot.lines), [[1, null, 3], [3, null, 7]]); // prettier-ignore
    assert.equal(lineAt(plot, { index: 2, value: 5, reach: 1 }, true)?.group, 'b');
    assert.equal(lineAt(plot, { index: 2, value: 3.2, reach: 1 }, false)?.group, 'a');
    assert.equal(lineAt(plot, { index: 2, value: 9, reach: 1 }, false), undefined);
    assert.deepEqual(readings(plot, 2).map(({ group }) => group), ['b', 'a']); // prettier-ignore
  });
});

describe('text, story, live parts, snippets', () => {
  it('sets fenced code apart, also one that is still open', () => {
    assert.deepEqual(blocks('a\n```sql\nSELECT 1\n```\nb').map(({ kind, language, content }) => [kind, language, content]), [
      ['text', '', 'a'], ['code', 'sql', 'SELECT 1'], ['text', '', 'b'],
    ]); // prettier-ignore
    assert.deepEqual(
      blocks('```js\nlet x').map(({ kind, content }) => [kind, content]),
      [['code', 'let x']],
    );
    assert.equal(pretty('{"a":1}'), '{\n  "a": 1\n}');
    assert.equal(pretty('{broken'), '{broken');
  });
  it('tells a request as sentences in time order', () => {
    const { detail } = oneRequest(3, NOW);
    const steps = story(detail.spans, detail.start);
    assert.ok(steps.every(({ at }, index) => index === 0 || at >= (steps[index - 1]?.at ?? 0)));
    assert.match(steps[0]?.title ?? '', /^Request for /);
    assert.match(steps.at(-1)?.title ?? '', /^Request ended: /);
  });
  it('joins the parts of a live trace into one line', () => {
    const { summary } = oneRequest(5, NOW);
    const root = {
      ...summary,
      start: NOW - 100,
      name: 'agent',
      spans: 3,
      attempts: 0,
      cost_usd: null,
      in_tok: 0,
      out_tok: 0,
      models: [],
    };
    const both = merge(summary, root);
    assert.deepEqual([both.name, both.spans, both.attempts], ['agent', summary.spans + 3, summary.attempts]);
    assert.equal(both.cost_usd, summary.cost_usd);
    const list = join([summary, root], [oneRequest(6, NOW).summary], 10);
    assert.deepEqual(list.map(({ name }) => name), ['agent', 'POST /v1/chat/completions']); // prettier-ignore
  });
  it('quotes what it copies', () => {
    const snippet = { url: 'http://h:8080/v1/messages', body: `{"a":"it's"}`, anthropic: true };
    assert.match(curl(snippet), /-d '\{"a":"it'\\''s"\}'$/);
    assert.match(sdk(snippet), /client\.messages\.create\(\{\n {2}"a": "it's"\n\}\)/);
    assert.match(sdk({ ...snippet, body: 'not json' }), /create\("not json"\)/);
  });
});
