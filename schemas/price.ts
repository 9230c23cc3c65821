// What a call costs: a price for (provider, model) from the public table of @pydantic/genai-prices or from the config's
// overrides, and the arithmetic. A model without a price is `unpriced`; it is never free by accident.

import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import type { Usage } from './call.ts';
import type { PriceConfig } from './config.ts';

export interface Cost {
  /** USD. */
  readonly total: number;
  readonly input: number;
  readonly output: number;
  readonly source: 'list' | 'override';
  /** Which price it was: `openai/gpt-5-mini@genai-prices-0.1.8` or `local/llama@config`. */
  readonly priceId: string;
}

export interface PriceQuery {
  /** gen_ai.provider.name */
  readonly provider: string;
  /** The provider's name in the config; its override wins over one of the provider. */
  readonly deployment?: string;
  readonly model: string;
  /** When the call was made: prices change by date, a few by the hour. */
  readonly at: Date;
}

/** `prices` of the config: USD per million tokens by `deployment-or-provider/model`. */
export type PriceOverrides = Readonly<Record<string, PriceConfig>>;

/** The version of the table in package.json; a test holds the two together. */
export const PRICE_TABLE = 'genai-prices-0.1.8';

/** Provider names of the OpenTelemetry conventions and of common clients, as the table calls them. */
const TABLE_NAMES: ReadonlyMap<string, string> = new Map([
  ['aws.bedrock', 'aws'],
  ['azure.ai.inference', 'azure'],
  ['azure.ai.openai', 'azure'],
  ['fireworks_ai', 'fireworks'],
  ['gcp.gemini', 'google'],
  ['gcp.gen_ai', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['mistral_ai', 'mistral'],
  ['moonshot_ai', 'moonshotai'],
  ['together_ai', 'together'],
  ['x_ai', 'x-ai'],
]);

/** What the built-in simulated models pretend to cost, so that a demo has money to show. USD per million tokens. */
const SIMULATED: PriceConfig = { input: 0.25, output: 2, cache_read: 0.025, cache_write: 0.3 };

/** A rate is USD per million tokens; above the start of a tier, all tokens of the call cost the tier's rate. */
type Rate = ModelPrice[string];

interface Price {
  readonly id: string;
  readonly source: Cost['source'];
  readonly input: Rate;
  readonly output: Rate;
  /** Fall back to `input`. */
  readonly cacheRead: Rate;
  readonly cacheWrite: Rate;
  /** Falls back to `output`. */
  readonly reasoning: Rate;
  /** USD a thousand calls, on top. */
  readonly requests: Rate;
}

const CACHE_SIZE = 4096;
const cache = new Map<string, Price | undefined>();

/** The cost of one call; undefined where no price is known for what was used. */
export function costOf(query: PriceQuery, usage: Usage, overrides: PriceOverrides): Cost | undefined {
  const price = overridePrice(query, overrides) ?? simulatedPrice(query) ?? listPrice(query);
  if (price === undefined) return undefined;
  if (price.input === undefined && usage.input > 0) return undefined;
  if (price.output === undefined && usage.output > 0) return undefined;
  const input = inputCost(price, usage) + rateFor(price.requests, usage) / 1000;
  const output = outputCost(price, usage);
  return {
    total: rounded(input + output),
    input: rounded(input),
    output: rounded(output),
    source: price.source,
    priceId: price.id,
  };
}

function inputCost(price: Price, usage: Usage): number {
  const input = rateFor(price.input, usage);
  const fresh = Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite);
  const read = rateFor(price.cacheRead ?? price.input, usage);
  const write = rateFor(price.cacheWrite ?? price.input, usage);
  return (fresh * input + usage.cacheRead * read + usage.cacheWrite * write) / 1e6;
}

function outputCost(price: Price, usage: Usage): number {
  const output = rateFor(price.output, usage);
  const reasoning = rateFor(price.reasoning ?? price.output, usage);
  return (Math.max(0, usage.output - usage.reasoning) * output + usage.reasoning * reasoning) / 1e6;
}

/** Tiers go by the whole input of the call, for output as well. */
function rateFor(rate: Rate, usage: Usage): number {
  if (rate === undefined || typeof rate === 'number') return rate ?? 0;
  let price = rate.base;
  for (const tier of rate.tiers) if (usage.input > tier.start) price = tier.price;
  return price;
}

function overridePrice(query: PriceQuery, overrides: PriceOverrides): Price | undefined {
  for (const owner of [query.deployment, query.provider]) {
    const key = `${owner}/${query.model}`;
    const config = Object.hasOwn(overrides, key) ? overrides[key] : undefined;
    if (config !== undefined) return configPrice(config, 'override', `${key}@config`);
  }
  return undefined;
}

function simulatedPrice({ provider, model }: PriceQuery): Price | undefined {
  return provider === 'simulated' ? configPrice(SIMULATED, 'list', `simulated/${model}@demo`) : undefined;
}

function configPrice(config: PriceConfig, source: Cost['source'], id: string): Price {
  return {
    id,
    source,
    input: config.input,
    output: config.output,
    cacheRead: config.cache_read,
    cacheWrite: config.cache_write,
    reasoning: undefined,
    requests: undefined,
  };
}

/** Finding a price costs tens of microseconds, so what was found is kept for the day. */
function listPrice(query: PriceQuery): Price | undefined {
  const provider = query.provider.toLowerCase();
  const key = `${provider} ${query.model} ${Math.floor(query.at.getTime() / 86_400_000)}`;
  if (cache.has(key)) return cache.get(key);
  const found = resolve(TABLE_NAMES.get(provider) ?? provider, query);
  if (found && changesByTheHour(found.model)) return found.price;
  const oldest = cache.size >= CACHE_SIZE ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(key, found?.price);
  return found?.price;
}

function resolve(
  providerId: string,
  { provider, model, at }: PriceQuery,
): { price: Price; model: ModelInfo } | undefined {
  // The table also guesses providers by parts of their names; a guess is not a price.
  if (findProvider({ providerId })?.id !== providerId || Number.isNaN(at.getTime())) return undefined;
  const find = (name: string) => calcPrice({ input_tokens: 0, output_tokens: 0 }, name, { providerId, timestamp: at });
  const result = find(model) ?? find(withoutOwner(model, [provider, providerId, 'models']));
  if (result === null) return undefined;
  const rates = result.model_price;
  return {
    model: result.model,
    price: {
      id: `${result.provider.id}/${result.model.id}@${PRICE_TABLE}`,
      source: 'list',
      input: rates['input_mtok'],
      output: rates['output_mtok'],
      cacheRead: rates['cache_read_mtok'],
      cacheWrite: rates['cache_write_mtok'],
      reasoning: rates['output_reasoning_mtok'],
      requests: rates['requests_kcount'],
    },
  };
}

/** `openai/gpt-5-mini` asked of openai, `models/gemini-2.5-pro` asked of google. */
function withoutOwner(model: string, owners: readonly string[]): string {
  const owner = owners.find((name) => model.startsWith(`${name}/`));
  return owner === undefined ? model : model.slice(owner.length + 1);
}

function changesByTheHour({ prices }: ModelInfo): boolean {
  return Array.isArray(prices) && prices.some(({ constraint }) => constraint?.type === 'time_of_date');
}

/** To the nearest nano-dollar: sums of thousands of calls stay readable. */
function rounded(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
