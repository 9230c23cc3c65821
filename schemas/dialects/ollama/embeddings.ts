// Ollama's embeddings: `embed` for one text or several, and the older `embeddings` for one prompt.

import type { CallInput, EmbeddingsCall, EmbeddingsOutput } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, list, readError, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, EmbeddingsDialect, WireRequest, WrittenCall } from '../types.ts';
import { readVector } from '../vectors.ts';
import { present } from '../write.ts';

/** Fields that only Ollama knows. */
const OWN: ReadonlySet<string> = new Set(['keep_alive', 'options', 'truncate']);

export const ollamaEmbeddings: EmbeddingsDialect = {
  id: 'ollama_embeddings',
  operation: 'embeddings',
  framing: 'lines',
  readInput,
  readOutput(body) {
    const { usage, model, vectors } = readVectors(body);
    const error = readError(fields(body));
    return { messages: [], usage, model, id: '', complete: vectors.length > 0 || error !== undefined, error };
  },
  readUsage,
  // Embeddings are never streamed; a stream that comes anyway is one that never completes.
  stream: () => ({ push: () => undefined, output: () => ollamaEmbeddings.readOutput(undefined) }),
  readEmbeddings,
  writeEmbeddings,
  readVectors,
  writeVectors,
};

/** The count of an answer stands in the answer itself. */
function readUsage(value: unknown): ReturnType<typeof usageOf> {
  const input = fields(value)['prompt_eval_count'];
  return usageOf({ input, output: undefined, cacheRead: 0, cacheWrite: 0, reasoning: 0 });
}

function readInput(value: unknown): CallInput {
  const { input, prompt } = fields(value);
  const texts = [input ?? prompt ?? []].flat().filter((each) => typeof each === 'string');
  const parts = texts.map((content) => ({ type: 'text', content }) as const);
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

function readEmbeddings({ body: value, model }: WireRequest): EmbeddingsCall {
  const raw = checkedBody(value);
  const body = new Checked(raw);
  const only = raw['prompt'] ?? raw['input'];
  const single = typeof only === 'string';
  const dimensions = body.number('dimensions');
  return {
    model: text(raw['model']) || model,
    inputs: single ? [only] : (body.texts('input') ?? []),
    base64: false,
    single,
    ...present({ dimensions }),
    // `prompt` is how the older request is known again when its answer is written.
    extra: Object.fromEntries(Object.entries(raw).filter(([name]) => OWN.has(name) || name === 'prompt')),
  };
}

function writeEmbeddings(call: EmbeddingsCall, { model }: CallTarget): WrittenCall {
  const { inputs, dimensions, task, user, extra, single } = call;
  if (inputs.some((input) => typeof input !== 'string'))
    throw new Inexpressible('input', 'This provider takes texts, not token numbers.');
  const own = Object.entries(extra).filter(([name]) => OWN.has(name));
  return {
    body: { model, input: single ? inputs[0] : inputs, ...present({ dimensions }), ...Object.fromEntries(own) },
    dropped: [
      ...(task === undefined ? [] : ['task']),
      ...(user === undefined ? [] : ['user']),
      ...Object.keys(extra).filter((name) => !OWN.has(name) && name !== 'prompt'),
    ],
  };
}

function readVectors(value: unknown): EmbeddingsOutput {
  const body = fields(value);
  const { embeddings, embedding, model } = body;
  const vectors = Array.isArray(embedding) ? [embedding] : list(embeddings);
  return {
    vectors: vectors.map(readVector),
    usage: readUsage(body),
    model: text(model),
    id: '',
  };
}

function writeVectors({ vectors, usage, model }: EmbeddingsOutput, call: EmbeddingsCall): Fields {
  if ('prompt' in call.extra) return { embedding: vectors[0] ?? [] };
  const counted = usage === undefined ? {} : { prompt_eval_count: usage.input };
  return { model: model || call.model, embeddings: vectors, ...counted };
}
