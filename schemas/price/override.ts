// Prices of the config: for a model (`deployment-or-provider/model`) or, as a factor on the list prices, for all models
// of a deployment (`deployment/*`). A list of them holds by date.

import type { PriceConfig, PriceEntryConfig } from '../config.ts';
import type { Rate, RateName, Rates } from './rates.ts';

/** `prices` of the config: USD per million tokens by `deployment-or-provider/model`. */
export type PriceOverrides = Readonly<Record<string, PriceConfig>>;

const NAMES = {
  input: 'input',
  output: 'output',
  cache_read: 'cacheRead',
  cache_write: 'cacheWrite',
  cache_write_1h: 'cacheWrite1h',
  reasoning: 'reasoning',
  audio_input: 'audioInput',
  audio_cache_read: 'audioCacheRead',
  audio_output: 'audioOutput',
  image_input: 'imageInput',
  image_output: 'imageOutput',
  tool_input: 'toolInput',
  searches: 'searches',
  requests: 'requests',
  images: 'images',
  audio_hours: 'audioHours',
  characters: 'characters',
} as const satisfies Record<string, RateName>;

export interface Override {
  readonly key: string;
  /** Empty: only a factor or tiers, on top of the list price. */
  readonly rates: Rates;
  readonly tiers: Readonly<Record<string, number>>;
  readonly factor: number | undefined;
  /** The day from which it holds, or ''. */
  readonly from: string;
}

interface Asked {
  readonly owners: readonly string[];
  /** Names of the model, the one that was asked for first. */
  readonly models: readonly string[];
  readonly at: Date;
}

/** What holds for a model, from the most special key to the most general: the deployment's word goes first. */
export function overridesOf(overrides: PriceOverrides, { owners, models, at }: Asked): Override[] {
  const keys = [...models, '*'].flatMap((model) => owners.map((owner) => `${owner}/${model}`));
  return [...new Set(keys)].flatMap((key) => {
    const config = Object.hasOwn(overrides, key) ? overrides[key] : undefined;
    const entry = config === undefined ? undefined : entryAt(config, at);
    return entry === undefined ? [] : [overrideOf(key, entry)];
  });
}

export function overrideOf(key: string, entry: PriceEntryConfig): Override {
  return { key, rates: ratesOf(entry), tiers: entry.tiers ?? {}, factor: entry.factor, from: entry.from ?? '' };
}

/** The entry that holds: of those with a date the newest that has begun, else the one without. */
function entryAt(config: PriceConfig, at: Date): PriceEntryConfig | undefined {
  const day = Number.isNaN(at.getTime()) ? '' : at.toISOString().slice(0, 10);
  const begun = entriesOf(config).filter((entry) => (entry.from ?? '') <= day);
  return begun.sort((a, b) => ((a.from ?? '') < (b.from ?? '') ? 1 : -1))[0];
}

export function entriesOf(config: PriceConfig): PriceEntryConfig[] {
  return Array.isArray(config) ? [...config] : [config];
}

function ratesOf(entry: PriceEntryConfig): Rates {
  const rates: Partial<Record<RateName, Rate>> = {};
  for (const [word, name] of Object.entries(NAMES) as [keyof typeof NAMES, RateName][]) {
    const base = entry[word];
    if (base === undefined) continue;
    const steps = (entry.above ?? []).flatMap((step) => {
      const price = step[word as 'input'];
      return price === undefined ? [] : [{ start: step.tokens, price }];
    });
    rates[name] = steps.length === 0 ? base : { base, tiers: steps.sort((a, b) => a.start - b.start) };
  }
  return rates;
}
