// Streams are read by putting the whole answer together again, in the dialect's own shape, and reading that: what a
// stream and a whole answer mean is written down once. Every event costs a constant; text grows as a rope.

import type { CallOutput, StreamReader } from '../call.ts';
import { isFields, mergeUsage, parsed, readError } from './read.ts';
import type { Fields } from './read.ts';

/** One dialect's half of the work. */
export interface Assembler {
  /** One event's data; its type is a field of it or the SSE event name. Returns true on the terminal event. */
  take(type: string, data: Fields): boolean;
  /** The answer so far, as the dialect sends it whole. */
  body(): Fields;
}

/** A stream reader from an assembler and the dialect's reader of whole answers. */
export class AssembledStream implements StreamReader {
  readonly #assembler: Assembler;
  readonly #read: (body: unknown) => CallOutput;
  #complete = false;
  #error: CallOutput['error'];

  constructor(assembler: Assembler, read: (body: unknown) => CallOutput) {
    this.#assembler = assembler;
    this.#read = read;
  }

  push(event: string, data: string): void {
    const value = data === '[DONE]' ? { type: '[DONE]' } : parsed(data);
    if (!isFields(value)) return;
    this.#error ??= readError(event === 'error' && !isFields(value['error']) ? { error: value } : value);
    const type = typeof value['type'] === 'string' ? value['type'] : event;
    if (this.#assembler.take(type, value)) this.#complete = true;
  }

  output(): CallOutput {
    const output = this.#read(this.#assembler.body());
    return { ...output, complete: this.#complete, error: this.#error ?? output.error };
  }
}

/** Text that comes in pieces, several beside each other, each under its index. */
export class Pieces {
  readonly #texts = new Map<unknown, string>();

  add(index: unknown, piece: unknown): void {
    if (typeof piece === 'string') this.#texts.set(index, (this.#texts.get(index) ?? '') + piece);
  }

  get(index: unknown): string {
    return this.#texts.get(index) ?? '';
  }

  get values(): readonly string[] {
    return [...this.#texts.values()];
  }
}

/** The usage of a stream: every event may say some of it, the last word on each number counts. */
export class UsageSoFar {
  #usage: Fields | undefined;

  add(value: unknown): void {
    if (isFields(value)) this.#usage = mergeUsage(this.#usage, value);
  }

  get value(): Fields | undefined {
    return this.#usage;
  }
}
