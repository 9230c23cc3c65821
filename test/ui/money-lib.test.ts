// The pure parts of the cost and the providers page: bills, stacks, comparisons, CSV, heat, rates, conformance.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PriceEntry, Series, SeriesLine } from '../../schemas/api.ts';
import { countOf, partOf, rowsOf, type Cell, type Conformance } from '../../ui/lib/conformance.ts';
import * as cost from '../../ui/lib/cost.ts';
import { labelsOf, MOST_CELLS, redness, usualOf, warmth } from '../../ui/lib/heat.ts';
import { conditionOf, marksOf, rate, ratesOf } from '../../ui/lib/prices.ts';
import { stepFor } from '../../ui/lib/range.ts';
import { parse } from '../../ui/lib/query.ts';
import { PRICES } from './stub-money.ts';
import { INJECTIONS } from './stub-data.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 18);

function line(
  group: string | null,
  values: readonly (number | null)[],
  more: Partial<cost.BillLine> = {},
): cost.BillLine {
  const known = values.filter((value) => value !== null);
  return {
    group,
    calls: 10,
    in_tok: 1000,
    out_tok: 100,
    in_cache_read: 250,
    cost_usd: known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0),
    cache_saved_usd: 0.5,
    unpriced: 0,
    points: values.map((value, index) => [NOW + index * HOUR, value] as const),
    ...more,
  };
}

function bill(total: cost.BillLine, lines: readonly cost.BillLine[]): cost.Bill {
  return { from: NOW, to: NOW + total.points.length * HOUR, step: HOUR, total, lines };
}

