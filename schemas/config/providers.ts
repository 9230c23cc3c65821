// The section `providers`: what each type of provider reads, and what it cannot do without.

import { z } from 'zod';
import { HOST_IDS, hostOf } from '../hosts.ts';
import { httpUrl, secret } from './values.ts';

export const PROVIDER_TYPES = [
  'openai',
  'anthropic',
  'azure_openai',
  'gemini',
  'vertex',
  'bedrock',
  'cohere',
  'ollama',
  'openai_compatible',
  'simulated',
  ...HOST_IDS,
] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** What is used of a Google service account's key. */
export interface ServiceAccount {
  readonly client_email: string;
  readonly private_key: string;
  readonly project_id: string;
  readonly token_uri: string;
}

const serviceAccountKey = z.object({
  client_email: z.string().min(1),
  private_key: z.string().includes('PRIVATE KEY'),
  project_id: z.string().default(''),
  token_uri: httpUrl.default('https://oauth2.googleapis.com/token'),
});

function serviceAccount(text: string, context: z.RefinementCtx): ServiceAccount {
  try {
    const read = serviceAccountKey.safeParse(JSON.parse(text));
    if (read.success) return read.data;
  } catch {
    // Said below: a message of JSON.parse would quote the key.
  }
  context.addIssue({
    code: 'custom',
    message: 'must be the JSON text of a service account key (client_email, private_key, ...)',
  });
  return z.NEVER;
}

export const provider = z.strictObject({
  type: z.enum(PROVIDER_TYPES).optional(),
  base_url: httpUrl.optional(),
  api_key: secret.optional(),
  /** Several keys instead of one: the next is used where a provider refuses or throttles the one before. */
  api_keys: z.array(secret).min(1).max(100).optional(),
  /** Names that a bare `model` may use to reach this provider. */
  models: z.array(z.string().min(1).max(256)).default([]),
  headers: z.record(z.string(), z.string()).default({}),
  /** azure_openai: a dated API version; without one the v1 API is called. */
  api_version: z.string().min(1).optional(),
  /** azure_openai: an application of Entra ID instead of a key. */
  entra: z
    .strictObject({
      tenant_id: z.string().min(1),
      client_id: z.string().min(1),
      client_secret: secret,
      scope: z.string().min(1).default('https://cognitiveservices.azure.com/.default'),
      login_url: httpUrl.default('https://login.microsoftonline.com'),
    })
    .optional(),
  /** bedrock, vertex: where the models run. */
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be a region like eu-central-1 or global')
    .optional(),
  /** vertex: the project; that of the service account unless said. */
  project: z
    .string()
    .regex(/^[a-z0-9.:-]{1,64}$/, 'must be a project id')
    .optional(),
  /** vertex: the service account's key as its JSON text. */
  credentials: z.string().min(1).transform(serviceAccount).optional(),
  /** bedrock: without an api_key. */
  aws: z
    .strictObject({
      access_key_id: secret,
      secret_access_key: secret,
      session_token: secret.optional(),
    })
    .optional(),
});

export type ProviderConfig = z.infer<typeof provider>;

/** Type of a configured provider: said, or known by its name. */
export function providerType(id: string, config: Pick<ProviderConfig, 'type'>): ProviderType | undefined {
  return config.type ?? PROVIDER_TYPES.find((type) => type === id);
}

/** Told of each problem, with its place below the config's root. */
export type Report = (path: PropertyKey[], message: string) => void;

export function checkProvider(id: string, config: ProviderConfig, report: Report): void {
  const type = providerType(id, config);
  if (type === undefined) {
    report(['providers', id], `needs a type: one of ${PROVIDER_TYPES.join(', ')} (known by name only for those)`);
    return;
  }
  const needsUrl = type === 'openai_compatible' || type === 'azure_openai' || hostOf(type)?.baseUrl === '';
  if (config.base_url === undefined && needsUrl) {
    report(['providers', id, 'base_url'], `a provider of type ${type} needs a base_url`);
  }
  for (const [field, owners] of Object.entries(OWN_FIELDS)) {
    if (config[field as keyof typeof OWN_FIELDS] === undefined || owners.includes(type)) continue;
    report(['providers', id, field], `means nothing to a provider of type ${type}, only to ${owners.join(', ')}`);
  }
  checkKeys(id, config, report);
  if (type === 'bedrock') checkBedrock(id, config, report);
  if (type === 'vertex') checkVertex(id, config, report);
}

/** Fields of a provider that only some types read. */
const OWN_FIELDS = {
  api_version: ['azure_openai'],
  entra: ['azure_openai'],
  region: ['bedrock', 'vertex'],
  project: ['vertex'],
  credentials: ['vertex'],
  aws: ['bedrock'],
} as const satisfies Partial<Record<keyof ProviderConfig, readonly ProviderType[]>> as Readonly<
  Record<'api_version' | 'entra' | 'region' | 'project' | 'credentials' | 'aws', readonly ProviderType[]>
>;

function checkKeys(id: string, { api_key, api_keys }: ProviderConfig, report: Report): void {
  if (api_key !== undefined && api_keys !== undefined)
    report(['providers', id, 'api_keys'], 'stands instead of api_key: write all keys here, or one there');
}

function checkBedrock(id: string, config: ProviderConfig, report: Report): void {
  if (config.region === undefined && config.base_url === undefined)
    report(['providers', id, 'region'], 'a provider of type bedrock needs a region, for example eu-central-1');
  if (config.aws !== undefined && config.region === undefined)
    report(['providers', id, 'region'], 'is needed to sign requests with aws keys');
}

function checkVertex(id: string, config: ProviderConfig, report: Report): void {
  if ((config.project ?? config.credentials?.project_id ?? '') === '')
    report(['providers', id, 'project'], 'a provider of type vertex needs a project, here or in its credentials');
}
