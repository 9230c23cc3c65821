// Every kind of provider by the word that the config uses. Nothing else switches on these names.

import { providerType, type Config, type ProviderType } from '../../schemas/config.ts';
import { HOSTS } from '../../schemas/hosts.ts';
import { anthropic } from './anthropic.ts';
import { azureOpenai } from './azure.ts';
import { bedrock } from './bedrock.ts';
import { cohere } from './cohere.ts';
import { compatible, known, openai } from './compatible.ts';
import { gemini } from './gemini.ts';
import { withKeys } from './key-ring.ts';
import { ollama } from './ollama.ts';
import { simulated } from './simulated.ts';
import type { Provider, ProviderKind, ProviderRegistry } from './types.ts';
import { vertex } from './vertex.ts';

const hosts = Object.fromEntries(Object.entries(HOSTS).map(([id, host]) => [id, known(host)])) as Record<
  keyof typeof HOSTS,
  ProviderKind
>;

const PROVIDERS: ProviderRegistry = {
  ...hosts,
  openai,
  anthropic,
  azure_openai: azureOpenai,
  gemini,
  vertex,
  bedrock,
  cohere,
  ollama,
  openai_compatible: compatible,
  simulated,
};

/** The provider that is always there; without any other it answers everything. */
export const SIMULATED: ProviderType = 'simulated';

/** The config's providers by name, and the built-in simulated one. */
export function createProviders(config: Pick<Config, 'providers'>): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>();
  for (const [id, each] of Object.entries(config.providers)) {
    const type = providerType(id, each);
    if (type !== undefined) providers.set(id, withKeys(PROVIDERS[type], { id, config: each }));
  }
  if (!providers.has(SIMULATED)) {
    const config = { models: [], headers: {} };
    providers.set(SIMULATED, PROVIDERS[SIMULATED].create({ id: SIMULATED, config }));
  }
  return providers;
}
