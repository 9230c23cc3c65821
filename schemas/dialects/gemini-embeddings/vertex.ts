// Embeddings at Vertex AI: `predict`, where the Gemini API has batchEmbedContents. Instances in, predictions out.

import type { CallInput, CallOutput, EmbeddingsCall, EmbeddingsOutput, Usage } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { geminiEmbeddings } from './index.ts';
import { google } from '../google.ts';
import { fields, list, readError, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, EmbeddingsDialect, WireRequest, WrittenCall } from '../types.ts';

export const vertexEmbeddings: EmbeddingsDialect = {
  id: 'vertex_embeddings',
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

const instancesOf = (body: unknown): readonly Fields[] => list(fields(body)['instances']).map(google);

function readInput(value: unknown): CallInput {
  const said = instancesOf(value).map(({ content }) => text(content));
  const parts = said.filter((each) => each !== '').map((content) => ({ type: 'text', content }) as const);
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

/** The instances as Gemini's requests: what a text is for, and how long its vector is, is read in one place. */
function readEmbeddings({ body: value, model, stream }: WireRequest): EmbeddingsCall {
  const body = checkedBody(value);
  new Checked(body).list('instances');
  const { outputDimensionality } = google(body['parameters']);
  const requests = instancesOf(body).map(({ content, taskType, title }, at) => {
    if (typeof content !== 'string') throw new Inexpressible(`instances.${at}.content`, 'Expected a text.');
    return { content: { parts: [{ text: content }] }, taskType, title, outputDimensionality };
  });
  return geminiEmbeddings.readEmbeddings({ body: JSON.parse(JSON.stringify({ requests })), model, stream });
}

function writeEmbeddings(call: EmbeddingsCall, target: CallTarget): WrittenCall {
  const { body, dropped } = geminiEmbeddings.writeEmbeddings(call, target);
  const requests = list(body['requests']).map(fields);
  const instances = requests.map(({ taskType, title }, at) => ({
    content: call.inputs[at],
    ...(taskType === undefined ? {} : { task_type: taskType }),
    ...(title === undefined ? {} : { title }),
  }));
  const parameters = call.dimensions === undefined ? {} : { parameters: { outputDimensionality: call.dimensions } };
  return { body: { instances, ...parameters }, dropped };
}

const predictionsOf = (body: unknown): readonly Fields[] =>
  list(fields(body)['predictions']).map((each) => fields(fields(each)['embeddings']));

function readVectors(body: unknown): EmbeddingsOutput {
  const vectors = predictionsOf(body).map(({ values }) =>
    list(values).filter((number): number is number => typeof number === 'number'),
  );
  return { vectors, usage: usageIn(body), model: '', id: '' };
}

/** The tokens of all texts stand with the first. */
function writeVectors({ vectors, usage }: EmbeddingsOutput): unknown {
  return {
    predictions: vectors.map((values, at) => {
      const count = at === 0 ? usage?.input : 0;
      const statistics = usage === undefined ? {} : { statistics: { token_count: count, truncated: false } };
      return { embeddings: { values, ...statistics } };
    }),
  };
}

function usageIn(body: unknown): Usage | undefined {
  const counts = predictionsOf(body).map(({ statistics }) => google(statistics)['tokenCount']);
  const known = counts.filter((count): count is number => typeof count === 'number');
  return known.length === 0 ? undefined : readUsage({ token_count: known.reduce((sum, count) => sum + count, 0) });
}

function readUsage(value: unknown): Usage | undefined {
  return usageOf({
    input: google(value)['tokenCount'],
    output: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
    reasoning: undefined,
  });
}

function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  const complete = Array.isArray(body['predictions']) || error !== undefined;
  return { messages: [], usage: usageIn(body), model: '', id: '', complete, error };
}
