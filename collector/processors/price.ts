// What a call of a model cost, where its sender did not say. A model without a price stays unpriced: never 0.

import { costOf } from '../../schemas/price.ts';
import { isModelCall } from '../../schemas/span.ts';
import type { Processor } from './types.ts';

export const price: Processor = {
  id: 'price',
  summary: 'Prices model calls that carry tokens and no cost',
  create:
    ({ prices }) =>
    ({ row }) => {
      if (row.cost_known || (row.in_tok === 0 && row.out_tok === 0) || !isModelCall(row)) return;
      const usage = {
        input: row.in_tok,
        cacheRead: row.in_cache_read,
        cacheWrite: row.in_cache_write,
        output: row.out_tok,
        reasoning: row.out_reasoning,
      };
      const at = new Date(row.ts / 1000);
      const of = (model: string) =>
        model === ''
          ? undefined
          : costOf({ provider: row.provider, deployment: row.deployment, model, at }, usage, prices);
      const cost = of(row.model_returned) ?? of(row.model);
      if (!cost) return;
      row.cost_usd = cost.total;
      row.cost_known = true;
      row.price_id = cost.priceId;
    },
};
