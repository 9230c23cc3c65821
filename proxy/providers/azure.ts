// OpenAI's models at Azure: the v1 API, or a dated version whose paths name the deployment. Proof by a key or by a token
// of Entra ID.

import { credentialOf } from '../headers.ts';
import { HttpUpstream, readBaseUrl } from './http.ts';
import { OPENAI_PATHS, pathOf, segment } from './paths.ts';
import { TokenSource } from './tokens.ts';
import type { Endpoint, Provider, ProviderKind, ProviderOptions } from './types.ts';

/** Paths of a dated API version that do not stand below a deployment. */
const UNDEPLOYED: ReadonlySet<string> = new Set(['/responses', '/models', '/files', '/batches']);

export const azureOpenai: ProviderKind = { summary: 'OpenAI models at Azure, by key or Entra ID', create };

function create({ id, config }: ProviderOptions): Provider {
  const base = readBaseUrl(config.base_url ?? '');
  // `https://NAME.openai.azure.com`, with or without what a tutorial puts after it.
  const root = base.path.replace(/\/openai(?:\/v1)?$/, '');
  const { api_version: version } = config;
  const tokens = config.entra && new TokenSource(entraGrant(id, config.entra));
  const fixed = Object.entries(config.headers).flat();
  const endpoint = (call: Endpoint) => {
    const path = pathOf(OPENAI_PATHS, call);
    if (version === undefined) return `${root}/openai/v1${path}`;
    const [family] = /^\/[^/]+/.exec(path) ?? [''];
    const deployed = UNDEPLOYED.has(family) || call.model === '' ? '' : `/deployments/${segment(call.model)}`;
    return `${root}/openai${deployed}${path}?api-version=${encodeURIComponent(version)}`;
  };
  return {
    id,
    system: 'azure.ai.openai',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['openai_chat', 'openai_responses', 'openai_completions', 'openai_embeddings']),
    models: new Set(config.models),
    knows: () => false,
    quirks: {},
    endpoint,
    rootPath: `${root}/openai`,
    authorize(out, caller, ownKeys) {
      out.push(...fixed);
      const key = config.api_key ?? (ownKeys || tokens !== undefined ? '' : credentialOf(caller));
      if (key !== '') out.push('api-key', key);
    },
    ...(tokens === undefined
      ? {}
      : { sign: async ({ headers }) => void headers.push('authorization', `Bearer ${await tokens.get()}`) }),
    upstream: new HttpUpstream(base.origin),
  };
}

function entraGrant(owner: string, entra: NonNullable<ProviderOptions['config']['entra']>) {
  return {
    owner,
    url: `${entra.login_url}/${encodeURIComponent(entra.tenant_id)}/oauth2/v2.0/token`,
    form: () => ({
      grant_type: 'client_credentials',
      client_id: entra.client_id,
      client_secret: entra.client_secret,
      scope: entra.scope,
    }),
  };
}
