// Bedrock's Converse: the properties of every dialect, recorded payloads, and what is its own.

import { describe, test } from 'node:test';
import { bedrock } from '../../schemas/dialects/bedrock/index.ts';
import { callsComeBack, outputsComeBack, streamsComeBack } from '../support/round-trip.ts';
import type { Can } from '../support/neutral.ts';

const CAN: Can = {
  systemApart: true,
  mixed: true,
  images: true,
  imageResults: true,
  reasoning: true,
  seal: 'anthropic',
  toolErrors: true,
  alwaysTools: true,
  noAnswerId: true,
  noAnswerModel: true,
  noReasoningCounts: true,
  settings: ['maxTokens', 'temperature', 'topP', 'stop', 'metadata'],
};

describe('properties', () => {
  test('calls come back', () => callsComeBack(bedrock, { can: CAN }));
  test('answers come back', () => outputsComeBack(bedrock, { can: CAN }));
  test('streams come back', () => streamsComeBack(bedrock, { can: CAN }));
});
