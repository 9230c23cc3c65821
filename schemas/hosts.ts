// Well-known hosts and servers that speak OpenAI's API, as rows of data: a provider that is named after one (or has it
// as its `type`) needs no base_url. One more is one more row.

import type { Quirks } from './dialects/types.ts';

export interface Host {
  /** '' where everybody runs it somewhere else: then `base_url` is asked for. */
  readonly baseUrl: string;
  /** gen_ai.provider.name */
  readonly system: string;
  readonly quirks?: Quirks;
}

export const HOSTS = {
  groq: { baseUrl: 'https://api.groq.com/openai/v1', system: 'groq' },
  mistral: { baseUrl: 'https://api.mistral.ai/v1', system: 'mistral_ai', quirks: { noStreamOptions: true } },
  together: { baseUrl: 'https://api.together.xyz/v1', system: 'together_ai' },
  deepseek: { baseUrl: 'https://api.deepseek.com/v1', system: 'deepseek' },
  xai: { baseUrl: 'https://api.x.ai/v1', system: 'x_ai' },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', system: 'openrouter' },
  fireworks: { baseUrl: 'https://api.fireworks.ai/inference/v1', system: 'fireworks_ai' },
  perplexity: { baseUrl: 'https://api.perplexity.ai', system: 'perplexity' },
  cerebras: { baseUrl: 'https://api.cerebras.ai/v1', system: 'cerebras' },
  deepinfra: { baseUrl: 'https://api.deepinfra.com/v1/openai', system: 'deepinfra' },
  nvidia: { baseUrl: 'https://integrate.api.nvidia.com/v1', system: 'nvidia' },
  ollama: { baseUrl: 'http://127.0.0.1:11434/v1', system: 'ollama' },
  vllm: { baseUrl: 'http://127.0.0.1:8000/v1', system: 'vllm' },
  lm_studio: { baseUrl: 'http://127.0.0.1:1234/v1', system: 'lm_studio' },
  llama_cpp: { baseUrl: '', system: 'llama_cpp' },
  sglang: { baseUrl: '', system: 'sglang' },
} as const satisfies Record<string, Host>;

export type HostId = keyof typeof HOSTS;

export const HOST_IDS = Object.keys(HOSTS) as HostId[];

/** The row of a name, when it is one. */
export function hostOf(name: string | undefined): Host | undefined {
  return name !== undefined && Object.hasOwn(HOSTS, name) ? HOSTS[name as HostId] : undefined;
}
