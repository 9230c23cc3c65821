// Gemini's embedContent and batchEmbedContents: one content, or a list of requests. Written as a list always.

import type { CallInput, CallOutput, EmbeddingsCall, EmbeddingsOutput, Usage } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, isFields, list, readError, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, EmbeddingsDialect, WireRequest, WrittenCall } from '../types.ts';
import { present } from '../write.ts';
import { google } from '../google.ts';

/** What vectors are for, in Google's words. */
const TASKS: ReadonlyMap<string, string> = new Map([
  ['retrieval_query', 'RETRIEVAL_QUERY'],
  ['retrieval_document', 'RETRIEVAL_DOCUMENT'],
  ['similarity', 'SEMANTIC_SIMILARITY'],
  ['classification', 'CLASSIFICATION'],
  ['clustering', 'CLUSTERING'],
]);
const SAID: ReadonlySet<string> = new Set(['model', 'content', 'requests', 'taskType', 'outputDimensionality']);

export const geminiEmbeddings: EmbeddingsDialect = {
  id: 'gemini_embeddings',
  operation: 'embeddings',
  framing: 'sse',
  readInput,
  readOutput,
  readUsage,
  // Embeddings are never streamed; a stream that comes anyway is one that never completes.
  stream: () => ({ push: () => undefined, output: () => readOutput(undefined) }),
  readEmbeddings,
  writeEmbeddings,
  readVectors,
  writeVectors,
};

/** Of one text or of many, each request in camelCase. */
function requestsOf(body: Fields): readonly Fields[] {
  return Array.isArray(body['requests']) ? body['requests'].map(google) : [body];
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(fields(content)['parts'])
    .map((part) => text(fields(part)['text']))
    .join('');
}

function readInput(value: unknown): CallInput {
  const said = requestsOf(google(value)).map(({ content }) => contentText(content));
  const parts = said.filter((each) => each !== '').map((content) => ({ type: 'text', content }) as const);
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

function readEmbeddings({ body: value, model }: WireRequest): EmbeddingsCall {
  const body = google(checkedBody(value));
  new Checked(body).list('requests');
  const requests = requestsOf(body);
  const single = body['requests'] === undefined;
  const inputs = requests.map((request, at) => inputOf(request, single ? 'content' : `requests.${at}.content`));
  const first = new Checked(requests[0] ?? {}, single ? '' : 'requests.0');
  const task = first.text('taskType');
  const dimensions = first.number('outputDimensionality');
  const extra = Object.entries({ ...body, ...requests[0] }).filter(([name]) => !SAID.has(name));
  return {
    model,
    inputs,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(task === undefined
      ? {}
      : { task: [...TASKS].find(([, theirs]) => theirs === task)?.[0] ?? task.toLowerCase() }),
    base64: false,
    single,
    extra: Object.fromEntries(extra),
  };
}

function inputOf({ content }: Fields, path: string): string {
  const parts = typeof content === 'string' ? [{ text: content }] : list(fields(content)['parts']);
  const odd = parts.findIndex((part) => typeof fields(part)['text'] !== 'string');
  if (odd >= 0) throw new Inexpressible(`${path}.parts.${odd}`, 'Only texts can be passed on to be embedded.');
  if (parts.length === 0) throw new Inexpressible(path, 'Expected a content with at least one text.');
  return contentText(content);
}

function writeEmbeddings(call: EmbeddingsCall, { model }: CallTarget): WrittenCall {
  const more = present({
    taskType: call.task === undefined ? undefined : (TASKS.get(call.task) ?? call.task.toUpperCase()),
    title: call.extra['title'],
    outputDimensionality: call.dimensions,
  });
  const requests = call.inputs.map((input, at) => {
    if (typeof input === 'string') return { model: `models/${model}`, content: { parts: [{ text: input }] }, ...more };
    throw new Inexpressible(`input.${at}`, 'Google embeds texts, not token numbers.');
  });
  const dropped = Object.keys(call.extra).filter((name) => name !== 'title');
  return { body: { requests }, dropped: [...(call.user === undefined ? [] : ['user']), ...dropped] };
}

function readVectors(value: unknown): EmbeddingsOutput {
  const body = google(value);
  const given = isFields(body['embedding']) ? [body['embedding']] : list(body['embeddings']);
  const vectors = given.map((each) =>
    list(fields(each)['values']).filter((number): number is number => typeof number === 'number'),
  );
  return { vectors, usage: usageIn(body), model: '', id: '' };
}

/** The caller of one text gets one vector. */
function writeVectors({ vectors, usage }: EmbeddingsOutput, { single }: EmbeddingsCall): unknown {
  const counted = usage === undefined ? {} : { usageMetadata: { promptTokenCount: usage.input } };
  if (single) return { embedding: { values: vectors[0] ?? [] }, ...counted };
  return { embeddings: vectors.map((values) => ({ values })), ...counted };
}

/** Of the whole answer, or with each vector. */
function usageIn(body: Fields): Usage | undefined {
  const whole = readUsage(body['usageMetadata']);
  if (whole !== undefined) return whole;
  const counts = list(body['embeddings']).map((each) => google(google(each)['statistics'])['tokenCount']);
  const input = counts.reduce<unknown>(
    (sum, each) => (typeof each === 'number' ? Number(sum ?? 0) + each : sum),
    undefined,
  );
  return readUsage({ promptTokenCount: input });
}

function readUsage(value: unknown): Usage | undefined {
  const usage = google(value);
  return usageOf({
    input: usage['promptTokenCount'] ?? usage['totalTokenCount'],
    output: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
    reasoning: undefined,
  });
}

function readOutput(value: unknown): CallOutput {
  const body = google(value);
  const error = readError(body);
  return {
    messages: [],
    usage: usageIn(body),
    model: '',
    id: '',
    complete: isFields(body['embedding']) || Array.isArray(body['embeddings']) || error !== undefined,
    error,
  };
}
