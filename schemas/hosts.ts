// Well-known hosts and servers that speak OpenAI's API, as rows of data: a provider that is named after one (or has it
// as its `type`) needs no base_url. One more is one more row; an address that moved is overridden by `base_url`.

import type { Quirks } from './dialects/types.ts';

export interface Host {
  /** '' where everybody runs it somewhere else or the address holds an account's name: then `base_url` is asked for. */
  readonly baseUrl: string;
  /** gen_ai.provider.name */
  readonly system: string;
  /** What it has beside chat: `responses`, `completions`, `embeddings`; all calls of another kind are translated to chat. */
  readonly also?: readonly ('responses' | 'completions' | 'embeddings')[];
  readonly quirks?: Quirks;
}

const CHAT_ONLY: readonly [] = [];
const EMBEDS = ['embeddings'] as const;
const COMPLETES = ['completions', 'embeddings'] as const;
const EVERYTHING = ['responses', 'completions', 'embeddings'] as const;

/** Servers that were made before `max_completion_tokens` and the developer role, and do not know them. */
const CLASSIC = { maxTokensField: 'max_tokens', noDeveloperRole: true } as const satisfies Quirks;

/** Servers of open models know how they were sampled from. */
const SAMPLING = ['topK', 'minP'] as const;

export const HOSTS = {
  // Clouds that run open models.
  groq: { baseUrl: 'https://api.groq.com/openai/v1', system: 'groq', also: ['responses'], quirks: { lacks: ['logprobs', 'topLogprobs', 'logitBias', 'n'] } },
  together: { baseUrl: 'https://api.together.xyz/v1', system: 'together_ai', also: COMPLETES, quirks: { ...CLASSIC, has: SAMPLING } },
  fireworks: { baseUrl: 'https://api.fireworks.ai/inference/v1', system: 'fireworks_ai', also: EVERYTHING, quirks: { ...CLASSIC, has: SAMPLING } },
  cerebras: { baseUrl: 'https://api.cerebras.ai/v1', system: 'cerebras', also: ['completions'], quirks: { lacks: ['frequencyPenalty', 'presencePenalty', 'logitBias'] } },
  sambanova: { baseUrl: 'https://api.sambanova.ai/v1', system: 'sambanova', also: EMBEDS, quirks: CLASSIC },
  nebius: { baseUrl: 'https://api.tokenfactory.nebius.com/v1', system: 'nebius', also: COMPLETES, quirks: CLASSIC },
  hyperbolic: { baseUrl: 'https://api.hyperbolic.xyz/v1', system: 'hyperbolic', also: ['completions'], quirks: CLASSIC },
  deepinfra: { baseUrl: 'https://api.deepinfra.com/v1/openai', system: 'deepinfra', also: COMPLETES, quirks: { ...CLASSIC, has: SAMPLING } },
  novita: { baseUrl: 'https://api.novita.ai/openai/v1', system: 'novita', also: COMPLETES, quirks: { ...CLASSIC, has: SAMPLING } },
  siliconflow: { baseUrl: 'https://api.siliconflow.com/v1', system: 'siliconflow', also: EMBEDS, quirks: CLASSIC },
  baseten: { baseUrl: 'https://inference.baseten.co/v1', system: 'baseten', also: CHAT_ONLY, quirks: CLASSIC },
  friendli: { baseUrl: 'https://api.friendli.ai/serverless/v1', system: 'friendli', also: ['completions'], quirks: CLASSIC },
  featherless: { baseUrl: 'https://api.featherless.ai/v1', system: 'featherless', also: ['completions'], quirks: CLASSIC },
  chutes: { baseUrl: 'https://llm.chutes.ai/v1', system: 'chutes', also: ['completions'], quirks: CLASSIC },
  inference_net: { baseUrl: 'https://api.inference.net/v1', system: 'inference_net', also: CHAT_ONLY, quirks: CLASSIC },
  nvidia: { baseUrl: 'https://integrate.api.nvidia.com/v1', system: 'nvidia', also: COMPLETES, quirks: CLASSIC },
  replicate: { baseUrl: 'https://openai-proxy.replicate.com/v1', system: 'replicate', also: CHAT_ONLY, quirks: CLASSIC },
  scaleway: { baseUrl: 'https://api.scaleway.ai/v1', system: 'scaleway', also: EMBEDS, quirks: CLASSIC },
  ovhcloud: { baseUrl: 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1', system: 'ovhcloud', also: EMBEDS, quirks: CLASSIC },
  ionos: { baseUrl: 'https://openai.inference.de-txl.ionos.com/v1', system: 'ionos', also: EMBEDS, quirks: CLASSIC },
  gmi: { baseUrl: 'https://api.gmi-serving.com/v1', system: 'gmi', also: CHAT_ONLY, quirks: CLASSIC },
  huggingface: { baseUrl: 'https://router.huggingface.co/v1', system: 'huggingface', also: ['responses'], quirks: CLASSIC },
  digitalocean: { baseUrl: 'https://inference.do-ai.run/v1', system: 'digitalocean', also: CHAT_ONLY },
  anyscale: { baseUrl: '', system: 'anyscale', also: COMPLETES, quirks: CLASSIC },
  databricks: { baseUrl: '', system: 'databricks', also: COMPLETES, quirks: CLASSIC },
  cloudflare: { baseUrl: '', system: 'cloudflare', also: EMBEDS, quirks: CLASSIC },
  snowflake: { baseUrl: '', system: 'snowflake', also: CHAT_ONLY },
  watsonx: { baseUrl: '', system: 'ibm.watsonx.ai', also: CHAT_ONLY, quirks: CLASSIC },
  // Makers of models.
  mistral: { baseUrl: 'https://api.mistral.ai/v1', system: 'mistral_ai', also: EMBEDS, quirks: { ...CLASSIC, noStreamOptions: true, shortIds: true, lacks: ['seed', 'logprobs', 'topLogprobs', 'logitBias', 'user', 'store', 'serviceTier', 'promptCacheKey', 'verbosity'] } },
  deepseek: { baseUrl: 'https://api.deepseek.com/v1', system: 'deepseek', also: CHAT_ONLY, quirks: { ...CLASSIC, noJsonSchema: true, thoughts: 'reasoning_content' } },
  xai: { baseUrl: 'https://api.x.ai/v1', system: 'x_ai', also: ['responses', 'completions'], quirks: {} },
  perplexity: { baseUrl: 'https://api.perplexity.ai', system: 'perplexity', also: CHAT_ONLY, quirks: { ...CLASSIC, has: ['topK'] } },
  moonshot: { baseUrl: 'https://api.moonshot.ai/v1', system: 'moonshot_ai', also: CHAT_ONLY, quirks: { ...CLASSIC, thoughts: 'reasoning_content' } },
  zai: { baseUrl: 'https://api.z.ai/api/paas/v4', system: 'z_ai', also: EMBEDS, quirks: CLASSIC },
  dashscope: { baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', system: 'alibaba_cloud', also: ['responses', 'embeddings'], quirks: CLASSIC },
  minimax: { baseUrl: 'https://api.minimax.io/v1', system: 'minimax', also: CHAT_ONLY, quirks: { ...CLASSIC, thoughts: 'reasoning_details' } },
  stepfun: { baseUrl: 'https://api.stepfun.ai/v1', system: 'stepfun', also: CHAT_ONLY, quirks: CLASSIC },
  ai21: { baseUrl: 'https://api.ai21.com/studio/v1', system: 'ai21', also: CHAT_ONLY, quirks: CLASSIC },
  upstage: { baseUrl: 'https://api.upstage.ai/v1', system: 'upstage', also: EMBEDS, quirks: CLASSIC },
  inception: { baseUrl: 'https://api.inceptionlabs.ai/v1', system: 'inception', also: CHAT_ONLY, quirks: CLASSIC },
  // Gateways to others.
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', system: 'openrouter', also: EVERYTHING, quirks: { has: SAMPLING, cacheControl: true, thoughts: 'reasoning_details' } },
  github: { baseUrl: 'https://models.github.ai/inference', system: 'github', also: EMBEDS },
  vercel: { baseUrl: 'https://ai-gateway.vercel.sh/v1', system: 'vercel', also: ['responses', 'embeddings'] },
  poe: { baseUrl: 'https://api.poe.com/v1', system: 'poe', also: ['responses'] },
  requesty: { baseUrl: 'https://router.requesty.ai/v1', system: 'requesty', also: EMBEDS },
  litellm: { baseUrl: '', system: 'litellm', also: EVERYTHING },
  // Servers that people run themselves.
  vllm: { baseUrl: 'http://127.0.0.1:8000/v1', system: 'vllm', also: EVERYTHING, quirks: { has: SAMPLING } },
  sglang: { baseUrl: 'http://127.0.0.1:30000/v1', system: 'sglang', also: COMPLETES, quirks: { has: SAMPLING } },
  tgi: { baseUrl: '', system: 'tgi', also: CHAT_ONLY, quirks: { ...CLASSIC, lacks: ['parallelTools', 'store', 'user', 'serviceTier'] } },
  llama_cpp: { baseUrl: '', system: 'llama_cpp', also: COMPLETES, quirks: { maxTokensField: 'max_tokens', has: SAMPLING } },
  lm_studio: { baseUrl: 'http://127.0.0.1:1234/v1', system: 'lm_studio', also: EVERYTHING, quirks: { maxTokensField: 'max_tokens' } },
  jan: { baseUrl: 'http://127.0.0.1:1337/v1', system: 'jan', also: CHAT_ONLY, quirks: CLASSIC },
  lemonade: { baseUrl: 'http://127.0.0.1:8000/api/v1', system: 'lemonade', also: COMPLETES, quirks: CLASSIC },
  localai: { baseUrl: '', system: 'localai', also: COMPLETES, quirks: CLASSIC },
  xinference: { baseUrl: 'http://127.0.0.1:9997/v1', system: 'xinference', also: COMPLETES, quirks: CLASSIC },
  triton: { baseUrl: '', system: 'triton', also: COMPLETES, quirks: CLASSIC },
} as const satisfies Record<string, Host>; // prettier-ignore

export type HostId = keyof typeof HOSTS;

export const HOST_IDS = Object.keys(HOSTS) as HostId[];

/** The row of a name, when it is one. */
export function hostOf(name: string | undefined): Host | undefined {
  return name !== undefined && Object.hasOwn(HOSTS, name) ? HOSTS[name as HostId] : undefined;
}
