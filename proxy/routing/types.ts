// A strategy orders a route's targets. It decides nothing else: what is tried again, and when, is the attempt stage's.

import type { FallbackConfig, RouteConfig, TargetConfig } from '../../schemas/config.ts';
import type { Target } from '../exchange.ts';
import type { TargetState, TargetStates } from './state.ts';

export interface Choice {
  /** Best first; the rest is where a failed call goes next. */
  readonly targets: readonly Target[];
  /** Why the first is first, as a person would say it. */
  readonly reason: string;
}

/** What is known of the call when its target is chosen. */
export interface Asking {
  /** Microseconds (proxy/clock.ts). */
  readonly now: number;
  /** Of the prompt, estimated. */
  readonly inputTokens: number;
}

export interface Router {
  choose(asking: Asking): Choice;
}

export interface RouterOptions {
  readonly route: RouteConfig;
  readonly targets: readonly RouteTarget[];
  readonly fallback: readonly RouteTarget[];
  /** USD for a call of so many tokens; undefined without a price. */
  priceOf(target: Target, input: number, output: number): number | undefined;
  random(): number;
}

export interface Strategy {
  readonly id: RouteConfig['strategy'];
  readonly summary: string;
  create(options: RouterOptions): Router;
}

export interface RouteTarget extends Target {
  readonly state: TargetState;
}

/** `openai/gpt-5-mini` as a target: the deployment is what stands before the first slash. */
export function targetOf(config: TargetConfig | FallbackConfig, route: RouteConfig, states: TargetStates): RouteTarget {
  const { model, context, deadlines } = config;
  const slash = model.indexOf('/');
  return {
    deployment: model.slice(0, slash),
    model: model.slice(slash + 1),
    state: states.of(model),
    context,
    deadlines: deadlines && { ...route.deadlines, ...defined(deadlines) },
    on: 'on' in config ? new Set(config.on) : undefined,
  };
}

function defined<T extends object>(from: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(from).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
