// Keeps the first bytes of an answer for the record.

import type { Attempt } from '../exchange.ts';
import type { Config } from '../../schemas/config.ts';

export class AnswerCapture {
  readonly #attempt: Attempt;
  #rest: number;

  constructor({ capture }: Config, attempt: Attempt) {
    this.#attempt = attempt;
    this.#rest = capture.content === 'none' ? 0 : capture.max_bytes;
  }

  add(chunk: Buffer): void {
    if (this.#rest === 0) return;
    this.#attempt.responseBody.push(chunk.length <= this.#rest ? chunk : chunk.subarray(0, this.#rest));
    this.#rest -= Math.min(this.#rest, chunk.length);
  }
}
