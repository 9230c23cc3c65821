// How hard a model is to think: some APIs take a word, some a number of tokens. One table between the two.

import type { Effort, Thinking } from '../call.ts';

const BUDGETS = [
  ['minimal', 1024],
  ['low', 2048],
  ['medium', 8192],
  ['high', 24_576],
  ['xhigh', 32_768],
  ['max', 32_768],
] as const satisfies readonly (readonly [Effort, number])[];

/** Tokens to think for: 0 for none, -1 for as many as the model likes, undefined where nothing was asked. */
export function budgetOf({ budget, effort }: Thinking): number | undefined {
  if (budget !== undefined) return budget;
  return effort === 'none' ? 0 : BUDGETS.find(([word]) => word === effort)?.[1];
}

/** The word for it: the least that allows the budget; undefined where the model may choose or nothing was asked. */
export function effortOf({ budget, effort }: Thinking): Effort | undefined {
  if (effort !== undefined || budget === undefined || budget < 0) return effort;
  if (budget === 0) return 'none';
  return BUDGETS.find(([, tokens]) => budget <= tokens)?.[0] ?? 'max';
}
