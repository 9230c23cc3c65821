// 7 attempt: tries the plan's targets until one answers. Everything here happens before the client has a byte; after that
// an answer is what it is. What a failure means stands in one table (judgement.ts), which target is next in another place
// (routing/course.ts).

import { GatewayError } from '../../schemas/errors.ts';
import { sendHeld } from '../answer.ts';
import { ClientGone } from '../body.ts';
import { nowUs } from '../clock.ts';
import type { Attempt, Plan, Target } from '../exchange.ts';
import { one } from '../headers.ts';
import { newSpanId } from '../ids.ts';
import { judge, type Judgement } from '../judgement.ts';
import { stopping, type Held, type Live } from '../live.ts';
import type { Handler, Layer } from '../pipeline.ts';
import type { Provider } from '../providers/types.ts';
import { Course } from '../routing/course.ts';
import type { Ended } from '../routing/state.ts';
import type { Services } from '../services.ts';
import { newReading } from '../stream/reading.ts';
import { checkAnswer } from '../verdict.ts';

/** A provider that asks for a longer pause loses the call to the next target. */
const LONGEST_PAUSE_MS = 2_000;
const FIRST_PAUSE_MS = 100;
/** What of an error's body is looked at. */
const JUDGED_BYTES = 16 * 1024;
/** How long a key rests that was refused or has no money left, and one that is throttled by who does not say how long. */
const RESTS_MS = { auth: 300_000, quota: 300_000, throttled: 10_000 } as const;

export function attempt(services: Services): Layer {
  return async (live, next) => {
    const spent = live.plan !== undefined && (await new Attempts(services, live, next).run(live.plan));
    if (live.answering) return;
    if (live.cancelled.aborted) throw new ClientGone('the client went away');
    if (live.held === undefined) throw live.failure ?? new GatewayError('internal', 'No target was tried.');
    const held = checkAnswer(live, live.held);
    sendHeld(live, held, spent && exhausted(held) ? ['x-should-retry', 'false'] : []);
    const failed = live.attempts.at(-1)?.errorType !== '';
    live.outcome = failed ? 'upstream_error' : 'ok';
    live.errorType = live.attempts.at(-1)?.errorType ?? '';
  };
}

/** Our own tries are used up: an SDK that now starts its own would multiply them. A 429 says itself when to come back. */
function exhausted({ status, headers }: Held): boolean {
  return status >= 500 && one(headers['x-should-retry']) === '';
}

/** All attempts of one call. */
class Attempts {
  readonly #services: Services;
  readonly #live: Live;
  readonly #next: Handler;
  /** Why the next attempt is made. */
  #reason = '';
  /** A second try was wished for and not made. */
  #denied = false;
  /** The last failure was a key's, and another one of the same provider is to be tried. */
  #rotated = false;
  /** Providers by the keys that failed in this call: none is tried twice because of another's failure. */
  #used: Set<Provider> | undefined;

  // oxlint-disable-next-line max-params -- one call site
  constructor(services: Services, live: Live, next: Handler) {
    this.#services = services;
    this.#live = live;
    this.#next = next;
  }

  /** @returns true where a caller who tries again would multiply tries of ours */
  async run(plan: Plan): Promise<boolean> {
    const live = this.#live;
    const course = new Course(plan);
    let target = course.first(live.ownSinceUs);
    this.#reason = withSkips(plan.reason, course.skipped);
    while (target !== undefined) {
      live.skipped = course.skipped;
      const failure = await this.#tryTarget(target, course);
      if (failure === undefined) break;
      const before = course.skipped.length;
      const failed = `${target.deployment} failed before (${live.attempts.at(-1)?.errorType ?? ''})`;
      target = course.after(target, failure.kind, nowUs());
      this.#reason = withSkips(failed, course.skipped.slice(before));
    }
    live.skipped = course.skipped;
    return live.attempts.length > 1 || this.#denied;
  }

  /** Tries one target as often as that makes sense. @returns the failure that may go elsewhere; undefined: it is over */
  async #tryTarget(target: Target, course: Course): Promise<Judgement | undefined> {
    const live = this.#live;
    let retrying = false;
    try {
      for (let tried = 1; ; tried++) {
        live.another = course.remains(nowUs());
        const attempt = openAttempt(this.#services, live, target, this.#reason);
        const judgement = await this.#attempt(attempt);
        if (judgement === undefined || !mayGoOn(live)) return undefined;
        if (this.#rotated) {
          tried--;
          continue;
        }
        const pause = tried < live.tries ? pauseAfter(live, attempt, judgement, tried) : undefined;
        retrying ||= pause !== undefined && this.#mayRetry();
        if (pause === undefined || !retrying) return judgement;
        const why = `${target.deployment} failed before (${attempt.errorType})`;
        this.#reason = `${why}, tried again after ${Math.round(pause)} ms`;
        if (!(await rest(live, pause))) return undefined;
      }
    } finally {
      if (retrying) this.#services.retries.give();
    }
  }

