// OpenAI's dialects in both directions: requests, answers and streams written and read again.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { openaiChat } from '../../schemas/dialects/openai-chat/index.ts';
import { openaiCompletions } from '../../schemas/dialects/openai-completions/index.ts';
import { openaiEmbeddings } from '../../schemas/dialects/openai-embeddings/index.ts';
import { openaiResponses } from '../../schemas/dialects/openai-responses/index.ts';
import { callsComeBack, outputsComeBack, streamsComeBack, wire } from '../support/round-trip.ts';
import { embeddingsCall, embeddingsOutput } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';

describe('openai_chat: what is written is read as it was', () => {
  const can: Can = {
    developer: true,
    systemAnywhere: true,
    images: true,
    imageUrls: true,
    documents: true,
    audio: true,
    reasoning: true,
    refusals: true,
    choices: 3,
    settings: [
      'maxTokens', 'temperature', 'topP', 'topK', 'minP', 'seed', 'stop', 'presencePenalty', 'frequencyPenalty',
      'logitBias', 'n', 'toolChoice', 'parallelTools', 'format', 'thinking', 'verbosity', 'serviceTier', 'user',
      'metadata', 'store', 'promptCacheKey',
    ],
  }; // prettier-ignore

  test('requests', () => callsComeBack(openaiChat, { can, quirks: { thoughts: 'reasoning_details' } }));
  test('requests with seals', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      callsComeBack(openaiChat, { can: { ...can, seal }, quirks: { thoughts: 'reasoning_details' }, runs: 100 });
  });
  test('answers', () => {
    for (const seal of [undefined, 'anthropic', 'openai', 'gemini'] as const)
      outputsComeBack(openaiChat, { can: { ...can, ...(seal && { seal }) } });
  });
  test('streams', () => {
    for (const seal of [undefined, 'anthropic', 'openai', 'gemini'] as const)
      streamsComeBack(openaiChat, { can: { ...can, ...(seal && { seal }) } });
  });
});

describe('openai_responses: what is written is read as it was', () => {
  const can: Can = {
    systemApart: true,
    developer: true,
    systemAnywhere: true,
    mixed: true,
    images: true,
    imageUrls: true,
    imageResults: true,
    documents: true,
    audio: true,
    reasoning: true,
    seal: 'openai',
    sealIds: true,
    settings: [
      'maxTokens', 'temperature', 'topP', 'toolChoice', 'parallelTools', 'format', 'thinking', 'verbosity',
      'serviceTier', 'user', 'metadata', 'promptCacheKey',
    ],
  }; // prettier-ignore

  test('requests', () => callsComeBack(openaiResponses, { can }));
  test('answers', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      outputsComeBack(openaiResponses, { can: { ...can, seal, refusals: true } });
  });
  test('streams', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      streamsComeBack(openaiResponses, { can: { ...can, seal } });
    streamsComeBack(openaiResponses, { can: { refusals: true, reasoning: true } });
  });
});

describe('openai_completions: what is written is read as it was', () => {
  const can: Can = { noTools: true, choices: 3 };

  test('answers', () => outputsComeBack(openaiCompletions, { can }));
  test('streams', () => streamsComeBack(openaiCompletions, { can }));
});

describe('openai_embeddings: what is written is read as it was', () => {
  test('requests', () => {
    fc.assert(
      fc.property(embeddingsCall, (call) => {
        const target = { model: call.model, stream: false, quirks: {} };
        const { body, dropped } = openaiEmbeddings.writeEmbeddings(call, target);
        assert.deepEqual(openaiEmbeddings.readEmbeddings({ body: wire(body), model: call.model, stream: false }), call);
        assert.deepEqual(dropped, []);
      }),
    );
  });

  test('vectors, as lists and as base64', () => {
    fc.assert(
      fc.property(embeddingsOutput, embeddingsCall, (output, call) => {
        assert.deepEqual(openaiEmbeddings.readVectors(wire(openaiEmbeddings.writeVectors(output, call))), output);
      }),
    );
  });
});
