// One timer for all deadlines. Thousands of calls each with a timer of their own, moved at every chunk, would cost more
// than the calls; looking at all of them twenty times a second costs nothing.

import { nowUs } from './clock.ts';
import { Crowd, type Seated } from './crowd.ts';

const EVERY_MS = 50;

export interface Watched extends Seated {
  /** @param now microseconds since 1970 */
  check(now: number): void;
}

export class Sweep {
  readonly #watched = new Crowd<Watched>();
  #timer: NodeJS.Timeout | undefined;

  add(item: Watched): void {
    this.#watched.add(item);
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS);
  }

  delete(item: Watched): void {
    this.#watched.delete(item);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
  }

  #look(): void {
    const now = nowUs();
    for (const item of this.#watched) item.check(now);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
