// Every strategy by the word that a route's `strategy` uses.

import type { RouteConfig } from '../../schemas/config.ts';
import { cost } from './cost.ts';
import { fallback } from './fallback.ts';
import { latency } from './latency.ts';
import { leastBusy } from './least-busy.ts';
import type { TargetStates } from './state.ts';
import { targetOf, type Router, type RouterOptions, type Strategy } from './types.ts';
import { weighted } from './weighted.ts';

const STRATEGIES: Readonly<Record<RouteConfig['strategy'], Strategy>> = {
  weighted,
  fallback,
  latency,
  least_busy: leastBusy,
  cost,
};

export type RouterServices = Pick<RouterOptions, 'priceOf' | 'random'> & { readonly states: TargetStates };

export function createRouter(route: RouteConfig, { states, priceOf, random }: RouterServices): Router {
  const targets = route.targets.map((each) => targetOf(each, route, states));
  const fallback = route.fallback.map((each) => targetOf(each, route, states));
  return STRATEGIES[route.strategy].create({ route, targets, fallback, priceOf, random });
}
