// Embeddings at Vertex AI: `predict` for most models, `embedContent` with one text for the newer ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vertexEmbeddings } from '../../schemas/dialects/gemini-embeddings/vertex.ts';
import { createProviders } from '../../proxy/providers/index.ts';
import { configSchema } from '../../schemas/config.ts';

const CALL = { model: 'm', inputs: ['one', 'two'], base64: false, single: false, extra: {} };
const TARGET = { model: 'gemini-embedding-001', stream: false, quirks: {} };

test('a call as instances and parameters, and back', () => {
  const call = { ...CALL, dimensions: 256, task: 'retrieval_query' };
  const { body, dropped } = vertexEmbeddings.writeEmbeddings({ ...call, user: 'someone' }, TARGET);
  assert.deepEqual(body, {
    instances: [
      { content: 'one', task_type: 'RETRIEVAL_QUERY' },
      { content: 'two', task_type: 'RETRIEVAL_QUERY' },
    ],
    parameters: { outputDimensionality: 256 },
  });
  assert.deepEqual(dropped, ['user']);
  assert.deepEqual(vertexEmbeddings.readEmbeddings({ body, model: 'm', stream: false }), call);
});

test('vectors and their tokens', () => {
  const statistics = (token_count: number) => ({ token_count, truncated: false });
  const answer = {
    predictions: [
      { embeddings: { values: [0.5, 1], statistics: statistics(4) } },
      { embeddings: { values: [0.25, 2], statistics: statistics(5) } },
    ],
  };
  const { vectors, usage } = vertexEmbeddings.readVectors(answer);
  assert.deepEqual([vectors, usage?.input], [[[0.5, 1], [0.25, 2]], 9]); // prettier-ignore
  assert.equal(vertexEmbeddings.readOutput(answer).complete, true);
  assert.equal(vertexEmbeddings.readOutput({ error: { code: 429, message: 'Quota' } }).error?.message, 'Quota');
});

test('models whose API takes one text', async () => {
  const config = configSchema.parse({ providers: { vertex: { api_key: 'k-0123456789', project: 'p' } } });
  const providers = createProviders(config);
  const vertex = providers.get('vertex');
  assert.ok(vertex?.shape);
  const model = 'gemini-embedding-2-preview';
  assert.deepEqual([...(vertex.dialectsFor?.(model) ?? [])], ['gemini_embeddings']);
  assert.equal(vertex.dialectsFor?.('gemini-embedding-001'), undefined);
  const call = { dialect: 'gemini_embeddings', path: '', model, stream: false } as const;
  assert.match(vertex.endpoint(call), /\/publishers\/google\/models\/gemini-embedding-2-preview:embedContent$/);
  const one = { model: 'models/m', content: { parts: [{ text: 'one' }] }, outputDimensionality: 8 };
  assert.deepEqual(vertex.shape(call, { requests: [one] }), { content: one.content, outputDimensionality: 8 });
  assert.throws(() => vertex.shape?.(call, { requests: [one, one] }), { class: 'bad_request', param: 'input' });
  await Promise.all([...providers.values()].map(({ upstream }) => upstream.close()));
});
