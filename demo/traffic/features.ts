// What the demo's company does with models: one row a feature.

import type { Task } from '../corpus/index.ts';
import type { Team } from '../config.ts';

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  /** Median milliseconds, and how often it fails. */
  readonly tookMs: number;
  readonly failing: number;
  readonly result: string;
}

export interface Feature {
  readonly id: string;
  readonly team: Team;
  readonly weight: number;
  readonly scenario: 'conversation' | 'documents' | 'agent';
  readonly task: Task;
  /** As the caller writes it: a route, or PROVIDER/MODEL. */
  readonly model: string;
  readonly dialect: 'openai_chat' | 'openai_responses' | 'anthropic';
  readonly streamed: number;
  readonly prompt: string;
  readonly versions: readonly { readonly version: string; readonly weight: number }[];
  readonly system: string;
  /** Probability of one more turn after each answer. */
  readonly followUp: number;
  readonly schema?: object;
  readonly tools?: readonly ToolSpec[];
}

const only = (version: string) => [{ version, weight: 1 }];

const object = (properties: Record<string, string>) => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, { type }])),
  required: Object.keys(properties),
  additionalProperties: false,
});

const tool = (name: string, description: string, more: Omit<ToolSpec, 'name' | 'description'>): ToolSpec => ({
  name,
  description,
  ...more,
});

const TOOLS: readonly ToolSpec[] = [
  tool('get_order', 'Look up an order with its shipping state', {
    parameters: object({ order_id: 'string' }), tookMs: 60, failing: 0.02,
    result: '{"state":"held","reason":"address_check_failed","last_delivery":{"postcode":"20095"}}',
  }),
  tool('search_issues', 'Search issues by meaning', {
    parameters: object({ query: 'string', limit: 'integer' }), tookMs: 180, failing: 0.01,
    result: '[{"id":412,"state":"closed","title":"no sound after wake-up"},{"id":577,"state":"open","title":"crash on pairing"}]',
  }),
  tool('get_weather', 'Forecast for a city', {
    parameters: object({ city: 'string', days: 'integer' }), tookMs: 240, failing: 0.05,
    result: '{"days":[{"sky":"sunny","high":21},{"sky":"cloudy","high":19}]}',
  }),
  tool('send_message', 'Draft a message to a customer', {
    parameters: object({ to: 'string', text: 'string' }), tookMs: 35, failing: 0.005, result: '{"draft":"ok"}',
  }),
]; // prettier-ignore

const SUPPORT_SYSTEM =
  'You are the support assistant of Fernweh, a shop for travel and audio goods. Answer in the language of the customer. ' +
  'Be friendly and short, say what happens next and when, never promise what is not in the policy, and never ask for card numbers. ' +
  'Policy: returns within 30 days, warranty two years, refunds within five working days, free replacement of parcels that are more than three working days late.';

export const FEATURES: readonly Feature[] = [
  {
    id: 'helpdesk', team: 'support', weight: 34, scenario: 'conversation', task: 'support', model: 'assistant',
    dialect: 'openai_chat', streamed: 0.95, prompt: 'support-reply', versions: [{ version: '11', weight: 1 }, { version: '12', weight: 4 }],
    system: SUPPORT_SYSTEM, followUp: 0.45,
  },
  {
    id: 'code-review', team: 'platform', weight: 10, scenario: 'conversation', task: 'review', model: 'coder',
    dialect: 'anthropic', streamed: 0.7, prompt: 'review-change', versions: only('4'),
    system: 'You review code. Name what is wrong, how bad it is and the smallest fix. Do not comment on style that a formatter would change.', followUp: 0,
  },
  {
    id: 'invoice-intake', team: 'finance', weight: 16, scenario: 'conversation', task: 'extract', model: 'openai/gpt-5-nano',
    dialect: 'openai_responses', streamed: 0, prompt: 'extract-fields', versions: only('3'),
    system: 'Extract the fields that are asked for. Answer with JSON only. Dates as YYYY-MM-DD, amounts as numbers.', followUp: 0,
    schema: { type: 'object' },
  },
  {
    id: 'handbook-search', team: 'research', weight: 14, scenario: 'documents', task: 'rag', model: 'openai/gpt-5-mini',
    dialect: 'openai_chat', streamed: 0.8, prompt: 'handbook-answer', versions: [{ version: '7', weight: 1 }, { version: '8', weight: 3 }],
    system: 'Answer from the numbered context only and cite it like [2]. Say so when the context does not contain the answer.', followUp: 0,
  },
  {
    id: 'digest', team: 'growth', weight: 10, scenario: 'conversation', task: 'summary', model: 'local/llama-3.3-70b',
    dialect: 'openai_chat', streamed: 0.2, prompt: 'digest', versions: only('2'),
    system: 'You write short summaries for busy people: facts first, owners and dates kept, no adjectives.', followUp: 0,
  },
  {
    id: 'release-notes', team: 'growth', weight: 6, scenario: 'conversation', task: 'summary', model: 'anthropic/claude-haiku-4-5',
    dialect: 'anthropic', streamed: 0.5, prompt: 'release-notes', versions: only('5'),
    system: 'You turn commits into release notes for customers. Group by new, improved and fixed.', followUp: 0,
  },
  {
    id: 'ops-agent', team: 'support', weight: 8, scenario: 'agent', task: 'agent', model: 'openai/gpt-5-mini',
    dialect: 'openai_chat', streamed: 0.3, prompt: 'ops-agent', versions: only('9'),
    system: 'You are an operations agent. Use the tools, one step at a time, and finish with what you did in two sentences.', followUp: 0,
    tools: TOOLS,
  },
  {
    id: 'model-trial', team: 'platform', weight: 3, scenario: 'conversation', task: 'summary', model: 'local/qwen3-32b',
    dialect: 'openai_chat', streamed: 1, prompt: 'digest', versions: only('3-rc1'),
    system: 'You write short summaries for busy people.', followUp: 0,
  },
]; // prettier-ignore

export const APP_VERSIONS = ['4.17.2', '4.18.0', '4.18.1'] as const;
export const REGIONS = ['eu-west', 'eu-central', 'us-east'] as const;
