// The config that the demo runs Signalbox with.

import { configSchema, type Config } from '../schemas/config.ts';
import { deploymentOf } from './models.ts';
import type { Provider } from './providers/server.ts';

export type DemoConfig = Pick<Config, 'providers' | 'prices' | 'routes' | 'keys'>;

/** Keys of the demo's teams, and one for whoever tries it by hand. They open nothing but this loopback demo. */
export const DEMO_KEYS = {
  you: 'signalbox-demo',
  support: 'demo-key-support',
  platform: 'demo-key-platform',
  finance: 'demo-key-finance',
  research: 'demo-key-research',
  growth: 'demo-key-growth',
} as const;

export type Team = Exclude<keyof typeof DEMO_KEYS, 'you'>;

const GPT_41 = { input: 2, output: 8, cache_read: 0.5 };

/** A bare `gpt-4.1` must name one place: the second deployment of the same model is reached by its full name. */
function entry({ id, baseUrl }: Provider): object {
  const known = id === 'openai' || id === 'anthropic';
  const models = id === 'azure-eu-2' ? [] : deploymentOf(id)?.models.map((model) => model.id);
  return { ...(known ? {} : { type: 'openai_compatible' }), base_url: baseUrl, api_key: `demo-upstream-${id}`, models };
}

export function demoConfig(running: readonly Provider[]): DemoConfig {
  const { providers, prices, routes, keys } = configSchema.parse({
    providers: Object.fromEntries(running.map((provider) => [provider.id, entry(provider)])),
    // local/qwen3-32b has no price on purpose: its cost shows as unpriced, never as zero.
    prices: {
      'azure-eu-1/gpt-4.1': GPT_41,
      'azure-eu-2/gpt-4.1': GPT_41,
      'local/llama-3.3-70b': { input: 0.2, output: 0.2 },
    },
    routes: {
      assistant: {
        strategy: 'weighted',
        targets: [
          { model: 'azure-eu-1/gpt-4.1', weight: 2 },
          { model: 'azure-eu-2/gpt-4.1', weight: 2 },
          { model: 'openai/gpt-5-mini', weight: 1 },
        ],
        fallback: ['openai/gpt-5-nano'],
      },
      coder: {
        strategy: 'fallback',
        targets: [{ model: 'anthropic/claude-sonnet-4-5' }, { model: 'anthropic/claude-haiku-4-5' }],
      },
    },
    keys: Object.entries(DEMO_KEYS).map(([team, key]) => ({ name: team, key, team: team === 'you' ? 'demo' : team })),
  });
  return { providers, prices, routes, keys };
}
