// OpenAI embeddings: texts or token lists in, vectors out, as lists or as base64 of their bytes. In the record of a call
// the vectors are data, not conversation, and are left out.

import type { CallInput, CallOutput, EmbeddingsCall, EmbeddingsOutput, Part, Usage } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { extraOf } from '../openai.ts';
import { fields, list, readError, text, textPart, usageOf } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, EmbeddingsDialect, WireRequest, WrittenCall } from '../types.ts';
import { packVector, readVector } from '../vectors.ts';
import { present } from '../write.ts';

export const openaiEmbeddings: EmbeddingsDialect = {
  id: 'openai_embeddings',
  operation: 'embeddings',
  readInput,
  readOutput,
  readUsage: readEmbeddingsUsage,
  readEmbeddings,
  writeEmbeddings,
  readVectors,
  writeVectors,
  framing: 'sse',
  // Embeddings are never streamed; a stream that comes anyway is one that never completes.
  stream: () => ({ push: () => undefined, output: () => readOutput(undefined) }),
};

const KNOWN: ReadonlySet<string> = new Set('model input dimensions encoding_format user'.split(' '));

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

function readEmbeddings({ body: value, model }: WireRequest): EmbeddingsCall {
  const body = checkedBody(value);
  const checked = new Checked(body);
  const { input } = body;
  const single = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number');
  const inputs: unknown = single ? [input] : input;
  if (!isInputs(inputs)) throw new Inexpressible('input', 'Expected a text, a list of texts, or lists of tokens.');
  const optional = present({ dimensions: checked.number('dimensions'), user: checked.text('user') });
  const base64 = checked.text('encoding_format') === 'base64';
  return { model, inputs, base64, single, ...optional, extra: extraOf(body, KNOWN) };
}

function isInputs(value: unknown): value is EmbeddingsCall['inputs'] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' || isTokens(each));
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

function writeEmbeddings(call: EmbeddingsCall, { model }: CallTarget): WrittenCall {
  const { inputs, dimensions, user, base64, single, task, extra } = call;
  const body = present({
    model,
    input: single ? inputs[0] : inputs,
    dimensions,
    encoding_format: base64 ? 'base64' : undefined,
    user,
  });
  return { body, dropped: [...(task === undefined ? [] : ['task']), ...Object.keys(extra)] };
}

/** Vectors in the order of their inputs. */
function readVectors(value: unknown): EmbeddingsOutput {
  const body = fields(value);
  const vectors = list(body['data'])
    .map(fields)
    .map(({ index, embedding }, at) => ({ index: typeof index === 'number' ? index : at, embedding }))
    .sort((a, b) => a.index - b.index)
    .map(({ embedding }) => readVector(embedding));
  return { vectors, usage: readEmbeddingsUsage(body['usage']), model: text(body['model']), id: text(body['id']) };
}

function writeVectors({ vectors, usage, model }: EmbeddingsOutput, call: EmbeddingsCall): unknown {
  const input = usage?.input ?? 0;
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: call.base64 ? packVector(vector) : vector,
    })),
    model: model || call.model,
    usage: { prompt_tokens: input, total_tokens: input },
  };
}
