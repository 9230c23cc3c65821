// The public price table (@pydantic/genai-prices): its names, its look-up, its history.

import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import type { RateName, Rates } from './rates.ts';

/** The version of the table in package.json; a test holds the two together. */
export const PRICE_TABLE = 'genai-prices-0.1.8';

/** Provider names of the OpenTelemetry conventions, of our hosts and of common clients, as the table calls them. */
const TABLE_NAMES: ReadonlyMap<string, string> = new Map([
  ['aws.bedrock', 'aws'],
  ['azure.ai.inference', 'azure'],
  ['azure.ai.openai', 'azure'],
  ['fireworks_ai', 'fireworks'],
  ['gcp.gemini', 'google'],
  ['gcp.gen_ai', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['mistral_ai', 'mistral'],
  ['moonshot_ai', 'moonshotai'],
  ['together_ai', 'together'],
  ['x_ai', 'x-ai'],
  ['z_ai', 'zai'],
  // Hugging Face passes these hosts' own prices on.
  ['hyperbolic', 'huggingface_hyperbolic'],
  ['nebius', 'huggingface_nebius'],
  ['nscale', 'huggingface_nscale'],
  ['sambanova', 'huggingface_sambanova'],
]);

/** All of the table's providers; a test looks whether a new version has more. */
export const TABLE_PROVIDERS = [
  'anthropic', 'arcee', 'avian', 'aws', 'azure', 'baseten', 'cerebras', 'cloudflare', 'cohere', 'cursor', 'deepseek',
  'doubleword', 'fireworks', 'github-copilot', 'google', 'groq', 'huggingface_cerebras', 'huggingface_fireworks-ai',
  'huggingface_groq', 'huggingface_hyperbolic', 'huggingface_nebius', 'huggingface_novita', 'huggingface_nscale',
  'huggingface_ovhcloud', 'huggingface_publicai', 'huggingface_sambanova', 'huggingface_together', 'minimax', 'mistral',
  'modal', 'moonshotai', 'novita', 'openai', 'openrouter', 'ovhcloud', 'perplexity', 'quicksilverpro', 'together',
  'typesafe', 'voyageai', 'x-ai', 'zai', 'zhipuai',
] as const; // prettier-ignore

const RATES: Readonly<Record<string, RateName>> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_write_mtok: 'cacheWrite',
  cache_write_1h_mtok: 'cacheWrite1h',
  output_reasoning_mtok: 'reasoning',
  input_audio_mtok: 'audioInput',
  cache_audio_read_mtok: 'audioCacheRead',
  output_audio_mtok: 'audioOutput',
  input_image_mtok: 'imageInput',
  output_image_mtok: 'imageOutput',
  web_searches_kcount: 'searches',
  requests_kcount: 'requests',
  audio_hours: 'audioHours',
};

export interface TableEntry {
  readonly provider: string;
  readonly model: string;
  /** As the caller wrote it, without what its provider puts around it. */
  readonly asked: string;
  readonly rates: Rates;
  /** A price that changes by the hour may not be kept for the day. */
  readonly hourly: boolean;
}

/** The table's word for a provider. */
export function tableProvider(provider: string): string {
  const name = provider.toLowerCase();
  return TABLE_NAMES.get(name) ?? name;
}

/** Finding a price costs tens of microseconds: keep what is found. */
export function findInTable(provider: string, model: string, at: Date): TableEntry | undefined {
  const providerId = tableProvider(provider);
  // The table also guesses providers by parts of their names; a guess is not a price.
  if (findProvider({ providerId })?.id !== providerId || Number.isNaN(at.getTime())) return undefined;
  for (const asked of new Set([model, plainName(model, [provider.toLowerCase(), providerId])])) {
    const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, asked, { providerId, timestamp: at });
    if (found === null) continue;
    const { model: entry, model_price } = found;
    return {
      provider: found.provider.id,
      model: entry.id,
      asked,
      rates: ratesOf(model_price),
      hourly: hourly(entry),
    };
  }
  return undefined;
}

/** `openai/gpt-5-mini` of openai, `models/gemini-2.5-pro` of google, the end of an ARN or of a resource's path. */
export function plainName(model: string, owners: readonly string[]): string {
  if (/^(?:arn:|projects\/|publishers\/|models\/)/.test(model)) return model.slice(model.lastIndexOf('/') + 1);
  const owner = owners.find((name) => model.startsWith(`${name}/`));
  return owner === undefined ? model : model.slice(owner.length + 1);
}

export interface ListedModel {
  readonly provider: string;
  readonly model: string;
  /** Newest first; the oldest has no date. */
  readonly history: readonly { readonly from: string; readonly rates: Rates }[];
}

/** Everything the table lists. */
export function* listedModels(): Generator<ListedModel> {
  for (const providerId of TABLE_PROVIDERS) {
    for (const model of findProvider({ providerId })?.models ?? []) {
      yield { provider: providerId, model: model.id, history: historyOf(model) };
    }
  }
}

function historyOf({ prices }: ModelInfo): ListedModel['history'] {
  if (!Array.isArray(prices)) return [{ from: '', rates: ratesOf(prices) }];
  return prices
    .filter(({ constraint }) => constraint?.type !== 'time_of_date')
    .map(({ constraint, prices: rates }) => ({
      from: constraint?.type === 'start_date' ? constraint.start_date : '',
      rates: ratesOf(rates),
    }))
    .reverse();
}

function ratesOf(prices: ModelPrice): Rates {
  return Object.fromEntries(
    Object.entries(prices).flatMap(([key, rate]) => {
      const name = RATES[key];
      return name === undefined || rate === undefined ? [] : [[name, rate]];
    }),
  );
}

function hourly({ prices }: ModelInfo): boolean {
  return Array.isArray(prices) && prices.some(({ constraint }) => constraint?.type === 'time_of_date');
}
