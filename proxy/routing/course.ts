// The way of one call through its plan's targets: which is next after a failure, which are passed over, and why. A target
// that should be left alone is asked only where nothing else is left.

import type { FallbackReason } from '../../schemas/config.ts';
import type { Plan, Target } from '../exchange.ts';
import type { Kind } from '../judgement.ts';
import { FALLBACK_REASONS } from '../judgement.ts';

export class Course {
  /** Passed over so far, each with its reason: `openai/gpt-5: ejected for 12 s`. */
  readonly skipped: string[] = [];
  readonly #targets: readonly Target[];
  #at = 0;
  /** Passed over only because they should be left alone. */
  #avoided: Target[] = [];

  constructor({ targets }: Plan) {
    this.#targets = targets;
  }

  /** The first target; undefined where the plan has none. */
  first(now: number): Target | undefined {
    return this.#next(now, () => '');
  }

  /** The target after one that failed; undefined where none is for such a failure. */
  after(failed: Target, kind: Kind, now: number): Target | undefined {
    const reason = FALLBACK_REASONS[kind];
    return reason === undefined ? undefined : this.#next(now, (target) => unfit(target, failed, reason));
  }

  /** True while another target remains that a timeout may lead to. */
  remains(now: number): boolean {
    for (let index = this.#at; index < this.#targets.length; index++) {
      const target = this.#targets[index];
      if (target?.on?.has('timeout') === false) continue;
      if ((target?.state?.refusal(now) ?? '') === '') return true;
    }
    return this.#avoided.length > 0;
  }

  #next(now: number, unfit: (target: Target) => string): Target | undefined {
    for (let target = this.#targets[this.#at]; target !== undefined; target = this.#targets[this.#at]) {
      this.#at++;
      const why = unfit(target);
      const refusal = why === '' ? (target.state?.refusal(now) ?? '') : '';
      if (why === '' && refusal === '') return target;
      if (refusal !== '') this.#avoided.push(target);
      this.skipped.push(`${nameOf(target)}: ${why || refusal}`);
    }
    return this.#lastResort(unfit);
  }

  /** The first of those that should be left alone; the others are, or a full outage would be asked by every call. */
  #lastResort(unfit: (target: Target) => string): Target | undefined {
    const target = this.#avoided.find((each) => unfit(each) === '');
    this.#avoided = [];
    if (target !== undefined) this.skipped.push(`${nameOf(target)}: asked after all, nothing else is left`);
    return target;
  }
}

export function nameOf({ deployment, model }: Target): string {
  return model === '' ? deployment : `${deployment}/${model}`;
}

/** Why a target is not for a call that failed like this; '' where it is. */
function unfit(target: Target, failed: Target, reason: FallbackReason): string {
  if (target.on === undefined && reason === 'content_filter') return 'not for what a content filter refused';
  if (target.on?.has(reason) === false) return `not for ${WORDS[reason]}`;
  if (reason !== 'context') return '';
  const isLarger = target.context !== undefined && target.context > (failed.context ?? 0);
  // A fallback that does not say how much fits into it may be larger.
  return isLarger || (target.on !== undefined && target.context === undefined)
    ? ''
    : 'not known to take a longer prompt';
}

const WORDS: Readonly<Record<FallbackReason, string>> = {
  error: 'errors',
  timeout: 'timeouts',
  rate_limit: 'rate limits',
  context: 'prompts that are too long',
  content_filter: 'what a content filter refused',
};
