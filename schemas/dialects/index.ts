// Every wire format that Signalbox reads, by name. Nothing else knows them.

import type { DialectId, DialectReader, Usage } from '../call.ts';
import { anthropic, readAnthropicUsage } from './anthropic.ts';
import { openaiChat, readChatUsage } from './openai-chat.ts';
import { openaiEmbeddings, readEmbeddingsUsage } from './openai-embeddings.ts';
import { openaiResponses, readResponsesUsage } from './openai-responses.ts';

export const DIALECTS: Readonly<Record<DialectId, DialectReader>> = {
  openai_chat: openaiChat,
  openai_responses: openaiResponses,
  openai_embeddings: openaiEmbeddings,
  anthropic,
};

/** The `usage` object of an answer or an event alone, for who counts without reading the rest. */
export const USAGE_READERS: Readonly<Record<DialectId, (usage: unknown) => Usage | undefined>> = {
  openai_chat: readChatUsage,
  openai_responses: readResponsesUsage,
  openai_embeddings: readEmbeddingsUsage,
  anthropic: readAnthropicUsage,
};
