// Counts the tokens of a text for callers who ask for it: by OpenAI's o200k encoding, which is near enough to other
// makers' for a budget and is never billed. The thread is started by the first count and ends when nobody counts.

import { Worker } from 'node:worker_threads';
import { estimateTokens } from '../estimate.ts';
import type { Answer, Question } from './thread.ts';

/** Of one text; what is longer is estimated by its bytes, at the rate that the counted part shows. */
const MOST_CHARS = 512 * 1024;
const IDLE_MS = 60_000;
/** Counting half a megabyte takes a tenth of this. */
const PATIENCE_MS = 5_000;

interface Waiting {
  readonly resolve: (tokens: number) => void;
  readonly otherwise: number;
  readonly timer: NodeJS.Timeout;
}

export class TokenCounter {
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** Never rejects: without its thread it falls back to the length of the text. */
  async count(text: string): Promise<number> {
    const counted = await this.#ask(text.slice(0, MOST_CHARS));
    return text.length <= MOST_CHARS ? counted : Math.ceil((counted * text.length) / MOST_CHARS);
  }

  close(): void {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    for (const id of this.#waiting.keys()) this.#settle(id, undefined);
    void thread?.terminate();
  }

  #ask(text: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const id = this.#next++;
    const timer = setTimeout(() => this.#settle(id, undefined), PATIENCE_MS);
    this.#waiting.set(id, { resolve, otherwise: estimateTokens(Buffer.byteLength(text)), timer });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#running().postMessage({ id, text } satisfies Question);
    clearTimeout(this.#idle);
    return promise;
  }

  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread;
    // The extension is this file's own: .ts in a checkout, .js in dist.
    const thread = new Worker(new URL(import.meta.url.replace(/counter(\.[jt]s)$/, 'thread$1')));
    thread.unref();
    thread.on('message', ({ id, tokens }: Answer) => this.#settle(id, tokens));
    const gone = () => {
      if (this.#thread === thread) this.close();
    };
    thread.on('error', gone);
    thread.on('exit', gone);
    this.#thread = thread;
    return thread;
  }

  #settle(id: number, tokens: number | undefined): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(tokens ?? waiting.otherwise);
    if (this.#waiting.size > 0) return;
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref();
  }
}
