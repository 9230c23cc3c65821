// OpenAI's dialects in both directions: requests, answers and streams written and read again.

import { describe, test } from 'node:test';
import { openaiChat } from '../../schemas/dialects/openai-chat/index.ts';
import { callsComeBack, outputsComeBack, streamsComeBack } from '../support/round-trip.ts';
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
