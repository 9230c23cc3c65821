// What a call of a model cost, where its sender did not say. A model without a price stays unpriced: never 0.

import { ATTR } from '../../schemas/attributes.ts';
import type { Usage } from '../../schemas/call.ts';
import { costOf, type Cost, type PriceOverrides } from '../../schemas/price.ts';
import { isModelCall, type SpanRow } from '../../schemas/span.ts';
import { nanos } from './columns.ts';
import type { Processor } from './types.ts';

export const price: Processor = {
  id: 'price',
  summary: 'Prices model calls that used something and carry no cost',
  create:
    ({ prices }) =>
    ({ row }) => {
      if (row.cost_known || !isModelCall(row) || !used(row)) return;
      const cost = costOfRow(row, prices);
      if (!cost) return;
      row.cost_usd = nanos(cost.total);
      row.cost_known = true;
      row.price_id = cost.priceId;
      row.saved_usd = cost.saved ?? 0;
    },
};

/** The columns that a price depends on. */
export type PricedRow = Pick<
  SpanRow,
  | 'ts'
  | 'provider'
  | 'deployment'
  | 'model'
  | 'model_returned'
  | 'service_tier'
  | 'in_tok'
  | 'in_cache_read'
  | 'in_cache_write'
  | 'out_tok'
  | 'out_reasoning'
  | 'units'
  | 'attrs'
>;

export function costOfRow(row: PricedRow, prices: PriceOverrides): Cost | undefined {
  const region = row.attrs[ATTR.USAGE_REGION];
  const usage: Usage = {
    input: row.in_tok,
    cacheRead: row.in_cache_read,
    cacheWrite: row.in_cache_write,
    output: row.out_tok,
    reasoning: row.out_reasoning,
    units: row.units,
    ...(region === undefined ? {} : { region }),
  };
  const { provider, deployment, model, model_returned: returned, service_tier: tier } = row;
  const query = { provider, deployment, model, returned, tier, host: row.attrs[ATTR.SERVER_ADDRESS] ?? '' };
  return costOf({ ...query, at: new Date(row.ts / 1000) }, usage, prices);
}

function used(row: SpanRow): boolean {
  return row.in_tok > 0 || row.out_tok > 0 || Object.keys(row.units).length > 0;
}