describe('bill', () => {
  it('is made of two answers about a filter, in which nobody counts cached tokens', () => {
    const of = (group: string, metric: SeriesLine['metric'], total: number | null): SeriesLine => ({
      metric, unit: 'count', group, points: [[NOW, total]], total, samples: 3,
    }); // prettier-ignore
    const series = (...lines: readonly SeriesLine[]): Series => ({
      from: NOW,
      to: NOW + HOUR,
      step: HOUR,
      series: lines,
    });
    const made = cost.billOf(
      series(of('', 'cost', 3), of('', 'requests', 9), of('', 'input_tokens', 90), of('', 'unpriced', 2)),
      series(of('a', 'cost', 1), of('a', 'requests', 4), of('b', 'cost', 2), of('b', 'requests', 3), of('c', 'cost', null), of('c', 'requests', 2)),
    ); // prettier-ignore
    assert.deepEqual(made.lines.map(({ group, cost_usd }) => [group, cost_usd]), [['b', 2], ['a', 1], ['c', null]]); // prettier-ignore
    assert.equal(made.total.in_cache_read, null);
    assert.equal(made.total.cache_saved_usd, null);
    assert.equal(made.total.unpriced, 2);
  });
  it('stacks the largest and puts everything else of the whole on top', () => {
    const lines = Array.from({ length: 12 }, (_, index) => line(`m${index}`, [12 - index, index === 3 ? null : 1]));
    const total = line('', [78, 11]);
    const { lines: layers, unit, step } = cost.stackOf(bill(total, lines));
    assert.equal(unit, 'usd');
    assert.equal(step, HOUR);
    assert.equal(layers.length, cost.LAYERS);
    assert.equal(layers.at(-1)?.group, cost.OTHERS);
    const sums = [0, 1].map((at) => layers.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
    assert.deepEqual(sums, [78, 11]);
    assert.equal(layers[3]?.values[1], null);
  });
  it('has no layer of others where rounding is all that is left, and none for what has no price', () => {
    const lines = [line('a', [0.1]), line('b', [0.2]), line('c', [null], { unpriced: 10 })];
    const plot = cost.stackOf(bill(line('', [0.30000000000000004]), lines));
    assert.deepEqual(plot.lines.map(({ group }) => group), ['a', 'b']); // prettier-ignore
  });
  it('compares whole steps with as many before', () => {
    const whole = bill(line('', [1, 2, 3, 4]), []);
    const { from, to, steps } = cost.before(whole, NOW + 3.5 * HOUR);
    assert.deepEqual([from, to, steps], [NOW - 3 * HOUR, NOW, 3]);
    assert.equal(cost.sumOf(whole.total.points, steps), 6);
    assert.equal(cost.sumOf(line('', [null, null, 7]).points, 2), null);
  });
  it('ranks by any number, unknown ones and all others last', () => {
    const lines = [line('a', [1], { calls: 5 }), line('b', [9], { calls: 1 }), line('x', [null], { calls: 7, unpriced: 7 }), line(null, [20], { calls: 50 })]; // prettier-ignore
    const names = (order: string): (string | null)[] =>
      cost.ranked(bill(line('', [30]), lines), order).map(({ group }) => group);
    assert.deepEqual(names(''), ['b', 'a', 'x', null]);
    assert.deepEqual(names('-calls'), ['x', 'a', 'b', null]);
    assert.deepEqual(names('nonsense'), ['x', 'a', 'b', null]);
    assert.equal(cost.orderAfter('', 'cost'), 'cost');
    assert.equal(cost.orderAfter('cost', 'cost'), '');
    assert.equal(cost.orderAfter('', 'calls'), '-calls');
  });
  it('leads to traces by terms that read back, whatever the names are', () => {
    for (const group of [...INJECTIONS, 'a b', 'x:y', '']) {
      for (const cut of cost.CUTS) {
        const condition = cost.conditionOf(cut, 'feature', group);
        if (condition === undefined) continue;
        const terms = parse(condition);
        assert.equal(terms.length, 1, condition);
        assert.equal(terms[0]?.key, cut.value === 'tag' ? 'tag.feature' : cut.value);
      }
    }
    assert.equal(cost.conditionOf(cost.cutOf('prompt'), '', 'digest@3-rc1'), 'prompt:digest');
    assert.equal(cost.conditionOf(cost.cutOf('route'), '', ''), 'route:""');
    assert.equal(cost.conditionOf(cost.cutOf('model'), '', null), undefined);
    assert.equal(cost.cutOf('nonsense').value, 'provider');
  });
  it('is written as CSV that neither breaks nor runs in a spreadsheet', () => {
    const lines = [line('a,"b"\n', [1.5]), line('=HYPERLINK("x")', [0.1]), line('x', [null], { unpriced: 10, in_cache_read: null, cache_saved_usd: -2 }), line(null, [1])]; // prettier-ignore
    const csv = cost.csvOf('team', bill(line('', [2.6]), lines));
    const [head, ...rest] = csv.split('\r\n');
    assert.equal(
      head,
      'team,cost_usd,share,calls,input_tokens,output_tokens,cached_input_tokens,cache_saved_usd,unpriced_calls',
    );
    assert.ok(rest[0]?.startsWith('"a,""b""\n",1.5,'));
    assert.ok(rest[1]?.startsWith(`"'=HYPERLINK(""x"")",0.1,`));
    assert.equal(rest[2], 'x,,,10,1000,100,,-2,10');
    assert.ok(rest[3]?.startsWith('all others,1,'));
    assert.equal(rest[4], '');
  });
});

describe('heat', () => {
  const cell = (latency_p95: number | null) => ({ time: 0, calls: latency_p95 === null ? 0 : 9, error_rate: 0, latency_p50: null, latency_p95, ttft_p50: null }); // prettier-ignore
  it('is warm against the own usual, by factors', () => {
    assert.equal(usualOf([cell(100), cell(null), cell(900), cell(110)]), 110);
    assert.equal(usualOf([cell(null)]), null);
    assert.deepEqual([25, 50, 100, 200, 400, 9999].map((ms) => Math.round(warmth(ms, 100) * 3)), [0, 0, 1, 2, 3, 3]); // prettier-ignore
    assert.equal(warmth(null, 100), 0);
    assert.equal(warmth(100, null), 0);
  });
  it('shows the first errors and never more than all', () => {
    assert.equal(redness(0), 0);
    assert.ok(redness(0.01) > 0.3);
    assert.equal(redness(1), 1);
  });
  it('has cells wide enough and labels at their starts', () => {
    for (const [from, step] of [['now-1h', '1m'], ['now-24h', '30m'], ['now-7d', '3h'], ['now-30d', '12h']] as const)
      assert.equal(stepFor({ from, to: '' }, NOW, MOST_CELLS), step);
    const labels = labelsOf({ from: NOW, to: NOW + 49 * 1_800_000, step: 1_800_000, providers: [] });
    assert.ok(labels.length >= 4 && labels.length <= 6);
    assert.ok(labels.every(({ text }) => /:[03]0$/.test(text)));
  }); // prettier-ignore
});

describe('prices', () => {
  it('writes rates without digits that are not there', () => {
    const cases: [number | null, string][] = [[null, '–'], [0, '$0'], [2, '$2.00'], [0.25, '$0.25'], [0.025, '$0.025'], [37.5, '$37.50'], [0.0375, '$0.0375'], [1e-7, '$1e-7']]; // prettier-ignore
    for (const [value, text] of cases) assert.equal(rate(value), text);
  });
  it('lists what a price has, and marks what a row cannot show', () => {
    const opus = PRICES.find(({ model }) => model === 'claude-opus-5-5') as PriceEntry;
    assert.deepEqual(ratesOf(opus.rates).map(({ name }) => name), ['Input', 'Output', 'Cache read', 'Cache write', 'Cache write for an hour', 'Searches']); // prettier-ignore
    assert.deepEqual(marksOf(opus), ['above 200k tokens', 'batch ×0.5', '2 dates']);
    assert.equal(conditionOf(opus), 'model:claude-opus-5-5,claude-opus-5-5-2*');
    assert.equal(conditionOf({ ...opus, model: 'us.anthropic.claude-v1:0' }), 'model:"us.anthropic.claude-v1:0"');
  });
});

describe('conformance', () => {
  it('is green only where the file says so', () => {
    const cells: Cell[] = [
      { dialect: 'openai_chat', provider: 'gemini', feature: 'tools', result: 'pass' },
      { dialect: 'openai_chat', provider: 'gemini', feature: 'images', result: 'refused', note: 'no images' },
      { dialect: 'anthropic', provider: 'gemini', feature: 'images', result: 'fail' },
    ];
    const matrix: Conformance = {
      generated: '2026-11-22T20:00:00Z', features: ['tools', 'images', 'abort'], dialects: ['openai_chat', 'anthropic'],
      providers: ['gemini', 'ollama'], cells,
    }; // prettier-ignore
    const part = partOf(matrix, 'openai_chat');
    assert.deepEqual(part.features, ['tools', 'images']);
    const results = rowsOf(part, 'openai_chat').map((row) => row.cells.map(({ result }) => result));
    assert.deepEqual(results, [
      ['pass', 'refused'],
      ['untested', 'untested'],
    ]);
    assert.equal(countOf(cells, 'pass'), 1);
  });
});
