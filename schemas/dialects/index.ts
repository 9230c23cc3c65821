// Every wire format that Signalbox reads, by name. Nothing else knows them.

import type { ChatDialectId, DialectId, DialectReader, EmbeddingsDialectId } from '../call.ts';
import { anthropic } from './anthropic/index.ts';
import { bedrock } from './bedrock/index.ts';
import { bedrockInvoke as invoke } from './bedrock/invoke.ts';
import { cohereEmbeddings } from './cohere/embeddings.ts';
import { cohere } from './cohere/index.ts';
import { geminiEmbeddings } from './gemini-embeddings/index.ts';
import { vertexEmbeddings } from './gemini-embeddings/vertex.ts';
import { gemini } from './gemini/index.ts';
import { ollamaChat, ollamaEmbeddings, ollamaGenerate } from './ollama/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { ChatDialect, EmbeddingsDialect } from './types.ts';

const bedrockInvoke = invoke(bedrock, anthropic);

export const DIALECTS: Readonly<Record<DialectId, DialectReader>> = {
  openai_chat: openaiChat,
  openai_responses: openaiResponses,
  openai_completions: openaiCompletions,
  openai_embeddings: openaiEmbeddings,
  anthropic,
  gemini,
  gemini_embeddings: geminiEmbeddings,
  vertex_embeddings: vertexEmbeddings,
  bedrock,
  bedrock_invoke: bedrockInvoke,
  ollama_chat: ollamaChat,
  ollama_generate: ollamaGenerate,
  ollama_embeddings: ollamaEmbeddings,
  cohere,
  cohere_embeddings: cohereEmbeddings,
};

/** Those that translate, by name. */
export const CHATS: Readonly<Record<ChatDialectId, ChatDialect>> = {
  openai_chat: openaiChat,
  openai_responses: openaiResponses,
  openai_completions: openaiCompletions,
  anthropic,
  gemini,
  bedrock,
  bedrock_invoke: bedrockInvoke,
  ollama_chat: ollamaChat,
  ollama_generate: ollamaGenerate,
  cohere,
};
export const EMBEDDINGS: Readonly<Record<EmbeddingsDialectId, EmbeddingsDialect>> = {
  openai_embeddings: openaiEmbeddings,
  gemini_embeddings: geminiEmbeddings,
  vertex_embeddings: vertexEmbeddings,
  ollama_embeddings: ollamaEmbeddings,
  cohere_embeddings: cohereEmbeddings,
};

/** The chat dialect of a name; undefined where the name is of something else. */
export function chatOf(id: DialectId | ''): ChatDialect | undefined {
  return Object.hasOwn(CHATS, id) ? CHATS[id as ChatDialectId] : undefined;
}

/** The same of embeddings. */
export function embeddingsOf(id: DialectId | ''): EmbeddingsDialect | undefined {
  return Object.hasOwn(EMBEDDINGS, id) ? EMBEDDINGS[id as EmbeddingsDialectId] : undefined;
}