  /** One attempt, and what it tells about its target. @returns what was wrong; undefined: it was good, or is answered */
  async #attempt(attempt: Attempt): Promise<Judgement | undefined> {
    const live = this.#live;
    const { state } = attempt.target;
    const probe = state?.begin(attempt.startUs) ?? false;
    let judgement: Judgement | undefined;
    let as: Ended['as'] = 'unknown';
    try {
      await this.#next(live);
      judgement = attempt.errorType === '' ? undefined : judgementOf(live, attempt);
      this.#rotated = judgement !== undefined && this.#otherKey(attempt, judgement);
      as = this.#rotated ? 'unknown' : asOf(live, attempt.errorType, judgement);
    } finally {
      state?.end({ ...endOf(attempt, judgement), as }, probe);
    }
    return live.answering ? undefined : judgement;
  }

  #mayRetry(): boolean {
    const may = this.#services.retries.take();
    this.#services.metrics.retried(may ? 'made' : 'denied');
    if (!may) this.#denied = true;
    return may;
  }

  /** True where the failure is the key's, and the provider has another one. */
  #otherKey(attempt: Attempt, { kind, waitMs }: Judgement): boolean {
    const provider = this.#services.providers.get(attempt.target.deployment);
    const used = this.#live.outgoing?.provider;
    if (provider?.keys === undefined || used === undefined) return false;
    if (kind !== 'auth' && kind !== 'quota' && kind !== 'throttled') return false;
    const now = nowUs();
    this.#used ??= new Set();
    this.#used.add(used);
    provider.keys.rest(used, now + (waitMs ?? RESTS_MS[kind]) * 1e3);
    const another = !this.#used.has(provider.keys.pick(now));
    if (another) this.#reason = `another key of ${attempt.target.deployment} failed before (${attempt.errorType})`;
    return another;
  }
}

function withSkips(reason: string, skipped: readonly string[]): string {
  return skipped.length === 0 ? reason : `${reason}; skipped: ${skipped.join(', ')}`;
}

function mayGoOn(live: Live): boolean {
  return !live.answering && !live.cancelled.aborted && !isOver(live);
}

/** The caller's time is up, or the worker's: what ended because of it says nothing about a target. */
function isOver({ deadlineUs }: Live): boolean {
  return nowUs() >= deadlineUs;
}

function judgementOf(live: Live, attempt: Attempt): Judgement {
  const { held } = live;
  const body = held?.body.toString('utf8', 0, JUDGED_BYTES) ?? attempt.errorMessage;
  const { dialect, errorType, httpStatus: status } = attempt;
  return judge({ dialect, errorType, status, headers: held?.headers ?? {}, body }, Date.now());
}

/** Failures of the wire and of servers are the target's; what it refuses for what the call is, is none. */
const FAILED: ReadonlySet<string> = new Set(['retryable', 'silent']);
/** Nobody was asked, or nobody waited for the answer. */
const UNKNOWN: ReadonlySet<string> = new Set(['inexpressible', 'cancelled']);

function endOf(attempt: Attempt, judgement: Judgement | undefined): Omit<Ended, 'as'> {
  const { startUs, endUs, errorType, reading } = attempt;
  const answered = errorType === '';
  const { firstTokenUs, usage } = reading;
  const waitMs = judgement?.kind === 'quota' ? (judgement.waitMs ?? RESTS_MS.quota) : judgement?.waitMs;
  return { startUs, endUs: endUs || nowUs(), firstTokenUs, usage, answered, waitMs };
}

function asOf(live: Live, errorType: string, judgement: Judgement | undefined): Ended['as'] {
  if (judgement === undefined) return 'ok';
  if (UNKNOWN.has(errorType) || isOver(live)) return 'unknown';
  if (judgement.kind === 'throttled' || judgement.kind === 'quota') return 'throttled';
  // A stream that broke off is no reason to ask again, and yet a failure.
  return FAILED.has(judgement.kind) || errorType === 'truncated' || errorType === 'protocol' ? 'failed' : 'ok';
}

/** Before the same target is asked again; undefined when it should not be. */
// oxlint-disable-next-line max-params -- one call site
function pauseAfter(live: Live, { target }: Attempt, judgement: Judgement, tried: number): number | undefined {
  // Its breaker has just opened, or it was asked only to see whether it is back.
  if (live.another && target.state?.breaker.ejected === true) return undefined;
  const pause = pauseMs(judgement, tried);
  return pause === undefined || nowUs() + pause * 1e3 >= live.deadlineUs ? undefined : pause;
}

function pauseMs({ kind, waitMs }: Judgement, tried: number): number | undefined {
  if (kind !== 'retryable' && kind !== 'throttled') return undefined;
  if (waitMs !== undefined) return waitMs <= LONGEST_PAUSE_MS ? waitMs : undefined;
  return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried);
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
