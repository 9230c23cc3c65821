// Where each dialect's calls go, below the version of its maker's API.

import type { DialectId } from '../../schemas/call.ts';
import type { Endpoint } from './types.ts';

export type PathOf = (endpoint: Endpoint) => string;

export const OPENAI_PATHS = {
  openai_chat: () => '/chat/completions',
  openai_responses: () => '/responses',
  openai_embeddings: () => '/embeddings',
} as const satisfies Partial<Record<DialectId, PathOf>>;

export const ANTHROPIC_PATHS = {
  anthropic: () => '/messages',
} as const satisfies Partial<Record<DialectId, PathOf>>;

/** The dialect's own path, else the caller's. */
export function pathOf(paths: Readonly<Partial<Record<DialectId, PathOf>>>, endpoint: Endpoint): string {
  const path = endpoint.dialect === '' ? undefined : paths[endpoint.dialect];
  return path === undefined ? endpoint.path : path(endpoint);
}
