// Prices: golden costs by hand, agreement with the table's own arithmetic, and never a price out of nowhere.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { calcPrice } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { costOf, PRICE_TABLE } from '../../schemas/price.ts';
import type { Usage } from '../../schemas/call.ts';
import type { PriceOverrides } from '../../schemas/price.ts';

const AT = new Date('2026-09-30T12:00:00Z');

function usage(input: number, output: number, more: Partial<Usage> = {}): Usage {
  return { input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0, ...more };
}

function cost(provider: string, model: string, used: Usage, overrides: PriceOverrides = {}) {
  return costOf({ provider, model, at: AT }, used, overrides);
}

describe('list prices, by hand', () => {
  test('gpt-5-mini: 0.25 in, 0.025 cached, 2 out', () => {
    // 600 x 0.25 + 400 x 0.025 = 160; 100 x 2 = 200
    assert.deepEqual(cost('openai', 'gpt-5-mini', usage(1000, 100, { cacheRead: 400, reasoning: 60 })), {
      total: 0.00036,
      input: 0.00016,
      output: 0.0002,
      source: 'list',
      priceId: `openai/gpt-5-mini@${PRICE_TABLE}`,
      saved: 0.00009, // 400 x (0.25 - 0.025)
    });
  });

  test('claude-haiku-4-5: 1 in, 1.25 written, 0.1 read, 5 out', () => {
    // 100 x 1 + 2000 x 1.25 + 8000 x 0.1 = 3400; 50 x 5 = 250
    const found = cost(
      'anthropic',
      'claude-haiku-4-5-20251001',
      usage(10_100, 50, { cacheRead: 8000, cacheWrite: 2000 }),
    );
    assert.deepEqual([found?.input, found?.output, found?.total], [0.0034, 0.00025, 0.00365]);
    assert.equal(found?.priceId, `anthropic/claude-haiku-4-5@${PRICE_TABLE}`);
  });

  test('claude-sonnet-4-5: above 200,000 tokens of input everything costs the higher tier', () => {
    assert.equal(cost('anthropic', 'claude-sonnet-4-5', usage(200_000, 1000))?.total, 0.615);
    assert.equal(cost('anthropic', 'claude-sonnet-4-5', usage(200_001, 1000))?.total, 1.222506);
    const cached = cost('anthropic', 'claude-sonnet-4-5', usage(200_001, 1000, { cacheRead: 200_001 }));
    assert.equal(cached?.input, 0.1200006);
  });

  test('text-embedding-3-small: 0.02 in, no output price', () => {
    assert.equal(cost('openai', 'text-embedding-3-small', usage(1_000_000, 0))?.total, 0.02);
    assert.equal(cost('openai', 'text-embedding-3-small', usage(10, 5)), undefined);
  });

  test('a price that changed: o3 before and after its date', () => {
    const on = (day: string) => costOf({ provider: 'openai', model: 'o3', at: new Date(day) }, usage(1e6, 0), {});
    assert.equal(on('2025-06-01T00:00:00Z')?.total, 10);
    assert.equal(on('2025-07-01T00:00:00Z')?.total, 2);
  });

  test('a price that changes by the hour is not kept for the day', () => {
    const at = (time: string) =>
      costOf({ provider: 'deepseek', model: 'deepseek-chat', at: new Date(`2026-09-30T${time}Z`) }, usage(1e6, 0), {})
        ?.total;
    assert.equal(at('12:00:00'), 0.27);
    assert.equal(at('20:00:00'), 0.135);
    assert.equal(at('12:00:00'), 0.27);
  });
});

