// Google Cloud's Vertex AI: Gemini in its own dialect, Claude in Anthropic's, both below a project and a region. Proof by a
// service account's token, or by an access token that the config brings as api_key.

import { createSign } from 'node:crypto';
import type { DialectId } from '../../schemas/call.ts';
import type { ServiceAccount } from '../../schemas/config.ts';
import { fields, type Fields } from '../../schemas/dialects/read.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { HttpUpstream, readBaseUrl, withoutVersion } from './http.ts';
import { GEMINI_PATHS, pathOf, segment } from './paths.ts';
import { TokenSource } from './tokens.ts';
import type { Endpoint, Provider, ProviderKind, ProviderOptions } from './types.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Anthropic's API at Vertex: the version stands in the body, the model in the path. */
const ANTHROPIC_VERSION = 'vertex-2023-10-16';

export const vertex: ProviderKind = { summary: 'Google Vertex AI: Gemini and Claude by service account', create };

function create({ id, config }: ProviderOptions): Provider {
  const region = config.region ?? 'global';
  const host = region === 'global' ? 'aiplatform.googleapis.com' : `${region}-aiplatform.googleapis.com`;
  const base = readBaseUrl(config.base_url ?? `https://${host}/v1`);
  const project = config.project ?? config.credentials?.project_id ?? '';
  const version = base.path === withoutVersion(base.path) ? `${base.path}/v1` : base.path;
  const place = `${version}/projects/${project}/locations/${region}`;
  const { credentials } = config;
  const tokens = credentials && new TokenSource(accountGrant(id, credentials));
  const fixed = Object.entries(config.headers).flat();
  return {
    id,
    system: 'gcp.vertex_ai',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['gemini', 'vertex_embeddings']),
    dialectsFor: (model) => OTHERS.find(([models]) => models.test(model))?.[1],
    models: new Set(config.models),
    knows: () => false,
    counts: new Set(['gemini']),
    quirks: {},
    endpoint: (call) => place + (call.dialect === 'anthropic' ? claudePath(call) : geminiPath(call)),
    rootPath: withoutVersion(base.path),
    authorize(out) {
      out.push(...fixed);
      if (tokens === undefined && config.api_key !== undefined) out.push('authorization', `Bearer ${config.api_key}`);
    },
    ...(tokens === undefined
      ? {}
      : { sign: async ({ headers }) => void headers.push('authorization', `Bearer ${await tokens.get()}`) }),
    shape(call, body) {
      if (call.dialect === 'gemini_embeddings') return oneContent(body);
      if (call.dialect !== 'anthropic') return body;
      const { model: _, ...rest } = body;
      return { anthropic_version: ANTHROPIC_VERSION, ...rest };
    },
    upstream: new HttpUpstream(base.origin),
  };
}

/** What speaks otherwise than Gemini: Claude, and the newer embeddings, whose `embedContent` takes one content. */
const OTHERS: readonly (readonly [RegExp, ReadonlySet<DialectId>])[] = [
  [/^claude-/, new Set(['anthropic'])],
  [/^gemini-embedding-(?!001$)/, new Set(['gemini_embeddings'])],
];

const PATHS = {
  ...GEMINI_PATHS,
  gemini_embeddings: ({ model }: Endpoint) => `/models/${segment(model)}:embedContent`,
  vertex_embeddings: ({ model }: Endpoint) => `/models/${segment(model)}:predict`,
};

function geminiPath(call: Endpoint): string {
  return `/publishers/google${pathOf(PATHS, call)}`;
}

/** @throws GatewayError bad_request for several texts */
function oneContent({ requests, ...body }: Fields): Fields {
  if (!Array.isArray(requests)) return body;
  if (requests.length > 1)
    throw new GatewayError('bad_request', 'This model of Vertex AI embeds one text a request.', { param: 'input' });
  const { model: _, ...request } = fields(requests[0]);
  return request;
}

function claudePath({ model, stream, path }: Endpoint): string {
  const models = '/publishers/anthropic/models';
  if (path.endsWith('/count_tokens')) return `${models}/count-tokens:rawPredict`;
  return `${models}/${segment(model)}:${stream ? 'streamRawPredict' : 'rawPredict'}`;
}

function accountGrant(owner: string, account: ServiceAccount) {
  return {
    owner,
    url: account.token_uri,
    form: () => ({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion(account) }),
  };
}

/** RFC 7523: a statement of who asks, signed with the account's key. */
function assertion({ client_email: iss, private_key: key, token_uri: aud }: ServiceAccount): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss, scope: SCOPE, aud, iat: now, exp: now + 3600 })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}
