// A life is start and close. Close runs in reverse order of the starts, once, and goes on past a part that fails.

import { messageOf, type Logger } from './log.ts';

export type Close = () => void | Promise<void>;

export class Life {
  readonly #log: Logger;
  readonly #parts: { readonly name: string; readonly close: Close }[] = [];
  #closing: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Registers what to close; later ones close first. */
  add(name: string, close: Close): void {
    this.#parts.push({ name, close });
  }

  /** Idempotent: a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const part of this.#parts.toReversed()) {
      try {
        await part.close();
      } catch (error) {
        this.#log.error('a part did not close cleanly', { name: part.name, error: messageOf(error) });
      }
    }
  }
}

/** Waits for `work`, at most `ms`; false when time ran out. The work goes on. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
