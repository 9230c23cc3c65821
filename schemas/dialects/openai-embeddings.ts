// OpenAI embeddings: texts or token lists in, vectors out. The vectors are data, not conversation, and are left out.

import type { CallInput, CallOutput, DialectReader, Part, Usage } from '../call.ts';
import { fields, readError, text, textPart, usageOf } from './read.ts';

export const openaiEmbeddings: DialectReader = {
  id: 'openai_embeddings',
  operation: 'embeddings',
  readInput,
  readOutput,
  readUsage: readEmbeddingsUsage,
  framing: 'sse',
  // Embeddings are never streamed; a stream that comes anyway is one that never completes.
  stream: () => ({ push: () => undefined, output: () => readOutput(undefined) }),
};

/** The `usage` object: input alone, named `prompt_tokens` or by its total. */
export function readEmbeddingsUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  return usageOf({
    input: usage['prompt_tokens'] ?? usage['total_tokens'],
    output: usage['completion_tokens'],
    cacheRead: undefined,
    cacheWrite: undefined,
    reasoning: undefined,
  });
}

function readInput(value: unknown): CallInput {
  const parts = inputParts(fields(value)['input']);
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

function inputParts(input: unknown): readonly Part[] {
  if (typeof input === 'string') return textPart(input);
  if (!Array.isArray(input) || input.length === 0) return [];
  if (typeof input[0] === 'number') return [tokens(input)];
  return input.map((entry: unknown) => (typeof entry === 'string' ? { type: 'text', content: entry } : tokens(entry)));
}

function tokens(content: unknown): Part {
  return { type: 'generic', generic_type: 'tokens', content };
}

function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  return {
    messages: [],
    usage: readEmbeddingsUsage(body['usage']),
    model: text(body['model']),
    id: text(body['id']),
    complete: Array.isArray(body['data']) || error !== undefined,
    error,
  };
}
