// Anthropic's account of tokens. Its input leaves cached tokens out; ours is the total.

import type { Usage, UsageUnits } from '../../call.ts';
import { count, fields, known, usageOf } from '../read.ts';
import { present } from '../write.ts';
import { withStated } from '../stated.ts';

const TIERS: ReadonlySet<unknown> = new Set(['standard', 'priority', 'batch']);

/**
 * The `usage` object. In a stream the numbers of `message_delta` are totals so far, not additions: merge the objects
 * (`mergeUsage`), then read.
 */
export function readAnthropicUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const cacheRead = known(usage['cache_read_input_tokens']);
  const written = fields(usage['cache_creation']);
  const hour = known(written['ephemeral_1h_input_tokens']);
  const cacheWrite = known(usage['cache_creation_input_tokens']) || known(written['ephemeral_5m_input_tokens']) + hour;
  const fresh = count(usage['input_tokens']);
  const read = usageOf({
    input: typeof fresh === 'number' ? fresh + cacheRead + cacheWrite : usage['input_tokens'],
    output: usage['output_tokens'],
    cacheRead,
    cacheWrite,
    reasoning: fields(usage['output_tokens_details'])['thinking_tokens'],
  });
  const searches = known(fields(usage['server_tool_use'])['web_search_requests']);
  const units: UsageUnits = present({
    cacheWrite1h: read === undefined || hour === 0 ? undefined : Math.min(hour, read.cacheWrite),
    searches: searches === 0 ? undefined : searches,
  });
  return withStated(read && (Object.keys(units).length === 0 ? read : { ...read, units }), usage);
}

const NOTHING: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

/** The other way round, as an answer carries it. */
export function writeAnthropicUsage(usage: Usage | undefined, tier: string | undefined): Record<string, unknown> {
  const { input, cacheRead, cacheWrite, output, reasoning, units = {} } = usage ?? NOTHING;
  const hour = units.cacheWrite1h ?? 0;
  return {
    input_tokens: Math.max(0, input - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite - hour, ephemeral_1h_input_tokens: hour },
    output_tokens: output,
    output_tokens_details: reasoning === 0 ? null : { thinking_tokens: reasoning },
    server_tool_use:
      units.searches === undefined ? null : { web_search_requests: units.searches, web_fetch_requests: 0 },
    service_tier: TIERS.has(tier) ? tier : null,
    speed: tier === 'fast' ? tier : null,
  };
}
