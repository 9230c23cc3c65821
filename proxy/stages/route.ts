// 6 route: from the model asked for to an ordered list of targets, with the reason for the first, and whether this caller
// may use it.

import { DEFAULT_DEADLINES } from '../../schemas/config.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { estimateTokens } from '../estimate.ts';
import type { Plan, Target } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import { SIMULATED } from '../providers/index.ts';
import type { Provider } from '../providers/types.ts';
import type { Services } from '../services.ts';
import { spokenWith } from '../translation.ts';

export function route(services: Services): Layer {
  return async (live, next) => {
    if (live.operation === 'passthrough') planPassthrough(services, live);
    else if (live.modelAsked === '') planModelless(services, live);
    else planCall(services, live);
    const total = live.startUs + (live.deadlines ?? DEFAULT_DEADLINES).total * 1000;
    // A session lasts as long as both ends want it.
    if (total < live.deadlineUs && live.operation !== 'realtime') live.deadlineUs = total;
    await next(live);
  };
}

function planCall(services: Services, live: Live): void {
  const { plan, deadlines, tries } = services.resolver.resolve(live.modelAsked, {
    now: live.ownSinceUs,
    inputTokens: estimateTokens(live.body.length),
  });
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

/** Files and batches name no model: they go to the provider that a header names, or to the only one that has them. */
function planModelless({ providers }: Services, live: Live): void {
  const named = one(live.request.headers['x-signalbox-provider']);
  const has = ({ id, dialects }: Provider) => id !== SIMULATED && dialects.has('openai_chat');
  const fitting = [...providers.values()].filter((each) => (named === '' ? has(each) : each.id === named));
  const [only, another] = fitting;
  if (only === undefined || another !== undefined) {
    const several = fitting.map(({ id }) => id).join(', ');
    const who = several || (named === '' ? 'no provider here' : `no provider "${named}"`);
    throw new GatewayError(
      'bad_request',
      `${live.httpRoute} names no model, and ${who} could take it: name one in the header x-signalbox-provider.`,
    );
  }
  if (!(live.allowed?.match(`${only.id}/*`) ?? true)) {
    throw new GatewayError('forbidden', `This key may not use ${live.httpRoute}: it needs "${only.id}/*".`);
  }
  live.deadlines = DEFAULT_DEADLINES;
  const reason = named === '' ? 'the only provider that has it' : 'named by the caller';
  live.plan = { route: '', strategy: 'direct', targets: [{ deployment: only.id, model: '' }], reason };
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
