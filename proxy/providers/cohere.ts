// Cohere's API, version 2.

import { credentialOf } from '../headers.ts';
import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { COHERE_PATHS, pathOf } from './paths.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

const BASE_URL = 'https://api.cohere.com';
const MODELS = /^(?:command-|c4ai-|embed-(?:v4|english|multilingual)|rerank-)/;

export const cohere: ProviderKind = { summary: 'Cohere, or what stands in for it at base_url', create };

function create({ id, config }: ProviderOptions): Provider {
  const base = readBaseUrl(config.base_url ?? BASE_URL);
  const root = withoutVersion(base.path);
  const fixed = Object.entries(config.headers).flat();
  return {
    id,
    system: 'cohere',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['cohere', 'cohere_embeddings']),
    models: new Set(config.models),
    knows: (model) => MODELS.test(model),
    quirks: {},
    endpoint: (call) => `${root}/v2${pathOf(COHERE_PATHS, call)}`,
    rootPath: root,
    authorize(out, caller, ownKeys) {
      out.push(...fixed);
      const key = config.api_key ?? (ownKeys ? '' : credentialOf(caller));
      if (key !== '') out.push('authorization', `Bearer ${key}`);
    },
    upstream: new HttpUpstream(base.origin),
  };
}
