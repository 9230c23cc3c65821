// Every wire format that Signalbox reads, by name. Nothing else knows them.

import type { ChatDialectId, DialectId, DialectReader, EmbeddingsDialectId } from '../call.ts';
import { anthropic } from './anthropic/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiEmbeddings } from './openai-embeddings.ts';
import { openaiResponses } from './openai-responses.ts';
import type { ChatDialect, EmbeddingsDialect } from './types.ts';

export const DIALECTS = {
  openai_chat: openaiChat,
  openai_responses: openaiResponses,
  openai_embeddings: openaiEmbeddings,
  anthropic,
  // The cast goes when the last of them has landed (issue 3).
} satisfies Partial<Record<DialectId, DialectReader>> as unknown as Readonly<Record<DialectId, DialectReader>>;

/** Those that translate, by name. */
export const CHATS: Readonly<Partial<Record<ChatDialectId, ChatDialect>>> = { openai_chat: openaiChat, anthropic };
export const EMBEDDINGS: Readonly<Partial<Record<EmbeddingsDialectId, EmbeddingsDialect>>> = {};
