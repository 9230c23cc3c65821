// The target that is expected to cost least for this call: its prompt's tokens, and as many tokens of an answer as the
// answers of this route had so far. Targets without a price come last.

import type { Asking, Choice, Router, RouterOptions, RouteTarget, Strategy } from './types.ts';

export const cost: Strategy = {
  id: 'cost',
  summary: 'The target with the lowest price for the expected tokens',
  create: (options) => new ByCost(options),
};

/** Tokens of an answer until one was counted. */
const FIRST_GUESS = 300;
/** Prices are looked up for this many tokens, and again after this long: they change by date. */
const SAMPLE = 1_000;
const FRESH_US = 600e6;

interface Rate {
  readonly target: RouteTarget;
  /** USD a token; undefined without a price. */
  readonly input: number | undefined;
  readonly output: number | undefined;
}

class ByCost implements Router {
  readonly #options: RouterOptions;
  #rates: readonly Rate[] = [];
  #untilUs = 0;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  choose({ now, inputTokens }: Asking): Choice {
    const { targets, fallback } = this.#options;
    if (targets.length === 1) return { targets: [...targets, ...fallback], reason: 'the only target' };
    if (now >= this.#untilUs) this.#lookUp(now);
    const output = this.#expectedOutput();
    const priced = this.#rates.map(({ target, ...rate }) => ({ target, usd: usdOf(rate, inputTokens, output) }));
    // Unequal to itself is Infinity less Infinity: two without a price stay as they stand.
    priced.sort((a, b) => (a.usd === b.usd ? 0 : a.usd - b.usd));
    const [cheapest] = priced;
    const known = cheapest !== undefined && cheapest.usd < Number.POSITIVE_INFINITY;
    const reason = known ? `the cheapest: about ${cheapest.usd.toPrecision(2)} USD` : 'no target has a price';
    return { targets: [...priced.map(({ target }) => target), ...fallback], reason };
  }

  #expectedOutput(): number {
    const counted = this.#options.targets.map(({ state }) => state.meanOutput).filter((mean) => mean > 0);
    if (counted.length === 0) return FIRST_GUESS;
    return counted.reduce((sum, mean) => sum + mean, 0) / counted.length;
  }

  #lookUp(now: number): void {
    const { targets, priceOf } = this.#options;
    this.#untilUs = now + FRESH_US;
    this.#rates = targets.map((target) => {
      const input = priceOf(target, SAMPLE, 0);
      const output = priceOf(target, 0, SAMPLE);
      return { target, input: input && input / SAMPLE, output: output && output / SAMPLE };
    });
  }
}

function usdOf({ input, output }: Omit<Rate, 'target'>, inputTokens: number, outputTokens: number): number {
  if (input === undefined || output === undefined) return Number.POSITIVE_INFINITY;
  return input * inputTokens + output * outputTokens;
}
