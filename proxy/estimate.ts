// Token counts for answers whose provider gave none: four bytes a token, which is about a sixth too many for English and
// code. Always marked as an estimate (`usageSource`), never mixed with a provider's numbers.

import type { Usage } from '../schemas/call.ts';

const BYTES_PER_TOKEN = 4;

export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

export function estimateUsage(inputBytes: number, outputBytes: number): Usage {
  return {
    input: estimateTokens(inputBytes),
    output: estimateTokens(outputBytes),
    cacheRead: 0,
    cacheWrite: 0,
    reasoning: 0,
  };
}
