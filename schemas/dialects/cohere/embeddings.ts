// Cohere's embeddings, version 2: texts for a purpose in, vectors by their type out.

import type { CallInput, EmbeddingsCall, EmbeddingsOutput, Part } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, genericPart, isFields, list, text, uriPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, EmbeddingsDialect, WireRequest, WrittenCall } from '../types.ts';
import { packVector, readVector } from '../vectors.ts';
import { present } from '../write.ts';
import { readUsage } from './answer.ts';

/** Their purposes and ours. */
const TASKS: readonly (readonly [theirs: string, neutral: string])[] = [
  ['search_document', 'retrieval_document'],
  ['search_query', 'retrieval_query'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
];
/** A purpose is demanded; who says none most likely fills a store. */
const DEFAULT_TASK = 'search_document';
/** Fields that only Cohere knows. */
const OWN: ReadonlySet<string> = new Set(['max_tokens', 'priority', 'truncate']);

export const cohereEmbeddings: EmbeddingsDialect = {
  id: 'cohere_embeddings',
  operation: 'embeddings',
  framing: 'sse',
  readInput,
  readOutput(body) {
    const { usage, id, model } = readVectors(body);
    const { message, embeddings } = fields(body);
    const error = typeof message === 'string' ? { type: 'error', message } : undefined;
    const complete = isFields(embeddings) || Array.isArray(embeddings) || error !== undefined;
    return { messages: [], usage, model, id, complete, error };
  },
  /** @param usage `meta` of an answer */
  readUsage: (usage) => readUsage(usage),
  // Embeddings are never streamed; a stream that comes anyway is one that never completes.
  stream: () => ({ push: () => undefined, output: () => cohereEmbeddings.readOutput(undefined) }),
  readEmbeddings,
  writeEmbeddings,
  readVectors,
  writeVectors,
};

function readInput(value: unknown): CallInput {
  const { texts, images, inputs } = fields(value);
  const parts: readonly Part[] = [
    ...list(texts).map((each): Part => ({ type: 'text', content: text(each) })),
    ...list(images).map((each) => uriPart('image', text(each))),
    ...list(inputs).flatMap((input) => list(fields(input)['content']).map(readContent)),
  ];
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

function readContent(value: unknown): Part {
  const { type, text: said, image_url } = fields(value);
  if (type === 'text') return { type: 'text', content: text(said) };
  return type === 'image_url' ? uriPart('image', text(fields(image_url)['url'])) : genericPart(value);
}

function readEmbeddings({ body: value, model }: WireRequest): EmbeddingsCall {
  const raw = checkedBody(value);
  const body = new Checked(raw);
  const purpose = body.text('input_type');
  const task = TASKS.find(([theirs]) => theirs === purpose)?.[1];
  const dimensions = body.number('output_dimension');
  return {
    model,
    inputs: body.texts('texts') ?? textsOf(body.list('inputs') ?? []),
    base64: isBase64(body.texts('embedding_types') ?? ['float']),
    single: false,
    ...present({ task, dimensions }),
    extra: Object.fromEntries(Object.entries(raw).filter(([name]) => OWN.has(name))),
  };
}

/** @throws Inexpressible for inputs that are more than one text each */
function textsOf(inputs: readonly unknown[]): readonly string[] {
  return inputs.map((input, at) => {
    const [content, more] = list(fields(input)['content']);
    const said = fields(content)['text'];
    if (typeof said === 'string' && more === undefined) return said;
    throw new Inexpressible(`inputs.${at}.content`, 'Only texts can be passed on to the provider of this model.');
  });
}

/** @throws Inexpressible for vectors of another type than float */
function isBase64(types: readonly string[]): boolean {
  const other = types.find((type) => type !== 'float' && type !== 'base64');
  if (other === undefined) return types.includes('base64');
  throw new Inexpressible('embedding_types', `The provider of this model has no vectors of type ${other}.`);
}

function writeEmbeddings(call: EmbeddingsCall, { model }: CallTarget): WrittenCall {
  const { inputs, dimensions, task, user, extra } = call;
  const texts = inputs.filter((input) => typeof input === 'string');
  if (texts.length < inputs.length) throw new Inexpressible('input', 'This provider takes texts, not token numbers.');
  const input_type = TASKS.find(([, neutral]) => neutral === task)?.[0];
  const own = Object.entries(extra).filter(([name]) => OWN.has(name));
  return {
    body: {
      model,
      texts,
      input_type: input_type ?? DEFAULT_TASK,
      embedding_types: ['float'],
      ...present({ output_dimension: dimensions }),
      ...Object.fromEntries(own),
    },
    dropped: [
      ...(task !== undefined && input_type === undefined ? ['task'] : []),
      ...(user === undefined ? [] : ['user']),
      ...Object.keys(extra).filter((name) => !OWN.has(name)),
    ],
  };
}

function readVectors(value: unknown): EmbeddingsOutput {
  const body = fields(value);
  const { embeddings, meta, id } = body;
  const { float, base64 } = fields(embeddings);
  // Answers that were not asked for a type have lists alone.
  const vectors = [Array.isArray(embeddings) ? embeddings : (float ?? base64)].flatMap(list).map(readVector);
  return { vectors, usage: readUsage(meta), model: '', id: text(id) };
}

function writeVectors({ vectors, usage, id }: EmbeddingsOutput, call: EmbeddingsCall): Fields {
  const texts = call.inputs.filter((input) => typeof input === 'string');
  const billed = usage === undefined ? {} : { billed_units: { input_tokens: usage.input } };
  return {
    id,
    embeddings: call.base64 ? { base64: vectors.map(packVector) } : { float: vectors },
    texts,
    meta: { api_version: { version: '2' }, ...billed },
    response_type: 'embeddings_by_type',
  };
}
