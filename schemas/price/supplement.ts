// What the price table of @pydantic/genai-prices lacks, as the providers' pages had it, from memory. A row adds
// rates to the table's model of that provider, or stands for itself where the table has no such model.

import type { Price, Rates } from './rates.ts';

interface SupplementRow {
  /** Ids of the price table. */
  readonly providers: readonly string[];
  readonly models: RegExp;
  readonly rates?: Rates;
  readonly audioIsText?: true;
  readonly leastSeconds?: number;
}

const ROWS: readonly SupplementRow[] = [
  // developers.openai.com/api/docs/pricing: audio tokens of the audio previews; speech by the character; moderation is free
  { providers: ['openai'], models: /^gpt-4o-audio-preview/, rates: { audioInput: 40, audioOutput: 80 } },
  { providers: ['openai'], models: /^gpt-4o-mini-audio-preview/, rates: { audioInput: 10, audioOutput: 20 } },
  { providers: ['openai'], models: /^tts-1(?!-hd)/, rates: { characters: 15 } },
  { providers: ['openai'], models: /^tts-1-hd/, rates: { characters: 30 } },
  { providers: ['openai'], models: /^(?:omni|text)-moderation/, rates: { input: 0, output: 0 } },
  // The one output rate of these models is the rate of speech.
  { providers: ['openai'], models: /-tts/, audioIsText: true },
  // ai.google.dev/gemini-api/docs/pricing: grounding with Google Search beyond the free allowance; pictures by the piece
  { providers: ['google'], models: /^gemini-2/, rates: { searches: 35 }, audioIsText: true },
  { providers: ['google'], models: /^gemini-(?:[3-9]|flash|pro)/, rates: { searches: 14 }, audioIsText: true },
  { providers: ['google'], models: /^gemini/, audioIsText: true },
  { providers: ['google'], models: /^imagen-4\.0-fast/, rates: { images: 0.02 } },
  { providers: ['google'], models: /^imagen-4\.0-ultra/, rates: { images: 0.06 } },
  { providers: ['google'], models: /^imagen-4\.0/, rates: { images: 0.04 } },
  // docs.perplexity.ai: the fee of a request pays for its searches
  { providers: ['perplexity'], models: /^sonar(?!-deep)/, rates: { searches: 0 } },
  // platform.claude.com: a search costs the same for models that the table lists without it
  { providers: ['anthropic'], models: /^claude/, rates: { searches: 10 } },
  // cohere.com/pricing: a search of rerank
  { providers: ['cohere'], models: /^rerank/, rates: { searches: 2 } },
  // Groq docs, speech-to-text: ten seconds are billed at least
  { providers: ['groq'], models: /^(?:distil-)?whisper/, leastSeconds: 10 },
];

type Supplement = Pick<Price, 'audioIsText' | 'leastSeconds'> & { readonly rates: Rates };

/** @param found what the table has, if it has anything. @returns undefined where nobody has a price */
export function supplemented(providerId: string, model: string, found: Rates | undefined): Supplement | undefined {
  const row = ROWS.find((each) => each.providers.includes(providerId) && each.models.test(model));
  if (found === undefined && row?.rates === undefined) return undefined;
  const { audioIsText = false, leastSeconds } = row ?? {};
  return { rates: { ...row?.rates, ...found }, audioIsText, ...(leastSeconds === undefined ? {} : { leastSeconds }) };
}
