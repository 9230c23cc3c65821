// What a call costs: a price for (provider, model) from the public table, from what we know beside it, or from the
// config's overrides; the service tier and the region; and the arithmetic (price/bill.ts). What the provider itself says
// it charged wins over all of it. A call without a price is `unpriced`; it is never free by accident.

import type { Usage } from './call.ts';
import { billOf } from './price/bill.ts';
import { overridesOf, type Override, type PriceOverrides } from './price/override.ts';
import type { Price, Rates } from './price/rates.ts';
import { supplemented } from './price/supplement.ts';
import { findInTable, plainName, PRICE_TABLE, tableProvider, type TableEntry } from './price/table.ts';
import { regionOf, tierOf, tiersOf } from './price/tiers.ts';

export { PRICE_TABLE } from './price/table.ts';
export type { PriceOverrides } from './price/override.ts';
export { billedTier, tierOf } from './price/tiers.ts';

export interface Cost {
  /** USD. */
  readonly total: number;
  readonly input: number;
  readonly output: number;
  readonly source: 'list' | 'override' | 'provider';
  /**
   * Which price it was: `openai/gpt-5-mini@genai-prices-0.1.8`, `local/llama@config`, `openrouter/...@provider`; with
   * `+flex`, `+us` and the like for the tier and the place that changed it.
   */
  readonly priceId: string;
  /** USD that cached input saved against fresh input, less what writing the cache cost more; absent where nothing was cached. */
  readonly saved?: number;
}

export interface PriceQuery {
  /** gen_ai.provider.name */
  readonly provider: string;
  /** The provider's name in the config; its override wins over one of the provider. */
  readonly deployment?: string;
  /** The model that was asked for. */
  readonly model: string;
  /** The model that answered, where it says so: its list price counts first. */
  readonly returned?: string;
  /** When the call was made: prices change by date, a few by the hour. */
  readonly at: Date;
  /** The service tier that the answer names, else the one that was asked for. */
  readonly tier?: string;
  /** Host that was called: some regions cost more. */
  readonly host?: string;
}

/** What the built-in simulated models pretend to cost, so that a demo has money to show. USD per million tokens. */
const SIMULATED: Rates = { input: 0.25, output: 2, cacheRead: 0.025, cacheWrite: 0.3 };

/** Who says in dollars what a call cost. A number called `cost` of anybody else could be anything. */
const STATES_DOLLARS: ReadonlySet<string> = new Set(['openrouter', 'perplexity', 'x-ai', 'deepinfra']);
/** USD of one call; more is a mistake. */
const MOST = 1e6;

const CACHE_SIZE = 4096;
const cache = new Map<string, Price | undefined>();

/** The cost of one call; undefined where no price is known for what was used. */
export function costOf(query: PriceQuery, usage: Usage, overrides: PriceOverrides): Cost | undefined {
  const { cost } = usage;
  if (cost !== undefined && cost <= MOST && STATES_DOLLARS.has(tableProvider(query.provider)))
    return stated(query, cost);
  for (const price of pricesOf(query, overrides)) {
    const { factor, name } = circumstances(price, query, usage);
    const bill = factor === undefined ? undefined : billOf(price, usage, factor);
    if (bill === undefined) continue;
    return {
      total: rounded(bill.input + bill.output),
      input: rounded(bill.input),
      output: rounded(bill.output),
      source: price.source,
      priceId: price.id + name,
      ...(usage.cacheRead + usage.cacheWrite > 0 ? { saved: rounded(bill.saved) } : {}),
    };
  }
  return undefined;
}

/** Tier and region: what they do to token rates, and their names. No factor: nobody says what the tier costs. */
function circumstances(price: Price, query: PriceQuery, usage: Usage): { factor: number | undefined; name: string } {
  const tier = tierOf(query.tier || usage.tier);
  const factor = tier === '' ? 1 : price.tiers[tier];
  const region = price.source === 'list' ? placeOf(query, usage) : undefined;
  const name = [tier, region?.name ?? ''].map((part) => (part === '' ? '' : `+${part}`)).join('');
  return { factor: factor === undefined ? undefined : factor * (region?.factor ?? 1), name };
}

