// Prices as people compare them: which rates there are, what they are for, and how a rate is written.
import type { PriceEntry, PriceRates } from '../../schemas/api.ts';
import { count, NONE } from './format.ts';
import { term } from './query.ts';

const TOKENS = 'a million tokens';

export const RATES: readonly { readonly id: keyof PriceRates; readonly name: string; readonly unit: string }[] = [
  { id: 'input', name: 'Input', unit: TOKENS },
  { id: 'output', name: 'Output', unit: TOKENS },
  { id: 'cache_read', name: 'Cache read', unit: TOKENS },
  { id: 'cache_write', name: 'Cache write', unit: TOKENS },
  { id: 'cache_write_1h', name: 'Cache write for an hour', unit: TOKENS },
  { id: 'reasoning', name: 'Reasoning', unit: TOKENS },
  { id: 'audio_input', name: 'Audio input', unit: TOKENS },
  { id: 'audio_cache_read', name: 'Audio cache read', unit: TOKENS },
  { id: 'audio_output', name: 'Audio output', unit: TOKENS },
  { id: 'image_input', name: 'Image input', unit: TOKENS },
  { id: 'image_output', name: 'Image output', unit: TOKENS },
  { id: 'tool_input', name: 'Tool input', unit: TOKENS },
  { id: 'searches', name: 'Searches', unit: 'a thousand' },
  { id: 'requests', name: 'Requests', unit: 'a thousand' },
  { id: 'images', name: 'Images', unit: 'an image' },
  { id: 'audio_hours', name: 'Audio', unit: 'an hour' },
  { id: 'characters', name: 'Characters', unit: 'a million' },
];

/** $0.25, $12.50, $0.0375, $0: never fewer than two decimals, never a digit that is not there. */
export function rate(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return NONE;
  if (usd === 0) return '$0';
  const text = String(Number(usd.toPrecision(6)));
  if (text.includes('e')) return `$${text}`;
  const [whole, part = ''] = text.split('.');
  return `$${whole}.${part.padEnd(2, '0')}`;
}

/** The rates that a price has, in the order of the list above. */
export function ratesOf(rates: Partial<PriceRates>): { name: string; unit: string; text: string }[] {
  return RATES.flatMap(({ id, name, unit }) => {
    const usd = rates[id] ?? null;
    return usd === null ? [] : [{ name, unit, text: rate(usd) }];
  });
}

/** What the dense row says beyond its columns: long inputs, tiers, dates. */
export function marksOf({ steps, tiers, history }: PriceEntry): string[] {
  const first = steps[0];
  return [
    ...(first ? [`above ${count(first.above)} tokens`] : []),
    ...tiers.map(({ tier, factor }) => `${tier} ×${factor}`),
    ...(history.length > 1 ? [`${history.length} dates`] : []),
  ];
}

/** The condition on traces of a price's calls: providers answer to a model's name and to its dated snapshots. */
export function conditionOf({ model }: PriceEntry): string {
  return /^[\w./-]+$/.test(model) ? `model:${model},${model}-2*` : term('model', model);
}
