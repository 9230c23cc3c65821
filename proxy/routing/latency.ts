// The faster of two targets drawn at random (power of two choices over peak-EWMA): as good as the best of all where
// targets differ, without all calls running to the same one.

import type { Choice, Router, RouterOptions, RouteTarget, Strategy, Asking } from './types.ts';

export const latency: Strategy = {
  id: 'latency',
  summary: 'The faster of two targets drawn at random, by their last answers and calls under way',
  create: (options) => new Latency(options),
};

/** Calls under way at a target that nobody has measured yet: more than any real wait. */
const UNMEASURED_US = 1e9;

class Latency implements Router {
  readonly #targets: readonly RouteTarget[];
  readonly #fallback: readonly RouteTarget[];
  readonly #random: () => number;
  readonly #of: 'firstToken' | 'total';
  readonly #words: string;

  constructor({ route, targets, fallback, random }: RouterOptions) {
    this.#targets = targets;
    this.#fallback = fallback;
    this.#random = random;
    this.#of = route.measure === 'total' ? 'total' : 'firstToken';
    this.#words = route.measure === 'total' ? 'whole answers' : 'first tokens';
  }

  choose({ now }: Asking): Choice {
    const [first, second] = this.#draw();
    if (first === undefined || second === undefined) {
      return { targets: [...this.#targets, ...this.#fallback], reason: 'the only target' };
    }
    const load = new Map(this.#targets.map((target) => [target, this.#loadOf(target, now)]));
    const better = (load.get(second) ?? 0) < (load.get(first) ?? 0) ? second : first;
    const others = this.#targets.filter((each) => each !== better);
    others.sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
    return { targets: [better, ...others, ...this.#fallback], reason: this.#reason(better, now) };
  }

  /** Two different targets that may be asked; fewer where there are no more. */
  #draw(): (RouteTarget | undefined)[] {
    const { length } = this.#targets;
    const first = Math.floor(this.#random() * length);
    if (length < 2) return [this.#targets[first]];
    const second = (first + 1 + Math.floor(this.#random() * (length - 1))) % length;
    return [this.#targets[first], this.#targets[second]];
  }

  #loadOf({ state }: RouteTarget, now: number): number {
    const ewma = state[this.#of];
    if (ewma.measured) return ewma.at(now) * (state.inflight + 1);
    return state.inflight * UNMEASURED_US;
  }

  #reason({ state }: RouteTarget, now: number): string {
    const ewma = state[this.#of];
    const speed = ewma.measured ? `${this.#words} after ${Math.round(ewma.at(now) / 1e3)} ms` : 'not measured yet';
    return `the faster of two (${speed}, ${state.inflight} under way)`;
  }
}
