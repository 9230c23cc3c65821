// A wire format from the provider's side: how it reads a request and writes an answer.

import type { Asked } from './asked.ts';
import type { Answer } from './answer.ts';

/** One piece of a stream. `tokens` is how much of the answer it carries: that is what takes time. */
export interface Frame {
  readonly text: string;
  readonly tokens: number;
}

export interface Shape {
  read(body: unknown): Asked;
  /** The whole answer, not streamed. */
  body(answer: Answer): unknown;
  frames(answer: Answer, asked: Asked): Frame[];
}

/** Tokens a content chunk carries; real providers send one or a few. */
export const CHUNK_TOKENS = 3;

export const frame = (data: unknown, tokens = 0, event = ''): Frame => ({
  text: `${event === '' ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
  tokens,
});
