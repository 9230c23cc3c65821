// 6 route: from the model asked for to an ordered list of targets, with the reason for the first, and whether this caller
// may use it.

import { DEFAULT_DEADLINES } from '../../schemas/config.ts';
import { GatewayError } from '../../schemas/errors.ts';
import type { Plan, Target } from '../exchange.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { spokenWith } from '../translation.ts';

export function route(services: Services): Layer {
  return async (live, next) => {
    if (live.operation === 'passthrough') planPassthrough(services, live);
    else planCall(services, live);
    const total = live.startUs + (live.deadlines ?? DEFAULT_DEADLINES).total * 1000;
    if (total < live.deadlineUs) live.deadlineUs = total;
    await next(live);
  };
}

function planCall(services: Services, live: Live): void {
  const { plan, deadlines, tries } = services.resolver.resolve(live.modelAsked);
  checkAllowed(live, plan);
  live.deadlines = deadlines;
  live.tries = tries;
  live.plan = speaking(services, live, plan);
}

function planPassthrough({ providers }: Services, live: Live): void {
  const { provider } = live.surface;
  // The path decides what happens at the provider, so that only a key for all of it may use one.
  if (!(live.allowed?.match(`${provider}/*`) ?? true)) {
    throw new GatewayError('forbidden', `This key may not use /passthrough/${provider}: it needs "${provider}/*".`);
  }
  if (!providers.has(provider)) {
    throw new GatewayError('unknown_path', `There is no provider "${provider}" to pass requests through to.`);
  }
  live.deadlines = DEFAULT_DEADLINES;
  const targets = [{ deployment: provider, model: live.modelAsked }];
  live.plan = { route: '', strategy: 'passthrough', targets, reason: 'named in the path' };
}

function checkAllowed({ allowed, modelAsked }: Live, plan: Plan): void {
  if (allowed === undefined || allowed.match(modelAsked)) return;
  const [target] = plan.targets;
  if (plan.route === '' && target !== undefined && allowed.match(`${target.deployment}/${target.model}`)) return;
  throw new GatewayError('forbidden', `This key may not use the model "${modelAsked}".`, { param: 'model' });
}

/** The plan without targets that have no such thing as this call, in whatever dialect. */
function speaking({ providers }: Services, live: Live, plan: Plan): Plan {
  const speaks = ({ deployment, model }: Target) => {
    const provider = providers.get(deployment);
    return provider !== undefined && spokenWith(live.dialect, provider, model) !== undefined;
  };
  if (plan.targets.every(speaks)) return plan;
  const targets = plan.targets.filter(speaks);
  if (targets.length > 0)
    return { ...plan, targets, reason: `${plan.reason}, among those that offer ${live.operation}` };
  const names = [...new Set(plan.targets.map(({ deployment }) => `"${deployment}"`))].join(', ');
  throw new GatewayError(
    'bad_request',
    `${names} has no API that ${live.httpRoute} could be translated to: choose a model of a provider that offers ` +
      `${live.operation}.`,
    { param: 'model' },
  );
}
