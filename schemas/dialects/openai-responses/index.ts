// OpenAI Responses: a list of items in, a list of items out.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readOutput, readResponsesUsage, writeOutput } from './answer.ts';
import { ResponsesEncoder } from './encode.ts';
import { readCall, readInput, RESPONSES_NAMES, writeCall } from './request.ts';
import { ResponsesDecoder } from './stream.ts';

export const openaiResponses: ChatDialect = {
  id: 'openai_responses',
  operation: 'chat',
  framing: 'sse',
  names: RESPONSES_NAMES,
  readInput,
  readCall,
  writeCall,
  readOutput,
  writeOutput,
  readUsage: readResponsesUsage,
  decoder: () => new ResponsesDecoder(),
  encoder: (asked) => new ResponsesEncoder(asked),
  stream: () => streamOf(new ResponsesDecoder()),
};
