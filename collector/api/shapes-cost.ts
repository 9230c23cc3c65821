// The answers about money as zod schemas, held against schemas/cost.ts by the compiler.

import { z } from 'zod';
import type {
  CostLine,
  CostReport,
  CostSums,
  PriceList,
  PriceRates,
  ProviderReport,
  RepriceReport,
  UsageReport,
} from '../../schemas/api.ts';

const count = z.int().min(0);
const time = z.number().describe('milliseconds since 1970');
const usd = z.number().min(0);
const maybe = z.number().nullable();
const knownUsd = maybe.describe('US dollars; null when no call has a price');

const sums = {
  calls: count,
  in_tok: count,
  in_cache_read: count,
  in_cache_write: count,
  out_tok: count,
  out_reasoning: count,
  cost_usd: knownUsd,
  cache_saved_usd: z.number().describe('against the price of fresh input; negative where writing the cache cost more'),
  unpriced: count,
  unpriced_tok: count,
  estimated: count,
} satisfies Record<keyof CostSums, z.ZodType>;

const line = z.strictObject({
  group: z.string().nullable(),
  ...sums,
  points: z.array(z.tuple([time, maybe])),
}) satisfies z.ZodType<CostLine>;

export const costReport = z.strictObject({
  from: time,
  to: time,
  step: z.number(),
  by: z.string(),
  kept_from: time,
  unpriced: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      calls: count,
      in_tok: count,
      out_tok: count,
      config: z.string(),
    }),
  ),
  total: line,
  lines: z.array(line),
  month: z.strictObject({
    from: time,
    to: time,
    so_far_usd: usd,
    expected_usd: maybe,
    low_usd: maybe,
    high_usd: maybe,
    method: z.enum(['weekdays', 'average', 'none']),
    words: z.string(),
  }),
}) satisfies z.ZodType<CostReport>;

export const usageReport = z.strictObject({
  from: time,
  to: time,
  rows: z.array(
    z.strictObject({
      day: z.string().describe('YYYY-MM-DD, UTC'),
      provider: z.string(),
      deployment: z.string(),
      model: z.string(),
      ...sums,
    }),
  ),
}) satisfies z.ZodType<UsageReport>;

const rates = z.strictObject({
  input: maybe,
  output: maybe,
  cache_read: maybe,
  cache_write: maybe,
  cache_write_1h: maybe,
  reasoning: maybe,
  audio_input: maybe,
  audio_cache_read: maybe,
  audio_output: maybe,
  image_input: maybe,
  image_output: maybe,
  tool_input: maybe,
  searches: maybe,
  requests: maybe,
  images: maybe,
  audio_hours: maybe,
  characters: maybe,
}) satisfies z.ZodType<PriceRates>;

export const priceListAnswer: z.ZodType<PriceList> = z.strictObject({
  table: z.string(),
  models: count,
  matching: count,
  prices: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      price_id: z.string(),
      source: z.enum(['list', 'override']),
      rates,
      steps: z.array(z.strictObject({ above: count, rates: z.record(z.string(), z.number()) })),
      tiers: z.array(z.strictObject({ tier: z.string(), factor: z.number() })),
      history: z.array(z.strictObject({ from: z.string(), rates })),
      calls: count,
    }),
  ),
});

const health = { latency_p50: maybe, latency_p95: maybe, ttft_p50: maybe };

export const providerReport = z.strictObject({
  from: time,
  to: time,
  step: z.number(),
  providers: z.array(
    z.strictObject({
      provider: z.string(),
      deployment: z.string(),
      models: z.array(z.string()),
      calls: count,
      errors: count,
      timeouts: count,
      rate_limited: count,
      ...health,
      in_tok: count,
      out_tok: count,
      cost_usd: knownUsd,
      unpriced: count,
      cells: z.array(z.strictObject({ time, calls: count, error_rate: maybe, ...health })),
    }),
  ),
}) satisfies z.ZodType<ProviderReport>;

export const repriceReport = z.strictObject({
  from: time,
  to: time,
  dry_run: z.boolean(),
  calls: count,
  changed: count,
  models: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      calls: count,
      changed: count,
      old_usd: usd,
      new_usd: usd,
      old_unpriced: count,
      new_unpriced: count,
      price_ids: z.array(z.string()),
    }),
  ),
}) satisfies z.ZodType<RepriceReport>;
