// Ollama: OpenAI's API below /v1 and its own below /api, on one address.

import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { OLLAMA_PATHS, OPENAI_PATHS, pathOf } from './paths.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

const BASE_URL = 'http://127.0.0.1:11434';

export const ollama: ProviderKind = { summary: 'Ollama, at base_url or on this machine', create };

function create({ id, config }: ProviderOptions): Provider {
  const base = readBaseUrl(config.base_url ?? BASE_URL);
  const root = withoutVersion(base.path.replace(/\/api$/, ''));
  const fixed = Object.entries(config.headers).flat();
  return {
    id,
    system: 'ollama',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set([
      'openai_chat',
      'openai_completions',
      'openai_embeddings',
      'ollama_chat',
      'ollama_generate',
      'ollama_embeddings',
    ]),
    models: new Set(config.models),
    knows: () => false,
    quirks: { maxTokensField: 'max_tokens', noDeveloperRole: true },
    endpoint: (call) =>
      Object.hasOwn(OLLAMA_PATHS, call.dialect)
        ? `${root}/api${pathOf(OLLAMA_PATHS, call)}`
        : `${root}/v1${pathOf(OPENAI_PATHS, call)}`,
    rootPath: root,
    authorize(out) {
      out.push(...fixed);
      if (config.api_key !== undefined) out.push('authorization', `Bearer ${config.api_key}`);
    },
    upstream: new HttpUpstream(base.origin),
  };
}
