// The tokenizer, in a thread of its own: loading it takes a quarter of a second and counting a long text some more, which
// no call under way should wait for.

import { parentPort } from 'node:worker_threads';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

export interface Question {
  readonly id: number;
  readonly text: string;
}

export interface Answer {
  readonly id: number;
  readonly tokens: number;
}

/**
 * Characters that are encoded in one go. Byte pair encoding is quadratic on runs without a break, such as 50,000 spaces;
 * cut into pieces it is not, and a cut in the middle of a word costs at most a token.
 */
const PIECE = 1000;

/** Names of control tokens in a text are a text. */
const PLAIN = { disallowedSpecial: new Set<string>() };

function count(text: string): number {
  let tokens = 0;
  for (let at = 0; at < text.length; at += PIECE) tokens += countTokens(text.slice(at, at + PIECE), PLAIN);
  return tokens;
}

parentPort?.on('message', ({ id, text }: Question) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage({ id, tokens: count(text) } satisfies Answer);
});
