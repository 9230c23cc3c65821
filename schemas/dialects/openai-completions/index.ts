// OpenAI's text completions, the API of the first generation: a prompt in, a text out.

import { streamOf } from '../fold.ts';
import { readChatUsage, readOutput } from '../openai-chat/answer.ts';
import { ChatDecoder } from '../openai-chat/stream.ts';
import type { ChatDialect } from '../types.ts';
import { CompletionsEncoder, writeOutput } from './answer.ts';
import { COMPLETIONS_NAMES, readCall, readInput, writeCall } from './request.ts';

export const openaiCompletions: ChatDialect = {
  id: 'openai_completions',
  operation: 'chat',
  framing: 'sse',
  names: COMPLETIONS_NAMES,
  readInput,
  readCall,
  writeCall,
  readOutput,
  writeOutput,
  readUsage: readChatUsage,
  decoder: () => new ChatDecoder(),
  encoder: (asked) => new CompletionsEncoder(asked),
  stream: () => streamOf(new ChatDecoder()),
};