describe('names', () => {
  const NAMES = [
    ['aws.bedrock', 'anthropic.claude-haiku-4-5-20251001-v1:0', 'aws/'],
    ['azure.ai.openai', 'gpt-4o', 'azure/'],
    ['gcp.gemini', 'gemini-2.5-pro', 'google/'],
    ['gcp.vertex_ai', 'gemini-2.5-pro', 'google/'],
    ['gcp.gemini', 'models/gemini-2.5-pro', 'google/'],
    ['mistral_ai', 'mistral-large-latest', 'mistral/'],
    ['x_ai', 'grok-4', 'x-ai/'],
    ['moonshot_ai', 'kimi-k2-0905-preview', 'moonshotai/'],
    ['groq', 'llama-3.3-70b-versatile', 'groq/'],
    ['openai', 'gpt-5-mini-2025-08-07', 'openai/gpt-5-mini@'],
    ['openai', 'openai/gpt-5-mini', 'openai/gpt-5-mini@'],
    ['OpenAI', 'GPT-5-mini', 'openai/gpt-5-mini@'],
    ['openrouter', 'openai/gpt-4o', 'openrouter/openai/gpt-4o@'],
  ] as const;
  for (const [provider, model, id] of NAMES) {
    test(`${provider} ${model}`, () => {
      const found = cost(provider, model, usage(1000, 1000));
      assert.ok(found);
      assert.equal(found.priceId.slice(0, id.length), id);
      assert.ok(found.total > 0);
    });
  }

  test('what has no price is unpriced, not free', () => {
    for (const [provider, model] of [
      ['openai', 'gpt-99-imaginary'],
      ['local', 'gpt-5-mini'],
      ['my-openai-proxy', 'gpt-5-mini'],
      ['openai', 'other/gpt-5-mini'],
      ['', ''],
      ['__proto__', 'constructor'],
      ['openai', 'whisper-1'],
    ] as const) {
      assert.equal(cost(provider, model, usage(10, 10)), undefined, `${provider}/${model}`);
    }
    const query = { provider: 'openai', model: 'gpt-5-mini', at: new Date(Number.NaN) };
    assert.equal(costOf(query, usage(1, 1), {}), undefined);
  });

  test('the simulated provider has a price of its own that says so', () => {
    const found = cost('simulated', 'gpt-5-mini', usage(1000, 100));
    assert.deepEqual([found?.total, found?.priceId], [0.00045, 'simulated/gpt-5-mini@demo']);
  });

  test('the price id names the table that is installed', () => {
    const manifest = new URL('../../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    assert.equal(PRICE_TABLE, `genai-prices-${version}`);
  });
});

describe('overrides', () => {
  const overrides = {
    'local/llama-3.3-70b': { input: 0.2, output: 0.4 },
    'openai/gpt-5-mini': { input: 1, output: 2, cache_read: 0.5, cache_write: 4 },
    'openai-eu/gpt-5-mini': { input: 10, output: 20 },
    'openai/free': { input: 0, output: 0 },
  };

  test('by provider, cached tokens at their own rate', () => {
    const used = usage(100, 10, { cacheRead: 40, cacheWrite: 20 });
    assert.deepEqual(cost('openai', 'gpt-5-mini', used, overrides), {
      total: 0.00016,
      input: 0.00014,
      output: 0.00002,
      source: 'override',
      priceId: 'openai/gpt-5-mini@config',
      saved: -0.00004, // 40 x (1 - 0.5) - 20 x (4 - 1)
    });
  });

  test('the deployment wins over the provider; without a cache rate, cached tokens cost the input rate', () => {
    const query = { provider: 'openai', deployment: 'openai-eu', model: 'gpt-5-mini', at: AT };
    const found = costOf(query, usage(100, 10, { cacheRead: 40 }), overrides);
    assert.deepEqual([found?.total, found?.priceId], [0.0012, 'openai-eu/gpt-5-mini@config']);
    const other = costOf({ ...query, deployment: 'openai-us' }, usage(100, 10), overrides);
    assert.equal(other?.priceId, 'openai/gpt-5-mini@config');
  });

  test('a model nobody else knows, and one that is free on purpose', () => {
    assert.equal(cost('local', 'llama-3.3-70b', usage(1e6, 1e6), overrides)?.total, 0.6);
    assert.equal(cost('openai', 'free', usage(1e6, 1e6), overrides)?.total, 0);
  });

  test('the model that was asked for has its override, whatever name the answer gives it', () => {
    const asked = { provider: 'openai', model: 'gpt-5-mini', returned: 'gpt-5-mini-2025-08-07', at: AT };
    assert.equal(costOf(asked, usage(100, 10), overrides)?.priceId, 'openai/gpt-5-mini@config');
    const deployment = { provider: 'azure.ai.openai', model: 'our-deployment', returned: 'gpt-4o-2024-08-06', at: AT };
    assert.equal(costOf(deployment, usage(1e6, 0), {})?.total, 2.5, 'by the model that answered');
    const alias = { provider: 'openai', model: 'gpt-4o', returned: 'a-name-of-its-own', at: AT };
    assert.equal(costOf(alias, usage(1e6, 0), {})?.total, 2.5, 'else by the one that was asked');
  });

  test('of several factors the most special one counts', () => {
    const factors = { 'openai-eu/*': { factor: 1.1 }, 'openai/*': { factor: 0.5 }, 'openai/gpt-4o': { factor: 2 } };
    const at = (deployment: string, model: string) =>
      costOf({ provider: 'openai', deployment, model, at: AT }, usage(1e6, 0), factors)?.total;
    assert.deepEqual([at('openai-eu', 'gpt-5'), at('other', 'gpt-5'), at('openai-eu', 'gpt-4o')], [1.375, 0.625, 5]);
  });

  test('names of Object.prototype are no overrides', () => {
    assert.equal(
      cost('openai', 'x', usage(1, 1), Object.create({ 'openai/x': { input: 1, output: 1 } }) as PriceOverrides),
      undefined,
    );
  });
});

const MODELS = [
  ['openai', 'gpt-5-mini'],
  ['openai', 'gpt-5.5'],
  ['openai', 'gpt-4o'],
  ['anthropic', 'claude-haiku-4-5'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['deepseek', 'deepseek-reasoner'],
  ['perplexity', 'sonar-pro'],
  ['perplexity', 'sonar-deep-research'],
  ['x-ai', 'grok-4'],
  ['aws', 'anthropic.claude-haiku-4-5-20251001-v1:0'],
] as const;

test('property: the arithmetic agrees with the table’s own to 1e-9 USD', () => {
  const tokens = fc.oneof(fc.nat(5000), fc.nat(400_000));
  const counts = fc.tuple(
    tokens,
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    tokens,
  );
  const at = fc.date({ min: new Date('2025-01-01'), max: new Date('2027-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(fc.constantFrom(...MODELS), counts, at, ([provider, model], [input, read, write, output], at) => {
      const cacheRead = Math.floor(input * read);
      const cacheWrite = Math.floor((input - cacheRead) * write);
      const reasoning = Math.floor(output * read);
      const theirs = calcPrice(
        {
          input_tokens: input,
          cache_read_tokens: cacheRead,
          cache_write_tokens: cacheWrite,
          output_tokens: output,
          output_reasoning_tokens: reasoning,
        },
        model,
        { providerId: provider, timestamp: at },
      );
      const ours = costOf({ provider, model, at }, { input, cacheRead, cacheWrite, output, reasoning }, {});
      assert.ok(theirs !== null && ours !== undefined);
      assert.ok(Math.abs(ours.total - theirs.total_price) <= 1e-9, `${ours.total} against ${theirs.total_price}`);
    }),
    { numRuns: 3000 },
  );
});

test('thousands of different models do not fill memory, and a known one is still found', () => {
  for (let turn = 0; turn < 5000; turn++) assert.equal(cost('openai', `no-such-model-${turn}`, usage(1, 1)), undefined);
  assert.equal(cost('openai', 'gpt-5-mini', usage(1e6, 0))?.total, 0.25);
});
