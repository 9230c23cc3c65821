// How a simulated provider treats one call: a pure function of the call, what is wrong at the moment, and chance.

import type { ProviderEffect } from './incidents.ts';
import type { DeploymentProfile, ModelProfile } from './models.ts';
import type { Random } from './random.ts';

export interface CallFacts {
  readonly inputTokens: number;
  /** Messages before the newest: a conversation's shared start is often cached. */
  readonly earlierMessages: number;
}

export interface Answering {
  readonly kind: 'answer';
  readonly ttftMs: number;
  readonly tokensPerSecond: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  readonly quality: 'good' | 'poor';
  readonly fingerprint: string;
  /** Milliseconds after the first token at which the connection breaks; undefined when it holds. */
  readonly resetAfterMs: number | undefined;
}

export interface Failing {
  readonly kind: 'error';
  readonly status: 429 | 500 | 529;
  readonly afterMs: number;
  readonly retryAfterS: number | undefined;
}

export type Behaviour = Answering | Failing;

export interface Conditions {
  readonly deployment: DeploymentProfile;
  readonly model: ModelProfile;
  readonly effect: ProviderEffect;
}

/** Tokens are cached in whole blocks. */
const CACHE_BLOCK = 32;

export function behave(call: CallFacts, conditions: Conditions, random: Random): Behaviour {
  const failure = fail(conditions, random);
  return failure ?? answer(call, conditions, random);
}

function fail({ deployment, effect }: Conditions, random: Random): Failing | undefined {
  const { faults, shape } = deployment;
  const draw = random.next();
  const afterMs = random.logNormal(45, 0.5);
  const burst = effect.errorRate ?? 0;
  if (draw < burst) {
    const status = draw < burst * 0.75 ? (shape === 'anthropic' ? 529 : 500) : 429;
    return { kind: 'error', status, afterMs, retryAfterS: status === 429 ? random.int(1, 4) : undefined };
  }
  const calm = random.next();
  if (calm < faults.throttled) return { kind: 'error', status: 429, afterMs, retryAfterS: random.int(1, 3) };
  if (calm < faults.throttled + faults.failed) return { kind: 'error', status: 500, afterMs, retryAfterS: undefined };
  if (calm < faults.throttled + faults.failed + faults.overloaded)
    return { kind: 'error', status: 529, afterMs, retryAfterS: undefined };
  return undefined;
}

function answer(call: CallFacts, { deployment, model, effect }: Conditions, random: Random): Answering {
  // Long prompts take longer to read: about a millisecond for twelve tokens.
  const reading = call.inputTokens / 12;
  const ttftMs = (random.logNormal(model.ttftMs, model.spread) + reading) * (effect.ttftFactor ?? 1);
  const speed = random.logNormal(Math.max(1, model.tokensPerSecond), 0.18) * (effect.speedFactor ?? 1);
  const long = deployment.cachesFrom > 0 && call.inputTokens >= deployment.cachesFrom;
  const cached = random.chance(call.earlierMessages > 1 ? 0.7 : 0.25) && long;
  const poor = effect.quality === 'poor';
  return {
    kind: 'answer',
    ttftMs,
    tokensPerSecond: speed,
    cachedTokens: cached ? Math.floor((call.inputTokens * 0.8) / CACHE_BLOCK) * CACHE_BLOCK : 0,
    reasoningTokens: model.reasoning > 0 ? Math.round(random.logNormal(model.reasoning * (poor ? 0.3 : 1), 0.5)) : 0,
    quality: poor ? 'poor' : 'good',
    fingerprint: poor && model.fingerprint !== '' ? `${model.fingerprint.slice(0, -2)}e7` : model.fingerprint,
    resetAfterMs: random.chance(deployment.faults.reset) ? random.int(50, 600) : undefined,
  };
}
