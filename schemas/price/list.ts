// All prices there are, for people to look at: the public table with what we add to it, and the config's.

import type { PriceEntry, PriceRates } from '../cost.ts';
import { entriesOf, overrideOf, type PriceOverrides } from './override.ts';
import { RATE_NAMES, type Rate, type RateName, type Rates } from './rates.ts';
import { supplemented } from './supplement.ts';
import { listedModels, PRICE_TABLE, type ListedModel } from './table.ts';
import { tiersOf } from './tiers.ts';

export type ListedPrice = Omit<PriceEntry, 'calls'>;

const SNAKE = new Map(RATE_NAMES.map((name) => [name, name.replace(/[A-Z0-9]+/g, (part) => `_${part.toLowerCase()}`)]));

/** As they hold on a day: the config's first, then the table by provider. */
export function priceList(overrides: PriceOverrides, at: Date): ListedPrice[] {
  const day = at.toISOString().slice(0, 10);
  const own = Object.entries(overrides).flatMap(([key, config]) => {
    const history = entriesOf(config)
      .map((entry) => overrideOf(key, entry))
      .sort((a, b) => (a.from < b.from ? 1 : -1));
    const holds = history.find(({ from }) => from <= day);
    if (holds === undefined || Object.keys(holds.rates).length === 0) return [];
    const provider = key.slice(0, key.indexOf('/'));
    const names = {
      provider,
      model: key.slice(provider.length + 1),
      price_id: `${key}@config`,
      source: 'override',
    } as const;
    return [listed(names, holds, history)];
  });
  return [...own, ...[...listedModels()].flatMap((model) => ofTable(model, day))];
}

function ofTable({ provider, model, history }: ListedModel, day: string): ListedPrice[] {
  const holds = history.find(({ from }) => from <= day) ?? history.at(-1);
  const whole = supplemented(provider, model.toLowerCase(), holds?.rates);
  if (whole === undefined || Object.keys(whole.rates).length === 0) return [];
  const names = { provider, model, price_id: `${provider}/${model}@${PRICE_TABLE}`, source: 'list' } as const;
  return [listed(names, { rates: whole.rates, tiers: tiersOf(provider, model.toLowerCase()) }, history)];
}

type Names = Pick<PriceEntry, 'provider' | 'model' | 'price_id' | 'source'>;
interface Holds {
  readonly rates: Rates;
  readonly tiers: Readonly<Record<string, number>>;
}
type History = readonly { readonly from: string; readonly rates: Rates }[];

function listed(names: Names, { rates, tiers }: Holds, history: History): ListedPrice {
  return {
    ...names,
    rates: allRates(rates),
    steps: stepsOf(rates),
    tiers: Object.entries(tiers).map(([tier, factor]) => ({ tier, factor })),
    history: history.length > 1 ? history.map((each) => ({ from: each.from, rates: allRates(each.rates) })) : [],
  };
}

function allRates(rates: Rates): PriceRates {
  const entries = RATE_NAMES.map((name) => [SNAKE.get(name) ?? name, baseOf(rates[name]) ?? null]);
  return Object.fromEntries(entries) as PriceRates;
}

function baseOf(rate: Rate | undefined): number | undefined {
  return typeof rate === 'object' ? rate.base : rate;
}

function stepsOf(rates: Rates): PriceEntry['steps'] {
  const steps = new Map<number, Record<string, number>>();
  for (const [name, rate] of Object.entries(rates) as [RateName, Rate][]) {
    for (const { start, price } of typeof rate === 'object' ? rate.tiers : []) {
      steps.set(start, { ...steps.get(start), [SNAKE.get(name) ?? name]: price });
    }
  }
  return [...steps].sort(([a], [b]) => a - b).map(([above, stepRates]) => ({ above, rates: stepRates }));
}
