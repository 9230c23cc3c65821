// GET /prices: every price there is, where it comes from, how it changed, and how often it was used.

import { z } from 'zod';
import { PRICE_TABLE, priceOf, type PriceOverrides } from '../../schemas/price.ts';
import { priceList, type ListedPrice } from '../../schemas/price/list.ts';
import type { PriceList, UsageLine } from '../../schemas/api.ts';
import { usageLines } from '../store/queries/cost.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { priceListAnswer } from './shapes-cost.ts';
import { rangeOf } from './time.ts';

export const prices = resource({
  path: '/prices',
  summary: 'Prices of models: rates, steps, tiers, history, use',
  input: z.strictObject({
    q: z.string().max(200).prefault('').describe('part of PROVIDER/MODEL'),
    used: z.enum(['true', 'false']).prefault('false').describe('only prices that calls of the range had'),
    from: params.from.describe('of the calls that are counted; default 30 days before `to`'),
    to: params.to,
    limit: params.wholeNumber(1, 2_000).prefault('200'),
  }),
  answer: priceListAnswer,
  handle: async ({ store, now, prices: overrides }, { q, used, from, to, limit }): Promise<PriceList> => {
    const range = rangeOf(from ?? (to === undefined ? 'now-30d' : undefined), to, now());
    const at = new Date(range.to / 1000);
    const calls = callsByPrice(await usageLines(store, range, ''), overrides, at);
    const all = priceList(overrides, at);
    const wanted = q.toLowerCase();
    const matching = all
      .filter(({ provider, model }) => `${provider}/${model}`.toLowerCase().includes(wanted))
      .map((entry) => ({ ...entry, calls: calls.get(keyOf(entry)) ?? 0 }))
      .filter((entry) => used === 'false' || entry.calls > 0)
      .sort((a, b) => b.calls - a.calls);
    return { table: PRICE_TABLE, models: all.length, matching: matching.length, prices: matching.slice(0, limit) };
  },
});

const keyOf = (entry: Pick<ListedPrice, 'price_id'>): string => entry.price_id;

/** By the price that a call of the model gets today, without discounts and dates in its name. */
function callsByPrice(lines: readonly UsageLine[], overrides: PriceOverrides, at: Date): Map<string, number> {
  const calls = new Map<string, number>();
  for (const { provider, deployment, model, calls: made } of lines) {
    const price = priceOf({ provider, deployment, model, at }, overrides);
    if (price === undefined) continue;
    const id = price.id.replace(/\*[\d.]+$/, '').replace(/@config-.*$/, '@config');
    calls.set(id, (calls.get(id) ?? 0) + made);
  }
  return calls;
}
