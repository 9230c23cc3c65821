// From the `model` that a caller wrote to a plan: a route's name, `provider/model`, or a bare name that exactly one
// provider serves, in this order.

import { DEFAULT_DEADLINES, type Config, type Deadlines } from '../../schemas/config.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { costOf } from '../../schemas/price.ts';
import type { Plan, Target } from '../exchange.ts';
import { SIMULATED } from '../providers/index.ts';
import type { Provider } from '../providers/types.ts';
import { createRouter } from './index.ts';
import { TargetStates } from './state.ts';
import type { Asking, Router } from './types.ts';

export interface Resolved {
  readonly plan: Plan;
  readonly deadlines: Deadlines;
  /** Tries at one target. */
  readonly tries: number;
}

interface Route {
  readonly name: string;
  readonly strategy: string;
  readonly router: Router;
  readonly deadlines: Deadlines;
  readonly tries: number;
}

const DIRECT_TRIES = 2;
const REMEMBERED = 2_000;

export class Resolver {
  /** Of the targets of all routes. */
  readonly states: TargetStates;
  readonly #routes = new Map<string, Route>();
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #simulatedOnly: boolean;
  /** Names asked for before: a direct plan is the same every time. */
  readonly #direct = new Map<string, Resolved>();

  constructor(config: Config, providers: ReadonlyMap<string, Provider>) {
    this.#providers = providers;
    this.states = new TargetStates(config.proxy.breaker);
    const services = { states: this.states, random: Math.random, priceOf: pricing(config, providers) };
    this.#simulatedOnly = Object.keys(config.providers).length === 0;
    for (const [name, route] of Object.entries(config.routes)) {
      const { strategy, deadlines, retry } = route;
      this.#routes.set(name, {
        name,
        strategy,
        router: createRouter(route, services),
        deadlines,
        tries: retry.attempts,
      });
    }
  }

  /** @throws GatewayError not_found, or bad_request where several providers serve a bare name */
  resolve(model: string, asking: Asking): Resolved {
    const route = this.#routes.get(model);
    if (route !== undefined) return ofRoute(route, asking);
    const known = this.#direct.get(model);
    if (known !== undefined) return known;
    const resolved = this.#resolveDirect(model);
    if (this.#direct.size >= REMEMBERED) this.#direct.clear();
    this.#direct.set(model, resolved);
    return resolved;
  }

  /** The names that `GET /v1/models` lists, with who serves them. */
  names(): { readonly id: string; readonly owner: string }[] {
    const routes = [...this.#routes.keys()].map((id) => ({ id, owner: 'signalbox' }));
    const models = [...this.#providers.values()].flatMap(({ id, models }) =>
      [...models].map((model) => ({ id: `${id}/${model}`, owner: id })),
    );
    const simulated = this.#simulatedOnly ? [{ id: `${SIMULATED}/any-model`, owner: SIMULATED }] : [];
    return [...routes, ...models, ...simulated];
  }

  #resolveDirect(model: string): Resolved {
    const slash = model.indexOf('/');
    if (slash > 0 && slash < model.length - 1) {
      const deployment = model.slice(0, slash);
      if (this.#providers.has(deployment)) {
        return direct({ deployment, model: model.slice(slash + 1) }, 'named by the caller');
      }
    }
    return this.#resolveBare(model);
  }

  #resolveBare(model: string): Resolved {
    if (this.#simulatedOnly) return direct({ deployment: SIMULATED, model }, 'no provider is configured');
    const all = [...this.#providers.values()];
    const listed = all.filter((provider) => provider.models.has(model));
    const serving = listed.length > 0 ? listed : all.filter((provider) => provider.knows(model));
    const [first, second] = serving;
    if (first === undefined) {
      const hint = 'use the name of a route, PROVIDER/MODEL, or list it under providers.NAME.models';
      throw new GatewayError('not_found', `No provider here is known to serve the model "${model}": ${hint}.`, {
        param: 'model',
      });
    }
    if (second !== undefined) {
      const names = serving.map(({ id }) => `${id}/${model}`).join(', ');
      throw new GatewayError('bad_request', `Several providers serve "${model}": write one of ${names}.`, {
        param: 'model',
      });
    }
    return direct({ deployment: first.id, model }, 'the only provider that serves this model');
  }
}

function ofRoute({ name, strategy, router, deadlines, tries }: Route, asking: Asking): Resolved {
  const { targets, reason } = router.choose(asking);
  return { plan: { route: name, strategy, targets, reason }, deadlines, tries };
}

function direct(target: Target, reason: string): Resolved {
  const plan = { route: '', strategy: 'direct', targets: [target], reason };
  return { plan, deadlines: DEFAULT_DEADLINES, tries: DIRECT_TRIES };
}

/** What so many tokens cost at a target by the list or the config's prices. */
function pricing({ prices }: Config, providers: ReadonlyMap<string, Provider>) {
  return ({ deployment, model }: Target, input: number, output: number) => {
    const { system: provider = '', serverAddress: host = '' } = providers.get(deployment) ?? {};
    const usage = { input, output, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
    return costOf({ provider, deployment, model, host, at: new Date() }, usage, prices)?.total;
  };
}
