// Ollama's own API: chat, generate and embeddings.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import * as chat from './chat.ts';
import * as generate from './generate.ts';
import { NAMES, readUsage } from './options.ts';
import { CHAT_SHAPE, GENERATE_SHAPE, OllamaDecoder, OllamaEncoder } from './stream.ts';

export { ollamaEmbeddings } from './embeddings.ts';

export const ollamaChat: ChatDialect = {
  id: 'ollama_chat',
  operation: 'chat',
  framing: 'lines',
  readInput: (body) => chat.readInput(body),
  readCall: chat.readCall,
  writeCall: chat.writeCall,
  readOutput: chat.readOutput,
  writeOutput: chat.writeOutput,
  readUsage,
  decoder: () => new OllamaDecoder(CHAT_SHAPE),
  encoder: (asked) => new OllamaEncoder(CHAT_SHAPE, asked),
  stream: () => streamOf(new OllamaDecoder(CHAT_SHAPE)),
  names: NAMES,
};

export const ollamaGenerate: ChatDialect = {
  id: 'ollama_generate',
  operation: 'chat',
  framing: 'lines',
  readInput: generate.readInput,
  readCall: generate.readCall,
  writeCall: generate.writeCall,
  readOutput: generate.readOutput,
  writeOutput: generate.writeOutput,
  readUsage,
  decoder: () => new OllamaDecoder(GENERATE_SHAPE),
  encoder: (asked) => new OllamaEncoder(GENERATE_SHAPE, asked),
  stream: () => streamOf(new OllamaDecoder(GENERATE_SHAPE)),
  names: NAMES,
};
