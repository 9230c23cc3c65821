// What providers say of the bill beside their counts: what they charged, at which tier, where.

import type { Usage } from '../call.ts';
import { fields, text, type Fields } from './read.ts';

/** xAI counts in ticks. */
const TICKS_PER_USD = 1e10;

/**
 * Usage with what its own object says of the bill.
 * @param said the `usage` object, whoever made it: OpenRouter, Perplexity, xAI, DeepInfra, Anthropic
 */
export function withStated(usage: Usage | undefined, said: Fields): Usage | undefined {
  if (usage === undefined) return undefined;
  const cost = costOf(said);
  const region = text(said['inference_geo']);
  return {
    ...usage,
    ...(cost === undefined ? {} : { cost }),
    // Anthropic's fast mode stands beside its service tier.
    ...(said['speed'] === 'fast' ? { tier: 'fast' } : {}),
    ...(region === '' || region === 'not_available' ? {} : { region }),
  };
}

function costOf(usage: Fields): number | undefined {
  const ticks = amount(usage['cost_in_usd_ticks']);
  if (ticks !== undefined) return ticks / TICKS_PER_USD;
  const total = amount(fields(usage['cost'])['total_cost']) ?? amount(usage['estimated_cost']);
  if (total !== undefined) return total;
  const cost = amount(usage['cost']);
  // With a key of one's own OpenRouter charges its fee alone, and the provider sends a bill besides.
  const upstream = amount(fields(usage['cost_details'])['upstream_inference_cost']) ?? 0;
  return cost !== undefined && usage['is_byok'] === true ? cost + upstream : cost;
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
