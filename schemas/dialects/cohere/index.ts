// Cohere's chat, version 2.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readOutput, readUsage, writeOutput } from './answer.ts';
import { NAMES } from './fields.ts';
import { readCall, readInput } from './request.ts';
import { CohereDecoder, CohereEncoder } from './stream.ts';
import { writeCall } from './write-call.ts';

export const cohere: ChatDialect = {
  id: 'cohere',
  operation: 'chat',
  framing: 'sse',
  readInput: (body) => readInput(body),
  readCall,
  writeCall,
  readOutput,
  writeOutput,
  readUsage,
  decoder: () => new CohereDecoder(),
  encoder: (asked) => new CohereEncoder(asked),
  stream: () => streamOf(new CohereDecoder()),
  names: NAMES,
};
