// Google's Gemini API (AI Studio keys).

import { credentialOf } from '../headers.ts';
import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { GEMINI_PATHS, pathOf } from './paths.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

const BASE_URL = 'https://generativelanguage.googleapis.com/v1beta';
const MODELS = /^(?:gemini-|gemma-|learnlm-|text-embedding-00|embedding-00)/;

export const gemini: ProviderKind = { summary: 'Google Gemini, or what stands in for it at base_url', create };

function create({ id, config }: ProviderOptions): Provider {
  const base = readBaseUrl(config.base_url ?? BASE_URL);
  const root = withoutVersion(base.path);
  const fixed = Object.entries(config.headers).flat();
  return {
    id,
    system: 'gcp.gemini',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['gemini', 'gemini_embeddings']),
    models: new Set(config.models),
    knows: (model) => MODELS.test(model),
    counts: new Set(['gemini']),
    quirks: {},
    endpoint: (call) => (base.path === root ? `${root}/v1beta` : base.path) + pathOf(GEMINI_PATHS, call),
    rootPath: root,
    authorize(out, caller, ownKeys) {
      out.push(...fixed);
      const key = config.api_key ?? (ownKeys ? '' : credentialOf(caller));
      if (key !== '') out.push('x-goog-api-key', key);
    },
    upstream: new HttpUpstream(base.origin),
  };
}
