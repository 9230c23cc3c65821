// Connections that carry one call at a time, and the line of callers in front of them.

import { StoreUnavailableError } from './errors.ts';

export class Pool<Member> {
  readonly members: readonly Member[];
  readonly #free: Member[];
  readonly #waiting: ((member: Member) => void)[] = [];
  readonly #maxWaiting: number;
  #busy = 0;
  #closed = false;
  #onIdle: (() => void) | undefined;

  /** @param maxWaiting callers in line; more are refused */
  constructor(members: readonly Member[], maxWaiting: number) {
    this.members = members;
    this.#free = [...members];
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` with a member of its own. @throws StoreUnavailableError when closed or when the line is too long */
  async use<Result>(work: (member: Member) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    if (this.#free.length === 0 && this.#waiting.length >= this.#maxWaiting) {
      throw new StoreUnavailableError('the store is busy: too many questions are waiting');
    }
    this.#busy++;
    const member = this.#free.pop() ?? (await new Promise<Member>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(member);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(member);
      else this.#free.push(member);
      this.#busy--;
      if (this.#busy === 0) this.#onIdle?.();
    }
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Refuses new callers and waits for those that are in. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}
