// What a worker knows about the targets of its routes: how busy each is, how fast it answered, and whether it should be
// left alone. One state for each PROVIDER/MODEL, shared by all routes that lead there. Nothing of it is looked at or
// counted for calls that name a target themselves: there is no other choice for them.

import type { BreakerConfig } from '../../schemas/config.ts';
import type { Usage } from '../../schemas/call.ts';
import { Breaker } from './breaker.ts';
import { PeakEwma } from './ewma.ts';

/** Whoever asks to be left alone for longer is asked again after this. */
const LONGEST_THROTTLE_US = 300e6;
/** Weight of the newest answer in the mean length of answers. */
const NEWEST = 0.1;

/** How a call to a target ended, as far as the target's state is concerned. */
export interface Ended {
  readonly startUs: number;
  readonly endUs: number;
  /** 0 without content. */
  readonly firstTokenUs: number;
  readonly usage: Usage | undefined;
  /** ok: it works, also where it refused this call. failed: it does not. throttled: not now. unknown: nobody can say. */
  readonly as: 'ok' | 'failed' | 'throttled' | 'unknown';
  readonly answered: boolean;
  readonly waitMs: number | undefined;
}

export class TargetState {
  /** PROVIDER/MODEL */
  readonly id: string;
  readonly breaker: Breaker;
  readonly firstToken = new PeakEwma();
  readonly total = new PeakEwma();
  inflight = 0;
  /** Tokens of an answer, on average; 0 until one was counted. */
  meanOutput = 0;
  #throttledUntilUs = 0;

  constructor(id: string, config: BreakerConfig) {
    this.id = id;
    this.breaker = new Breaker(config);
  }

  /** Why a call should rather go elsewhere, in words; '' where it may come. */
  refusal(now: number): string {
    if (now < this.#throttledUntilUs) return `throttled for ${Math.ceil((this.#throttledUntilUs - now) / 1e6)} s`;
    return this.breaker.refusal(now);
  }

  /** @returns true where this call tries whether the target is back */
  begin(now: number): boolean {
    this.inflight++;
    return this.breaker.enter(now);
  }

  end(ended: Ended, probe: boolean): void {
    this.inflight--;
    const { startUs, endUs, as } = ended;
    if (as === 'failed') this.breaker.failed(startUs, endUs);
    else if (as === 'ok') this.breaker.succeeded(startUs, endUs);
    if (probe) this.breaker.released();
    if (as === 'throttled' && ended.waitMs !== undefined) {
      this.#throttledUntilUs = endUs + Math.min(ended.waitMs * 1e3, LONGEST_THROTTLE_US);
    }
    if (ended.answered) this.#measure(ended);
  }

  #measure({ startUs, endUs, firstTokenUs, usage }: Ended): void {
    this.firstToken.observe((firstTokenUs || endUs) - startUs, endUs);
    this.total.observe(endUs - startUs, endUs);
    const output = usage?.output ?? 0;
    if (output > 0) this.meanOutput += (output - this.meanOutput) * (this.meanOutput === 0 ? 1 : NEWEST);
  }
}

export class TargetStates {
  readonly #states = new Map<string, TargetState>();
  readonly #config: BreakerConfig;

  constructor(config: BreakerConfig) {
    this.#config = config;
  }

  /** The state of a target, made when first asked for: by the routes, at start. */
  of(id: string): TargetState {
    let state = this.#states.get(id);
    if (state === undefined) {
      state = new TargetState(id, this.#config);
      this.#states.set(id, state);
    }
    return state;
  }

  [Symbol.iterator](): Iterator<TargetState> {
    return this.#states.values();
  }
}
