// Everybody who speaks OpenAI's API, OpenAI first. The hosts are rows of data (schemas/hosts.ts).

import type { IncomingHttpHeaders } from 'node:http';
import type { DialectId } from '../../schemas/call.ts';
import { hostOf, type Host } from '../../schemas/hosts.ts';
import { credentialOf } from '../headers.ts';
import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { OPENAI_PATHS, pathOf } from './paths.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

const ALL = ['responses', 'completions', 'embeddings'] as const;
const OPENAI: Host = { baseUrl: 'https://api.openai.com/v1', system: 'openai', also: ALL };
const OPENAI_MODELS = /^(?:gpt-|chatgpt-|o[1-9](?:-|$)|text-embedding-|codex-|computer-use-)/;

export const openai: ProviderKind = {
  summary: 'OpenAI itself, or what stands in for it at base_url',
  create: (options) => speaksOpenAi(options, OPENAI, (model) => OPENAI_MODELS.test(model)),
};

/** A host known by name; `host` is its row. */
export function known(host: Host): ProviderKind {
  return { summary: host.system, create: (options) => speaksOpenAi(options, host, () => false) };
}

export const compatible: ProviderKind = {
  summary: 'Any server that speaks the OpenAI API, at base_url',
  create: (options) => {
    const host = hostOf(options.id);
    return speaksOpenAi(options, { baseUrl: '', system: host?.system ?? options.id, also: ALL, ...host }, () => false);
  },
};

function speaksOpenAi({ id, config }: ProviderOptions, host: Host, knows: (model: string) => boolean): Provider {
  const base = readBaseUrl(config.base_url ?? host.baseUrl);
  const fixed = Object.entries(config.headers).flat();
  const bearer = config.api_key === undefined ? undefined : `Bearer ${config.api_key}`;
  return {
    id,
    system: host.system,
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set<DialectId>(['openai_chat', ...(host.also ?? []).map((each) => `openai_${each}` as const)]),
    models: new Set(config.models),
    knows,
    quirks: host.quirks ?? {},
    endpoint: (endpoint) => base.path + pathOf(OPENAI_PATHS, endpoint),
    rootPath: withoutVersion(base.path),
    authorize(out, caller, ownKeys) {
      out.push(...fixed);
      const value = bearer ?? (ownKeys ? undefined : callersBearer(caller));
      if (value !== undefined) out.push('authorization', value);
    },
    upstream: new HttpUpstream(base.origin),
  };
}

function callersBearer(caller: IncomingHttpHeaders): string | undefined {
  if (caller.authorization !== undefined) return caller.authorization;
  const credential = credentialOf(caller);
  return credential === '' ? undefined : `Bearer ${credential}`;
}
