// The answers about money against rows that are known, by each dimension; the forecast of a month; answers as the
// OpenAPI document says they are.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { z } from 'zod';
import { RESOURCES } from '../../collector/api/index.ts';
import type { ApiContext } from '../../collector/api/resource.ts';
import { monthOf, type CostDay } from '../../collector/billing/forecast.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { createStoreWriter } from '../../collector/store/insert.ts';
import { migrate } from '../../collector/store/migrate.ts';
import { defaultConfig } from '../../runtime/config.ts';
import type { CostReport, PriceList, ProviderReport, UsageReport } from '../../schemas/api.ts';
import { isModelCall, type SpanRow } from '../../schemas/span.ts';
import { Dice, requestRows } from '../support/span-rows.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-cost-'));
const HOUR = 3_600_000_000;
const NOW = Math.floor(Date.now() / 3_600_000) * HOUR;
const { retention } = defaultConfig().store;
const prices = { 'local/own-model': { input: 1, output: 2 }, 'openai/*': { factor: 0.9 } };
let calls: SpanRow[] = [];
let store: StoreClient;
let context: ApiContext;

before(async () => {
  store = await StoreClient.open({ path: dir });
  await migrate(store, retention);
  const dice = new Dice(5);
  const rows = Array.from({ length: 300 }, () => requestRows(dice, NOW - HOUR - dice.upTo(40 * HOUR))).flat();
  for (const row of rows.filter((each) => isModelCall(each))) {
    row.prompt_name = dice.pick(['greet', '']);
    row.prompt_version = row.prompt_name === '' ? '' : dice.pick(['1', '2']);
    row.service_tier = dice.pick(['', 'flex']);
    row.saved_usd = row.cost_known ? row.in_cache_read / 1e6 : 0;
  }
  await createStoreWriter(store).insert({ spans: rows, io: [] }, 'one');
  calls = rows.filter((row) => isModelCall(row));
  const health = () => assert.fail('no status here');
  context = { store, now: () => NOW / 1000, prices, retention, settle: async () => {}, health };
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function ask<Answer>(path: string, question: Record<string, unknown>): Promise<Answer> {
  const resource = RESOURCES.find((each) => each.path === path);
  assert.ok(resource);
  const answer = await resource.handle(context, resource.input.parse(question) as never);
  const checked = (resource.answer as z.ZodType).safeParse(JSON.parse(JSON.stringify(answer)));
  assert.ok(checked.success, `${path}: ${checked.error?.message}`);
  return answer as Answer;
}

const usd = (value: number | null) => (value ?? 0).toFixed(8);

const KEYS: Readonly<Record<string, (row: SpanRow) => string>> = {
  provider: (row) => row.provider,
  deployment: (row) => row.deployment,
  model: (row) => row.model,
  route: (row) => row.route,
  team: (row) => row.team,
  user: (row) => row.user_id,
  key: (row) => row.key_id,
  prompt: (row) => (row.prompt_name === '' ? '' : `${row.prompt_name}@${row.prompt_version}`),
  tier: (row) => row.service_tier,
  'tag.feature': (row) => row.tags['feature'] ?? '',
};

describe('GET /cost', () => {
  for (const [by, key] of Object.entries(KEYS)) {
    test(`by ${by}: each group is the sum of its calls, all groups are the whole`, async () => {
      const report = await ask<CostReport>('/cost', { by, from: 'now-3d' });
      assert.equal(report.step, 3_600_000);
      const groups = Map.groupBy(calls, key);
      assert.equal(report.lines.length, groups.size);
      for (const line of report.lines) {
        const own = groups.get(line.group ?? '') ?? [];
        const sum = (read: (row: SpanRow) => number) => own.reduce((total, row) => total + read(row), 0);
        assert.equal(line.calls, own.length, `${line.group}`);
        assert.equal(
          line.in_tok,
          sum((row) => row.in_tok),
        );
        assert.equal(
          line.in_cache_read,
          sum((row) => row.in_cache_read),
        );
        assert.equal(usd(line.cost_usd), usd(sum((row) => row.cost_usd)));
        assert.equal(usd(line.cache_saved_usd), usd(sum((row) => row.saved_usd)));
        assert.equal(line.unpriced, own.filter((row) => !row.cost_known && row.in_tok > 0).length);
        assert.equal(line.estimated, own.filter((row) => row.usage_source === 'estimated').length);
        assert.equal(usd(line.points.reduce((total, [, cost]) => total + (cost ?? 0), 0)), usd(line.cost_usd));
      }
      const whole = report.lines.reduce((total, line) => total + (line.cost_usd ?? 0), 0);
      assert.equal(usd(whole), usd(report.total.cost_usd));
      assert.equal(report.total.calls, calls.length);
    });
  }

  test('what has no price stands first, with the line that would price it; it is null and not zero', async () => {
    const report = await ask<CostReport>('/cost', { by: 'provider', from: 'now-3d' });
    const local = calls.filter((row) => row.provider === 'local' && row.in_tok > 0);
    const tokens = local.reduce((sum, row) => sum + row.in_tok, 0);
    const out = local.reduce((sum, row) => sum + row.out_tok, 0);
    assert.deepEqual(report.unpriced, [
      { provider: 'local', model: 'llama-3.3-70b', calls: local.length, in_tok: tokens, out_tok: out, config: 'local/llama-3.3-70b: { input: …, output: … }' },
    ]); // prettier-ignore
    assert.equal(report.lines.find((line) => line.group === 'local')?.cost_usd, null);
    assert.ok(report.month.words.includes(`${local.length} calls`) || new Date(NOW / 1000).getUTCDate() < 3);
  });

  test('days are whole days, and an unknown dimension is refused', async () => {
    const report = await ask<CostReport>('/cost', { by: 'model', from: 'now-10d' });
    assert.equal(report.step, 86_400_000);
    assert.equal(report.from % 86_400_000, 0);
    await assert.rejects(ask('/cost', { by: 'weather' }), /must be one of/);
  });
});

test('GET /usage: rows of days add up to the calls', async () => {
  const { rows } = await ask<UsageReport>('/usage', { from: 'now-3d' });
  assert.equal(rows.reduce((sum, row) => sum + row.calls, 0), calls.length); // prettier-ignore
  const open = await ask<UsageReport>('/usage', { from: 'now-3d', provider: 'openai-eu' });
  assert.ok(open.rows.length > 0 && open.rows.every((row) => row.deployment === 'openai-eu'));
});

describe('GET /prices', () => {
  test('models that were used come first, with their calls', async () => {
    const list = await ask<PriceList>('/prices', { from: 'now-3d', used: 'true' });
    const used = calls.filter((row) => row.provider === 'anthropic').length;
    const claude = list.prices.find((entry) => entry.model === 'claude-haiku-4-5');
    assert.equal(claude?.calls, used);
    assert.equal(claude?.rates.cache_write_1h, 2);
    assert.ok(claude?.tiers.some(({ tier, factor }) => tier === 'batch' && factor === 0.5));
    assert.ok(list.models >= 1300);
  });

  test('steps, history and overrides', async () => {
    const one = async (q: string) => (await ask<PriceList>('/prices', { q })).prices[0];
    assert.deepEqual((await one('google/gemini-2.5-pro'))?.steps, [
      { above: 200_000, rates: { input: 2.5, output: 15, cache_read: 0.25 } },
    ]);
    const { history } = (await ask<PriceList>('/prices', { q: 'openai/o3', limit: '2000' })).prices.find(({ model }) => model === 'o3') ?? {}; // prettier-ignore
    assert.deepEqual(history?.map(({ from, rates }) => [from, rates.input]), [['2025-06-10', 2], ['', 10]]); // prettier-ignore
    assert.equal((await one('local/own-model'))?.source, 'override');
  });
});

test('GET /providers: every call of every deployment is in a cell', async () => {
  const { providers, from, to, step } = await ask<ProviderReport>('/providers', { from: 'now-2d' });
  for (const deployment of providers) {
    const own = calls.filter((row) => row.deployment === deployment.deployment);
    assert.equal(deployment.calls, own.length);
    assert.equal(deployment.errors, own.filter((row) => row.status === 'error').length);
    assert.equal(deployment.cells.reduce((sum, cell) => sum + cell.calls, 0), own.length); // prettier-ignore
    assert.equal(deployment.cells.length, Math.ceil((to - from) / step));
  }
  assert.equal(providers.reduce((sum, each) => sum + each.calls, 0), calls.length); // prettier-ignore
});

describe('the forecast of a month', () => {
  const DAY = 86_400_000;
  const noon = Date.UTC(2026, 10, 16, 12);
  const today = Date.UTC(2026, 10, 16);
  const days = (count: number, cost: (time: number) => number): CostDay[] =>
    Array.from({ length: count }, (_none, index) => ({ time: today - (count - index) * DAY, usd: 0 })).map((day) => ({
      ...day,
      usd: cost(day.time),
    }));

  test('no history, no forecast', () => {
    const month = monthOf(days(2, () => 5), noon, 0); // prettier-ignore
    assert.deepEqual([month.method, month.expected_usd, month.so_far_usd], ['none', null, 10]);
    assert.equal(monthOf([], noon, 0).so_far_usd, 0);
  });

  test('days that are all alike go on as they are, without doubt', () => {
    // 15 days at 10, half a day and 14 days to come
    const month = monthOf(days(30, () => 10), noon, 0); // prettier-ignore
    assert.deepEqual([month.so_far_usd, month.expected_usd, month.low_usd, month.high_usd], [150, 295, 295, 295]);
    assert.equal(month.method, 'weekdays');
  });

  test('weekends are quieter', () => {
    const weekend = (time: number) => [0, 6].includes(new Date(time).getUTCDay());
    const month = monthOf(days(56, (time) => (weekend(time) ? 2 : 10)), noon, 0); // prettier-ignore
    // 1 to 15 November: 10 weekdays and 5 days of weekends; half a Monday; then 10 and 4
    assert.equal(month.so_far_usd, 110);
    assert.equal(month.expected_usd, 110 + 5 + 108);
  });

  test('noise widens the interval, which holds nine of ten months', () => {
    const dice = new Dice(3);
    let held = 0;
    for (let turn = 0; turn < 400; turn++) {
      const noisy = () => 10 + 4 * (dice.next() + dice.next() + dice.next() - 1.5);
      const month = monthOf(days(40, noisy), noon, 0);
      const real = (month.so_far_usd ?? 0) + noisy() / 2 + Array.from({ length: 14 }, noisy).reduce((a, b) => a + b, 0);
      if (real >= (month.low_usd ?? 0) && real <= (month.high_usd ?? 0)) held++;
    }
    assert.ok(held / 400 > 0.85 && held / 400 < 0.95, `${held} of 400`);
  });
});
