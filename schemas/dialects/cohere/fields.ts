// Cohere's names for settings, and which of its fields have a neutral word.

import type { SettingName } from '../../call.ts';

/** A setting, its name here, its type. */
export const FIELDS: readonly (readonly [SettingName, string, 'number' | 'texts' | 'flag'])[] = [
  ['maxTokens', 'max_tokens', 'number'],
  ['temperature', 'temperature', 'number'],
  ['topP', 'p', 'number'],
  ['topK', 'k', 'number'],
  ['seed', 'seed', 'number'],
  ['stop', 'stop_sequences', 'texts'],
  ['frequencyPenalty', 'frequency_penalty', 'number'],
  ['presencePenalty', 'presence_penalty', 'number'],
  ['logprobs', 'logprobs', 'flag'],
];

export const NAMES: Readonly<Partial<Record<SettingName, string>>> = {
  ...Object.fromEntries(FIELDS.map(([setting, field]) => [setting, field])),
  toolChoice: 'tool_choice',
  format: 'response_format',
  thinking: 'thinking',
};

/** Fields that are read into neutral words; all others are kept as they are. */
export const READ: ReadonlySet<string> = new Set([
  ...Object.values(NAMES),
  'messages',
  'model',
  'stream',
  'strict_tools',
  'tools',
]);

/** Fields that only Cohere knows. */
export const OWN: ReadonlySet<string> = new Set(['citation_options', 'documents', 'priority', 'safety_mode']);
