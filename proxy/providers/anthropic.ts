// Anthropic's Messages API.

import type { IncomingHttpHeaders } from 'node:http';
import { credentialOf } from '../headers.ts';
import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { ANTHROPIC_PATHS, pathOf } from './paths.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

const BASE_URL = 'https://api.anthropic.com';
/** Sent for callers who name no version: the API refuses a request without one. */
const VERSION = '2023-06-01';

export const anthropic: ProviderKind = { summary: 'Anthropic, or what stands in for it at base_url', create };

function create({ id, config }: ProviderOptions): Provider {
  const base = readBaseUrl(config.base_url ?? BASE_URL);
  const fixed = Object.entries(config.headers).flat();
  const root = withoutVersion(base.path);
  return {
    id,
    system: 'anthropic',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['anthropic']),
    models: new Set(config.models),
    knows: (model) => model.startsWith('claude-'),
    counts: new Set(['anthropic']),
    quirks: {},
    endpoint: (endpoint) => `${root}/v1${pathOf(ANTHROPIC_PATHS, endpoint)}`,
    rootPath: root,
    authorize(out, caller, ownKeys) {
      out.push(...fixed);
      if (!out.includes('anthropic-version')) out.push('anthropic-version', VERSION);
      if (config.api_key !== undefined) out.push('x-api-key', config.api_key);
      else if (!ownKeys) pushCallers(out, caller);
    },
    upstream: new HttpUpstream(base.origin),
  };
}

/** An OAuth token travels as a bearer, an API key in x-api-key; what the caller chose stays. */
function pushCallers(out: string[], caller: IncomingHttpHeaders): void {
  const credential = credentialOf(caller);
  if (credential === '') return;
  if (caller['x-api-key'] === undefined && caller.authorization !== undefined)
    out.push('authorization', caller.authorization);
  else out.push('x-api-key', credential);
}
