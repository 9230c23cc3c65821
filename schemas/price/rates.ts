// What a price is: a rate for every unit that a provider bills apart.

import type { Usage } from '../call.ts';

/** A number, or steps by the size of the whole input: above the start of a step, all tokens of the call cost its price. */
export type Rate =
  number | { readonly base: number; readonly tiers: readonly { readonly start: number; readonly price: number }[] };

/** Tokens: USD per million. */
export const TOKEN_RATES = [
  'input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'reasoning', 'audioInput', 'audioCacheRead',
  'audioOutput', 'imageInput', 'imageOutput', 'toolInput',
] as const; // prettier-ignore

/** USD a thousand searches or requests, an image, an hour of audio, a million characters. */
export const OTHER_RATES = ['searches', 'requests', 'images', 'audioHours', 'characters'] as const;

export type TokenRate = (typeof TOKEN_RATES)[number];
export type RateName = TokenRate | (typeof OTHER_RATES)[number];
export const RATE_NAMES: readonly RateName[] = [...TOKEN_RATES, ...OTHER_RATES];

export type Rates = Readonly<Partial<Record<RateName, Rate>>>;

/** One price, found for one call. */
export interface Price {
  readonly id: string;
  readonly source: 'list' | 'override';
  readonly rates: Rates;
  /** Audio costs what text costs, where no rate says otherwise. */
  readonly audioIsText: boolean;
  /** Service tiers by their factor on token rates; what is not here has no published price. */
  readonly tiers: Readonly<Record<string, number>>;
  /** On token rates: a region that costs more, a discount that was agreed. */
  readonly factor: number;
  /** Billed at least, of audio. */
  readonly leastSeconds?: number;
}

/** The rate of a call with this usage; undefined where the price has none. */
export function rateFor(rate: Rate | undefined, usage: Usage): number | undefined {
  if (rate === undefined || typeof rate === 'number') return rate;
  let price = rate.base;
  for (const tier of rate.tiers) if (usage.input > tier.start) price = tier.price;
  return price;
}
