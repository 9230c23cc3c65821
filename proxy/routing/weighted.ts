// Draws the first target by weight; the others follow, heavier ones first. A weight of 0 is only ever a fallback.

import type { Choice, Router, RouterOptions, Strategy } from './types.ts';

export const weighted: Strategy = {
  id: 'weighted',
  summary: 'A share of the calls to each target, by its weight',
  create: (options) => new Weighted(options),
};

class Weighted implements Router {
  /** Each target's choice, made once: a draw allocates nothing. */
  readonly #choices: { readonly upTo: number; readonly choice: Choice }[] = [];
  readonly #total: number;
  readonly #random: () => number;

  constructor({ route, targets, fallback, random }: RouterOptions) {
    this.#random = random;
    const weights = route.targets.map(({ weight }) => weight);
    const weighing = targets.map((target, index) => ({ target, weight: weights[index] ?? 0 }));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let upTo = 0;
    for (const chosen of weighing) {
      if (chosen.weight === 0) continue;
      upTo += chosen.weight;
      const others = weighing.filter((each) => each !== chosen).toSorted((a, b) => b.weight - a.weight);
      const ordered = [chosen, ...others].map(({ target }) => target);
      const share = `${Math.round((chosen.weight / total) * 100)}%`;
      const reason = targets.length === 1 ? 'the only target' : `drawn by weight: ${share} of the calls`;
      this.#choices.push({ upTo, choice: { targets: [...ordered, ...fallback], reason } });
    }
    this.#total = upTo;
  }

  choose(): Choice {
    const drawn = this.#random() * this.#total;
    const found = this.#choices.find(({ upTo }) => drawn < upTo) ?? this.#choices[0];
    if (found === undefined) throw new Error('a weighted route without a weight above 0 passed the config check');
    return found.choice;
  }
}
