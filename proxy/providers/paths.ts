// Where each dialect's calls go, below the version of its maker's API.

import type { DialectId } from '../../schemas/call.ts';
import { GatewayError } from '../../schemas/errors.ts';
import type { Endpoint } from './types.ts';

export type PathOf = (endpoint: Endpoint) => string;

export const OPENAI_PATHS = {
  openai_chat: () => '/chat/completions',
  openai_responses: () => '/responses',
  openai_completions: () => '/completions',
  openai_embeddings: () => '/embeddings',
} as const satisfies Partial<Record<DialectId, PathOf>>;

export const ANTHROPIC_PATHS = {
  anthropic: () => '/messages',
} as const satisfies Partial<Record<DialectId, PathOf>>;

/** Google's models are named in the path; a stream as events, whatever the caller gets. */
export const GEMINI_PATHS = {
  gemini: ({ model, stream }) =>
    `/models/${segment(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  gemini_embeddings: ({ model }) => `/models/${segment(model)}:batchEmbedContents`,
} as const satisfies Partial<Record<DialectId, PathOf>>;

export const BEDROCK_PATHS = {
  bedrock: ({ model, stream }) => `/model/${segment(model)}/${stream ? 'converse-stream' : 'converse'}`,
  bedrock_invoke: ({ model, stream }) =>
    `/model/${segment(model)}/${stream ? 'invoke-with-response-stream' : 'invoke'}`,
} as const satisfies Partial<Record<DialectId, PathOf>>;

export const COHERE_PATHS = {
  cohere: () => '/chat',
  cohere_embeddings: () => '/embed',
} as const satisfies Partial<Record<DialectId, PathOf>>;

export const OLLAMA_PATHS = {
  ollama_chat: () => '/chat',
  ollama_generate: () => '/generate',
  ollama_embeddings: () => '/embed',
} as const satisfies Partial<Record<DialectId, PathOf>>;

/**
 * A model's name as one segment of a path.
 * @throws GatewayError bad_request for dots alone, which servers take for a way up
 */
export function segment(model: string): string {
  if (/^\.+$/.test(model)) {
    throw new GatewayError('bad_request', `"${model}" is no name of a model.`, { param: 'model' });
  }
  return encodeURIComponent(model);
}

/** The dialect's own path, else the caller's. */
export function pathOf(paths: Readonly<Partial<Record<DialectId, PathOf>>>, endpoint: Endpoint): string {
  const path = endpoint.dialect === '' ? undefined : paths[endpoint.dialect];
  return path === undefined ? endpoint.path : path(endpoint);
}
