// A strategy orders a route's targets. It decides nothing else: what is tried again, and when, is the attempt stage's.

import type { RouteConfig } from '../../schemas/config.ts';
import type { Target } from '../exchange.ts';

export interface Choice {
  /** Best first; the rest is where a failed call goes next. */
  readonly targets: readonly Target[];
  /** Why the first is first, as a person would say it. */
  readonly reason: string;
}

export interface Router {
  choose(): Choice;
}

export interface Strategy {
  readonly id: RouteConfig['strategy'];
  readonly summary: string;
  create(route: RouteConfig): Router;
}

/** `openai/gpt-5-mini` as a target: the deployment is what stands before the first slash. */
export function targetOf(model: string): Target {
  const slash = model.indexOf('/');
  return { deployment: model.slice(0, slash), model: model.slice(slash + 1) };
}
