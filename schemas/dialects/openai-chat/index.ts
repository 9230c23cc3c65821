// OpenAI Chat Completions, and the many servers that speak it (vLLM, Ollama, llama.cpp, Groq, Mistral, DeepSeek ...)
// with their small differences: reasoning in `reasoning_content`, `reasoning` or `reasoning_details`, usage in every
// chunk, no tool index.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readChatUsage, readOutput, writeOutput } from './answer.ts';
import { ChatEncoder } from './encode.ts';
import { CHAT_NAMES, readCall, readInput, writeCall } from './request.ts';
import { ChatDecoder } from './stream.ts';

export const openaiChat: ChatDialect = {
  id: 'openai_chat',
  operation: 'chat',
  framing: 'sse',
  names: CHAT_NAMES,
  readInput,
  readCall,
  writeCall,
  readOutput,
  writeOutput,
  readUsage: readChatUsage,
  decoder: () => new ChatDecoder(),
  encoder: (asked) => new ChatEncoder(asked),
  stream: () => streamOf(new ChatDecoder()),
};
