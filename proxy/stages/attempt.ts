// 7 attempt: tries the plan's targets until one answers. Everything here happens before the client has a byte; after that
// an answer is what it is. A call that a provider may have billed is tried again only where the provider's own answer, or
// its silence, says that it did no work.

import { GatewayError } from '../../schemas/errors.ts';
import { sendHeld } from '../answer.ts';
import { ClientGone } from '../body.ts';
import { nowUs } from '../clock.ts';
import type { Attempt, Target } from '../exchange.ts';
import { one } from '../headers.ts';
import { newSpanId } from '../ids.ts';
import { stopping, type Held, type Live } from '../live.ts';
import type { Handler, Layer } from '../pipeline.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { Services } from '../services.ts';
import { newReading } from '../stream/reading.ts';
import { checkAnswer } from '../verdict.ts';
import { INEXPRESSIBLE } from './translate.ts';

const RETRYABLE: ReadonlySet<string> = new Set([
  'connect',
  'timeout',
  'reset',
  '408',
  '429',
  '500',
  '502',
  '503',
  '504',
  '529',
  INEXPRESSIBLE,
]);
/** A provider that asks for a longer pause loses the call to the next target. */
const LONGEST_PAUSE_MS = 2_000;
const FIRST_PAUSE_MS = 100;

export function attempt(services: Services): Layer {
  return async (live, next) => {
    await tryTargets(services, live, next);
    if (live.answering) return;
    if (live.cancelled.aborted) throw new ClientGone('the client went away');
    if (live.held === undefined) throw live.failure ?? new GatewayError('internal', 'No target was tried.');
    const held = checkAnswer(live, live.held);
    sendHeld(live, held, exhausted(live, held) ? ['x-should-retry', 'false'] : []);
    const failed = live.attempts.at(-1)?.errorType !== '';
    live.outcome = failed ? 'upstream_error' : 'ok';
    live.errorType = live.attempts.at(-1)?.errorType ?? '';
  };
}

async function tryTargets(services: Services, live: Live, next: Handler): Promise<void> {
  const targets = live.plan?.targets ?? [];
  let reason = live.plan?.reason ?? '';
  for (const [index, target] of targets.entries()) {
    for (let tried = 1; tried <= live.tries; tried++) {
      live.another = tried < live.tries || index < targets.length - 1;
      const last = openAttempt(services, live, target, reason);
      await next(live);
      if (!worthRetrying(live, last)) return;
      reason = `${target.deployment} failed before (${last.errorType})`;
      const pause = tried < live.tries ? pauseMs(live.held, last, tried) : undefined;
      if (pause === undefined) break;
      if (!(await rest(live, pause))) return;
    }
  }
}

function worthRetrying(live: Live, { errorType }: Attempt): boolean {
  if (!live.another || live.answering || live.cancelled.aborted) return false;
  return RETRYABLE.has(errorType) && nowUs() < live.deadlineUs;
}

/** Before the same target is asked again; undefined when it should not be. */
function pauseMs(held: Held | undefined, { errorType }: Attempt, tried: number): number | undefined {
  if (errorType === INEXPRESSIBLE) return undefined;
  const asked = held === undefined ? undefined : retryAfterMs(held.headers, Date.now());
  if (asked === undefined) return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried);
  return asked <= LONGEST_PAUSE_MS ? asked : undefined;
}

/** Waits, unless the client goes away or the worker ends meanwhile: then false. */
async function rest(live: Live, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, true);
  const stop = () => {
    live.held = undefined;
    live.failure = stopping();
    resolve(false);
  };
  live.pending = { cancel: () => resolve(false), stop };
  const rested = await promise;
  clearTimeout(timer);
  live.pending = undefined;
  live.ownSinceUs = nowUs();
  return rested && live.ownSinceUs < live.deadlineUs;
}

// oxlint-disable-next-line max-params -- one call site
function openAttempt({ providers }: Services, live: Live, target: Target, reason: string): Attempt {
  const provider = providers.get(target.deployment);
  live.held = undefined;
  live.failure = undefined;
  const opened: Attempt = {
    index: live.attempts.length + 1,
    spanId: newSpanId(),
    target,
    dialect: live.operation === 'count' ? '' : live.dialect,
    provider: provider?.system ?? '',
    serverAddress: provider?.serverAddress ?? '',
    serverPort: provider?.serverPort ?? 0,
    reason,
    startUs: nowUs(),
    endUs: 0,
    httpStatus: 0,
    errorType: '',
    errorMessage: '',
    upstreamRequestId: '',
    reading: newReading(),
    cost: undefined,
    responseBody: [],
    responseSize: 0,
  };
  live.attempts.push(opened);
  return opened;
}

/** Our own tries are used up: an SDK that now starts its own would multiply them. A 429 says itself when to come back. */
function exhausted(live: Live, held: Held): boolean {
  return live.attempts.length > 1 && held.status >= 500 && one(held.headers['x-should-retry']) === '';
}