/** The price of a model on a day, without the tier; undefined where nobody knows one. */
export function priceOf(query: PriceQuery, overrides: PriceOverrides): Price | undefined {
  return pricesOf(query, overrides)[0];
}

/** The config's price alone, where there is one; else those of the list, of the model that answered before the one asked. */
function pricesOf(query: PriceQuery, overrides: PriceOverrides): Price[] {
  const { provider, deployment, model, returned = '', at } = query;
  const owners = [deployment, provider].filter((owner) => owner !== undefined);
  const found = overridesOf(overrides, { owners, models: returned === '' ? [model] : [model, returned], at });
  const own = found.find(({ rates }) => Object.keys(rates).length > 0);
  if (own !== undefined) return [overridePrice(own, query)];
  const simulated = simulatedPrice(query);
  const names = [...new Set([returned, model])].filter((name) => name !== '');
  const listed = simulated ? [simulated] : names.map((name) => listPrice({ ...query, model: name }));
  return listed.filter((price) => price !== undefined).map((price) => adjusted(price, found));
}

/** A list price under the config's factors; the most special word counts. */
function adjusted(price: Price, found: readonly Override[]): Price {
  if (found.length === 0) return price;
  const factor = found.find((each) => each.factor !== undefined)?.factor ?? 1;
  const tiers = Object.assign({}, price.tiers, ...found.map((each) => each.tiers).reverse());
  return { ...price, factor, tiers, id: factor === 1 ? price.id : `${price.id}*${factor}` };
}

/** What the provider says it charged is not looked up. */
function stated({ provider, model }: PriceQuery, cost: number): Cost {
  const total = rounded(cost);
  return { total, input: 0, output: 0, source: 'provider', priceId: `${provider}/${model}@provider` };
}

function placeOf({ provider, model, host = '' }: PriceQuery, usage: Usage) {
  const id = tableProvider(provider);
  return regionOf(id, plainName(model, [id]).toLowerCase(), usage.region ?? host);
}

function overridePrice(own: Override, { provider, model }: PriceQuery): Price {
  return {
    id: `${own.key}@config${own.from === '' ? '' : `-${own.from}`}`,
    source: 'override',
    rates: own.rates,
    audioIsText: true,
    tiers: { ...tiersOf(tableProvider(provider), model), ...own.tiers },
    factor: own.factor ?? 1,
  };
}

function simulatedPrice({ provider, model }: PriceQuery): Price | undefined {
  if (provider !== 'simulated') return undefined;
  const id = `simulated/${model}@demo`;
  return { id, source: 'list', rates: SIMULATED, audioIsText: true, tiers: { batch: 0.5, flex: 0.5 }, factor: 1 };
}

/** What was found is kept for the day. */
function listPrice(query: PriceQuery): Price | undefined {
  const { provider, model, at } = query;
  const key = `${provider.toLowerCase()} ${model} ${Math.floor(at.getTime() / 86_400_000)}`;
  if (cache.has(key)) return cache.get(key);
  const entry = findInTable(provider, model, at);
  const price = Number.isNaN(at.getTime()) ? undefined : wholePrice(query, entry);
  if (entry?.hourly !== true) keep(key, price);
  return price;
}

function wholePrice({ provider, model }: PriceQuery, entry: TableEntry | undefined): Price | undefined {
  const providerId = entry?.provider ?? tableProvider(provider);
  const asked = (entry?.asked ?? plainName(model, [provider.toLowerCase(), providerId])).toLowerCase();
  const whole = supplemented(providerId, asked, entry?.rates);
  if (whole === undefined) return undefined;
  const id = entry === undefined ? `${providerId}/${asked}@signalbox` : `${providerId}/${entry.model}@${PRICE_TABLE}`;
  return { ...whole, id, source: 'list', tiers: tiersOf(providerId, asked), factor: 1 };
}

function keep(key: string, price: Price | undefined): void {
  const oldest = cache.size >= CACHE_SIZE ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(key, price);
}

/** To the nearest nano-dollar: sums of thousands of calls stay readable. */
function rounded(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
