// Service tiers and regions: what the price table does not say. Factors on the standard token rates, as the providers
// publish them; searches and other tools cost the same in every tier. A tier that is not here has no published price:
// the call is unpriced, unless the config's `prices` gives the tier's factor.

/** One word for each tier, whatever its provider calls it; '' is the standard one. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['batch', 'batch'],
  ['flex', 'flex'],
  ['on_demand_flex', 'flex'],
  ['priority', 'priority'],
  ['on_demand_priority', 'priority'],
  ['fast', 'fast'],
  // Capacity that was bought beforehand: its tokens have no price of their own.
  ['scale', 'scale'],
  ['reserved', 'scale'],
  ['provisioned_throughput', 'scale'],
  ['provisioned', 'scale'],
  ['performance', 'performance'],
]);

/** The tier that a provider or a caller named; '' for the standard one and for words that mean no tier. */
export function tierOf(word: string | undefined): string {
  return WORDS.get((word ?? '').toLowerCase().replace(/^service_tier_/, '')) ?? '';
}

/** The tier that is billed: what the answer says counts, and only where it says nothing what was asked for. */
export function billedTier(said: readonly (string | undefined)[], asked: unknown): string {
  const words = said.filter((word) => word !== undefined && word !== '');
  if (words.length === 0) return tierOf(typeof asked === 'string' ? asked : '');
  return words.map(tierOf).find((tier) => tier !== '') ?? '';
}

interface TierRow {
  /** Ids of the price table. */
  readonly providers: readonly string[];
  readonly models: RegExp;
  readonly tiers: Readonly<Record<string, number>>;
}

const HALF = { batch: 0.5 };

/**
 * The first row that fits a provider and a model gives each tier its factor. Written down in November 2026 without a way
 * to open the providers' pages: OpenAI's rows for models before GPT-5.5, Bedrock's, Mistral's, Together's and Fireworks'
 * are from memory of them and not checked. `prices` in the config overrides each.
 */
const TIERS: readonly TierRow[] = [
  // OpenAI: priority was renamed fast on 2026-07-30, both words are taken. openai.com/api-fast-mode
  { providers: ['openai'], models: /^gpt-5\.5(?!-pro)/, tiers: speedy(2.5) },
  { providers: ['openai'], models: /^gpt-5-mini/, tiers: speedy(0.45 / 0.25) },
  { providers: ['openai'], models: /^(?:gpt-4\.1(?!-nano)|o3(?!-))/, tiers: speedy(1.75) },
  { providers: ['openai'], models: /^gpt-4\.1-nano/, tiers: speedy(2) },
  { providers: ['openai'], models: /^gpt-4o-mini(?!-)/, tiers: speedy(0.25 / 0.15) },
  { providers: ['openai'], models: /^gpt-4o(?!-)/, tiers: speedy(1.7) },
  { providers: ['openai'], models: /^o4-mini(?!-)/, tiers: speedy(2 / 1.1) },
  { providers: ['openai'], models: /^gpt-(?:5|6)(?!.*-(?:pro|nano|image))/, tiers: speedy(2) },
  { providers: ['openai'], models: /./, tiers: { ...HALF, flex: 0.5 } },
  // Microsoft publishes priority rates a model, about twice the standard ones: give them in the config.
  { providers: ['azure'], models: /./, tiers: HALF },
  // platform.claude.com, "Pricing": batches half; priority is capacity bought beforehand. Fast mode by model.
  { providers: ['anthropic'], models: /^claude-opus-5-5/, tiers: { ...HALF, fast: 2 } },
  { providers: ['anthropic'], models: /^claude-opus-4-6/, tiers: { ...HALF, fast: 6 } },
  { providers: ['anthropic'], models: /./, tiers: HALF },
  // ai.google.dev/gemini-api/docs/pricing: flex and batch half, priority 1.8
  { providers: ['google'], models: /^gemini/, tiers: { ...HALF, flex: 0.5, priority: 1.8 } },
  { providers: ['google'], models: /^claude/, tiers: HALF },
  // aws.amazon.com/bedrock/pricing: flex half, priority 1.75
  { providers: ['aws'], models: /./, tiers: { ...HALF, flex: 0.5, priority: 1.75 } },
  // Groq docs, flex-processing: flex costs what on-demand does
  { providers: ['groq'], models: /./, tiers: { ...HALF, flex: 1 } },
  { providers: ['mistral', 'together', 'fireworks'], models: /./, tiers: HALF },
];

function speedy(factor: number): Readonly<Record<string, number>> {
  return { ...HALF, flex: 0.5, priority: factor, fast: factor };
}

export function tiersOf(providerId: string, model: string): Readonly<Record<string, number>> {
  return TIERS.find((row) => row.providers.includes(providerId) && row.models.test(model))?.tiers ?? {};
}

interface RegionRow {
  readonly providers: readonly string[];
  readonly models: RegExp;
  /** Of the place that the answer names (Anthropic's inference_geo), or the host that was called. */
  readonly place: RegExp;
  readonly name: string;
  readonly factor: number;
}

/**
 * Places that cost more. Bedrock's are in the price table, by the prefix of the model (`us.`, `eu.`, `global.`);
 * Azure's data zones cannot be told from a call: `prices: {"DEPLOYMENT/*": {factor: 1.1}}` says it.
 */
const REGIONS: readonly RegionRow[] = [
  // platform.claude.com/docs, "Data residency": all token rates of Opus 4.6, Sonnet 4.6 and later
  {
    providers: ['anthropic'],
    models: /^claude-(?:(?:opus|sonnet)-(?:4-[6-9]|[5-9])|haiku-[5-9]|fable|mythos)/,
    place: /^us$/,
    name: 'us',
    factor: 1.1,
  },
  // cloud.google.com/vertex-ai/generative-ai/pricing: Claude 4.5 and later, regional and multi-region endpoints
  {
    providers: ['google'],
    models: /^claude-(?:(?:opus|sonnet|haiku)-(?:4-[5-9]|[5-9])|fable|mythos)/,
    place: /^[a-z0-9-]+-aiplatform\.|^aiplatform\.[a-z]{2}\.rep\./,
    name: 'regional',
    factor: 1.1,
  },
  // developers.openai.com, "Pricing": regional processing of models released after 2026-03-05
  {
    providers: ['openai'],
    models: /^gpt-(?:5\.[4-9]|[6-9])/,
    place: /^(?!api\.)[a-z]{2}\.api\.openai\.com/,
    name: 'regional',
    factor: 1.1,
  },
];

/** The region's name and factor, where it is one that costs more. */
export function regionOf(
  providerId: string,
  model: string,
  place: string,
): { name: string; factor: number } | undefined {
  if (place === '') return undefined;
  const fits = (row: RegionRow): boolean => row.providers.includes(providerId) && row.models.test(model);
  return REGIONS.find((row) => fits(row) && row.place.test(place));
}
