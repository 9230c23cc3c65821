// Draws the first target by weight; the others follow, heavier ones first. A weight of 0 is only ever a fallback.

import type { RouteConfig } from '../../schemas/config.ts';
import { targetOf, type Choice, type Router, type Strategy } from './types.ts';

export const weighted: Strategy = {
  id: 'weighted',
  summary: 'A share of the calls to each target, by its weight',
  create: (route) => new Weighted(route),
};

class Weighted implements Router {
  /** Each target's choice, made once: a draw allocates nothing. */
  readonly #choices: { readonly upTo: number; readonly choice: Choice }[] = [];
  readonly #total: number;

  constructor(route: RouteConfig) {
    const fallback = route.fallback.map(targetOf);
    const total = route.targets.reduce((sum, { weight }) => sum + weight, 0);
    let upTo = 0;
    for (const chosen of route.targets) {
      if (chosen.weight === 0) continue;
      upTo += chosen.weight;
      const others = route.targets.filter((each) => each !== chosen).toSorted((a, b) => b.weight - a.weight);
      const targets = [...[chosen, ...others].map(({ model }) => targetOf(model)), ...fallback];
      const share = `${Math.round((chosen.weight / total) * 100)}%`;
      const reason = route.targets.length === 1 ? 'the only target' : `drawn by weight: ${share} of the calls`;
      this.#choices.push({ upTo, choice: { targets, reason } });
    }
    this.#total = upTo;
  }

  choose(): Choice {
    const drawn = Math.random() * this.#total;
    const found = this.#choices.find(({ upTo }) => drawn < upTo) ?? this.#choices[0];
    if (found === undefined) throw new Error('a weighted route without a weight above 0 passed the config check');
    return found.choice;
  }
}
