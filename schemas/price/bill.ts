// The arithmetic of one bill. Every token is billed once: the totals are cut into parts, and each part is priced at the
// rate of its own. A part that was used and has no rate falls back only to what the provider bills instead; where that
// is not known the whole call is unpriced, because half a bill is a wrong bill.

import type { Usage, UsageUnits } from '../call.ts';
import { rateFor, type Price, type RateName } from './rates.ts';

export interface Bill {
  readonly input: number;
  readonly output: number;
  /** What reading the cache saved against fresh input, less what writing it cost more. */
  readonly saved: number;
}

/** Amounts beside their rates in USD per `per`; a rate that is missing where something was used spoils the sum. */
class Sum {
  usd = 0;
  known = true;

  add(amount: number, rate: number | undefined, per: number): void {
    if (amount <= 0) return;
    if (rate === undefined) this.known = false;
    else this.usd += (amount * rate) / per;
  }
}

const MTOK = 1e6;

/** @param factor of the service tier, on token rates. @returns undefined where something that was used has no rate */
export function billOf(price: Price, usage: Usage, factor: number): Bill | undefined {
  const units = usage.units ?? {};
  const rate = (name: RateName): number | undefined => rateFor(price.rates[name], usage);
  const tokens = factor * price.factor;
  const input = inputTokens(price, usage, rate);
  const output = outputTokens(price, usage, rate);
  const other = others(price, usage, rate);
  if (!input.known || !output.known || !other.known) return undefined;
  const fresh = rate('input') ?? 0;
  const written = Math.min(units.cacheWrite1h ?? 0, usage.cacheWrite);
  const saved =
    usage.cacheRead * (fresh - (rate('cacheRead') ?? fresh)) -
    (usage.cacheWrite - written) * ((rate('cacheWrite') ?? fresh) - fresh) -
    written * ((longWrite(price, rate) ?? fresh) - fresh);
  return { input: input.usd * tokens + other.usd, output: output.usd * tokens, saved: (saved * tokens) / MTOK };
}

type RateOf = (name: RateName) => number | undefined;

function inputTokens(price: Price, usage: Usage, rate: RateOf): Sum {
  const units = usage.units ?? {};
  const sum = new Sum();
  const audio = audioRate(price, rate('audioInput'), rate('input'));
  const cachedAudio = Math.min(units.audioCacheRead ?? 0, usage.cacheRead);
  const written = Math.min(units.cacheWrite1h ?? 0, usage.cacheWrite);
  const parts = new Parts(Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite));
  sum.add(parts.take((units.audioInput ?? 0) - cachedAudio), audio, MTOK);
  sum.add(parts.take(units.imageInput), rate('imageInput') ?? rate('input'), MTOK);
  sum.add(parts.take(units.toolInput), rate('toolInput') ?? rate('input'), MTOK);
  sum.add(parts.rest, rate('input'), MTOK);
  sum.add(cachedAudio, rate('audioCacheRead') ?? (rate('audioInput') === undefined ? rate('cacheRead') : audio), MTOK);
  sum.add(usage.cacheRead - cachedAudio, rate('cacheRead') ?? rate('input'), MTOK);
  sum.add(usage.cacheWrite - written, rate('cacheWrite') ?? rate('input'), MTOK);
  sum.add(written, longWrite(price, rate), MTOK);
  return sum;
}

function outputTokens(price: Price, usage: Usage, rate: RateOf): Sum {
  const units = usage.units ?? {};
  const sum = new Sum();
  const parts = new Parts(usage.output);
  sum.add(parts.take(units.audioOutput), audioRate(price, rate('audioOutput'), rate('output')), MTOK);
  sum.add(parts.take(units.imageOutput), rate('imageOutput') ?? rate('output'), MTOK);
  sum.add(parts.take(usage.reasoning), rate('reasoning') ?? rate('output'), MTOK);
  sum.add(parts.rest, rate('output'), MTOK);
  return sum;
}

/** What is no token. Images and seconds are paid by tokens where the model bills tokens for them. */
function others(price: Price, usage: Usage, rate: RateOf): Sum {
  const units: UsageUnits = usage.units ?? {};
  const sum = new Sum();
  const paid = usage.input + usage.output > 0;
  const unless = (name: RateName): number | undefined => rate(name) ?? (paid ? 0 : undefined);
  const seconds = units.seconds === undefined ? 0 : Math.max(units.seconds, price.leastSeconds ?? 0);
  sum.add(1, rate('requests') ?? 0, 1000);
  sum.add(units.searches ?? 0, rate('searches'), 1000);
  sum.add(units.images ?? 0, unless('images'), 1);
  sum.add(seconds, unless('audioHours'), 3600);
  sum.add(units.characters ?? 0, unless('characters'), 1e6);
  return sum;
}

/** Models that hear or speak bill audio at a rate of its own, many times the one of text: no guess where it is missing. */
function audioRate(price: Price, own: number | undefined, text: number | undefined): number | undefined {
  return own ?? (price.audioIsText ? text : undefined);
}

/** Anthropic's rule, wherever its models are sold: keeping for an hour costs twice the fresh input. */
function longWrite(price: Price, rate: RateOf): number | undefined {
  const own = rate('cacheWrite1h');
  const input = rate('input');
  return own ?? (input !== undefined && /claude/i.test(price.id) ? 2 * input : undefined);
}

/** Parts that together never are more than their whole, whatever a provider says of them. */
class Parts {
  rest: number;

  constructor(whole: number) {
    this.rest = whole;
  }

  take(amount: number | undefined): number {
    const taken = Math.min(Math.max(0, amount ?? 0), this.rest);
    this.rest -= taken;
    return taken;
  }
}
