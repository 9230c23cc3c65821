// Amazon Bedrock's runtime: signed with AWS keys, or with a Bedrock API key as a bearer token.

import { HttpUpstream, readBaseUrl } from './http.ts';
import { BEDROCK_PATHS, pathOf } from './paths.ts';
import { signV4, type AwsCredentials } from './sigv4.ts';
import type { Provider, ProviderKind, ProviderOptions } from './types.ts';

/** `us.anthropic.claude-...-v1:0`, or an ARN. */
const MODELS =
  /^(?:(?:us|eu|apac|au|jp|ca|sa|global|us-gov)\.)?(?:amazon|anthropic|ai21|cohere|deepseek|meta|mistral|openai|qwen|stability|twelvelabs|writer)\.|^arn:aws/;

export const bedrock: ProviderKind = { summary: 'Amazon Bedrock, by AWS keys or a Bedrock API key', create };

function create({ id, config }: ProviderOptions): Provider {
  const region = config.region ?? 'us-east-1';
  const base = readBaseUrl(config.base_url ?? `https://bedrock-runtime.${region}.amazonaws.com`);
  const host = new URL(base.origin).host;
  const credentials: AwsCredentials | undefined = config.aws && {
    accessKeyId: config.aws.access_key_id,
    secretAccessKey: config.aws.secret_access_key,
    sessionToken: config.aws.session_token,
  };
  const fixed = Object.entries(config.headers).flat();
  return {
    id,
    system: 'aws.bedrock',
    origin: base.origin,
    serverAddress: base.host,
    serverPort: base.port,
    dialects: new Set(['bedrock', 'bedrock_invoke']),
    models: new Set(config.models),
    knows: (model) => MODELS.test(model),
    quirks: {},
    endpoint: (call) => base.path + pathOf(BEDROCK_PATHS, call),
    rootPath: base.path,
    authorize(out) {
      out.push(...fixed);
      if (credentials === undefined && config.api_key !== undefined)
        out.push('authorization', `Bearer ${config.api_key}`);
    },
    ...(credentials === undefined
      ? {}
      : {
          sign(request) {
            const signing = { credentials, region, service: 'bedrock', host, at: new Date() };
            request.headers.push(...signV4(request, signing));
            return Promise.resolve();
          },
        }),
    upstream: new HttpUpstream(base.origin),
  };
}
