// Cohere's chat and embeddings: the properties of every dialect, recorded payloads, and what is its own.

import { describe, test } from 'node:test';
import { cohere } from '../../schemas/dialects/cohere/index.ts';
import { callsComeBack, outputsComeBack, streamsComeBack } from '../support/round-trip.ts';
import type { Can } from '../support/neutral.ts';

const CAN: Can = {
  systemAnywhere: true,
  images: true,
  imageUrls: true,
  noAnswerModel: true,
  noCacheWrites: true,
  noReasoningCounts: true,
  finishReasons: ['stop', 'length'],
  settings: ['maxTokens', 'temperature', 'topP', 'topK', 'seed', 'stop', 'frequencyPenalty', 'presencePenalty'],
};

describe('properties', () => {
  test('calls come back', () => callsComeBack(cohere, { can: CAN }));
  test('answers come back', () => outputsComeBack(cohere, { can: { ...CAN, reasoning: true, noTools: true } }));
  test('answers with calls come back', () => outputsComeBack(cohere, { can: CAN }));
  test('streams come back', () => streamsComeBack(cohere, { can: { ...CAN, reasoning: true } }));
});
