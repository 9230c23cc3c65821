// The simulated deployments as data: which models they serve, how fast, how reliable. Medians and rates are chosen to
// resemble what the providers show in public, at small answers.

export interface ModelProfile {
  readonly id: string;
  /** What the answer says it was: a dated snapshot, as the real ones do. */
  readonly snapshot: string;
  readonly fingerprint: string;
  /** Median milliseconds to the first token, and the spread of its logarithm. */
  readonly ttftMs: number;
  readonly spread: number;
  readonly tokensPerSecond: number;
  /** Median hidden reasoning tokens; 0 for models that do not reason. */
  readonly reasoning: number;
}

export interface FaultRates {
  readonly throttled: number;
  readonly failed: number;
  readonly overloaded: number;
  readonly reset: number;
}

export interface DeploymentProfile {
  readonly id: string;
  readonly shape: 'openai' | 'anthropic';
  readonly models: readonly ModelProfile[];
  readonly faults: FaultRates;
  readonly requestsPerMinute: number;
  /** Tokens of the shortest prompt whose start is cached; real ones begin near 1,000, but the demo's prompts are short. 0: never. */
  readonly cachesFrom: number;
}

// prettier-ignore
export const DEPLOYMENTS: readonly DeploymentProfile[] = [
  {
    id: 'openai', shape: 'openai', requestsPerMinute: 10_000, cachesFrom: 160,
    faults: { throttled: 0.004, failed: 0.002, overloaded: 0, reset: 0.001 },
    models: [
      { id: 'gpt-5', snapshot: 'gpt-5-2025-08-07', fingerprint: 'fp_5c19ae0d72', ttftMs: 900, spread: 0.5, tokensPerSecond: 75, reasoning: 180 },
      { id: 'gpt-5-mini', snapshot: 'gpt-5-mini-2025-08-07', fingerprint: 'fp_8a2b61f0c4', ttftMs: 420, spread: 0.4, tokensPerSecond: 120, reasoning: 48 },
      { id: 'gpt-5-nano', snapshot: 'gpt-5-nano-2025-08-07', fingerprint: 'fp_03d7e4b95a', ttftMs: 260, spread: 0.35, tokensPerSecond: 190, reasoning: 0 },
      { id: 'text-embedding-3-small', snapshot: 'text-embedding-3-small', fingerprint: '', ttftMs: 60, spread: 0.3, tokensPerSecond: 0, reasoning: 0 },
    ],
  },
  {
    id: 'anthropic', shape: 'anthropic', requestsPerMinute: 4000, cachesFrom: 0,
    faults: { throttled: 0.003, failed: 0.001, overloaded: 0.006, reset: 0.001 },
    models: [
      { id: 'claude-sonnet-4-5', snapshot: 'claude-sonnet-4-5-20250929', fingerprint: '', ttftMs: 750, spread: 0.45, tokensPerSecond: 70, reasoning: 0 },
      { id: 'claude-haiku-4-5', snapshot: 'claude-haiku-4-5-20251001', fingerprint: '', ttftMs: 380, spread: 0.4, tokensPerSecond: 140, reasoning: 0 },
    ],
  },
  {
    id: 'azure-eu-1', shape: 'openai', requestsPerMinute: 3000, cachesFrom: 192,
    faults: { throttled: 0.003, failed: 0.002, overloaded: 0, reset: 0 },
    models: [{ id: 'gpt-4.1', snapshot: 'gpt-4.1-2025-04-14', fingerprint: 'fp_eu1_49d0c2', ttftMs: 340, spread: 0.35, tokensPerSecond: 95, reasoning: 0 }],
  },
  {
    id: 'azure-eu-2', shape: 'openai', requestsPerMinute: 3000, cachesFrom: 192,
    faults: { throttled: 0.003, failed: 0.003, overloaded: 0, reset: 0.001 },
    models: [{ id: 'gpt-4.1', snapshot: 'gpt-4.1-2025-04-14', fingerprint: 'fp_eu2_49d0c2', ttftMs: 370, spread: 0.35, tokensPerSecond: 95, reasoning: 0 }],
  },
  {
    id: 'local', shape: 'openai', requestsPerMinute: 600, cachesFrom: 0,
    faults: { throttled: 0, failed: 0.004, overloaded: 0, reset: 0.002 },
    models: [
      { id: 'llama-3.3-70b', snapshot: 'llama-3.3-70b', fingerprint: '', ttftMs: 210, spread: 0.3, tokensPerSecond: 42, reasoning: 0 },
      { id: 'qwen3-32b', snapshot: 'qwen3-32b', fingerprint: '', ttftMs: 160, spread: 0.3, tokensPerSecond: 60, reasoning: 0 },
    ],
  },
];

export function deploymentOf(id: string): DeploymentProfile | undefined {
  return DEPLOYMENTS.find((deployment) => deployment.id === id);
}

/** The profile of a model by its name or its dated snapshot. */
export function modelOf(deployment: DeploymentProfile, name: string): ModelProfile | undefined {
  return deployment.models.find((model) => model.id === name || model.snapshot === name);
}
