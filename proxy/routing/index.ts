// Every strategy by the word that a route's `strategy` uses.

import type { RouteConfig } from '../../schemas/config.ts';
import { fallback } from './fallback.ts';
import type { Router, Strategy } from './types.ts';
import { weighted } from './weighted.ts';

const STRATEGIES: Readonly<Record<RouteConfig['strategy'], Strategy>> = { weighted, fallback };

export function createRouter(route: RouteConfig): Router {
  return STRATEGIES[route.strategy].create(route);
}
