// Ollama's chat, generate and embeddings: the properties of every dialect, recorded payloads, and what is its own.

import { describe, test } from 'node:test';
import { ollamaChat, ollamaGenerate } from '../../schemas/dialects/ollama/index.ts';
import { callsComeBack, outputsComeBack, streamsComeBack } from '../support/round-trip.ts';
import type { Can } from '../support/neutral.ts';

const CAN: Can = {
  systemAnywhere: true,
  oneText: true,
  reasoning: true,
  resultNames: true,
  noAnswerId: true,
  noCacheCounts: true,
  noReasoningCounts: true,
  settings: [
    'maxTokens',
    'temperature',
    'topP',
    'topK',
    'minP',
    'seed',
    'stop',
    'frequencyPenalty',
    'presencePenalty',
    'thinking',
  ],
};

describe('properties', () => {
  test('chat: calls come back', () => callsComeBack(ollamaChat, { can: CAN }));
  test('chat: answers come back', () => outputsComeBack(ollamaChat, { can: CAN }));
  test('chat: streams come back', () => streamsComeBack(ollamaChat, { can: CAN }));
  test('generate: answers come back', () => outputsComeBack(ollamaGenerate, { can: { ...CAN, noTools: true } }));
  test('generate: streams come back', () => streamsComeBack(ollamaGenerate, { can: { ...CAN, noTools: true } }));
});
