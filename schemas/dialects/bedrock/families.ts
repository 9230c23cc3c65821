// Where the models of one API differ: Converse passes on what only one maker knows in `additionalModelRequestFields`.

import type { Call, Thinking } from '../../call.ts';
import { writeThinking } from '../claude-thinking.ts';
import { claudeTraits } from '../claude.ts';
import { fields, isFields } from '../read.ts';
import type { Fields } from '../read.ts';
import { budgetOf, effortOf } from '../thinking.ts';
import { present } from '../write.ts';
import type { Ledger } from '../write.ts';

/** What one maker's models take beyond Converse's own words. */
export interface Family {
  readonly cachePoints?: boolean;
  /** Its `tool_choice` can forbid calls beside each other. */
  readonly anthropicTools?: boolean;
  /** Settings in its own words. What it does not take from the ledger cannot be said. */
  readonly settings?: (ledger: Ledger, asked: Asked) => Said;
}

interface Said {
  /** Fields of the body. */
  readonly words: Fields;
  /** Whether it refuses one of Converse's own settings. */
  readonly refuses?: (name: 'temperature' | 'topP', value: number) => boolean;
}

export interface Asked {
  readonly call: Call;
  readonly model: string;
  readonly maxTokens: number | undefined;
  /** A tool must be called. */
  readonly forced: boolean;
}

const FAMILIES: readonly (readonly [RegExp, Family])[] = [
  [/anthropic\.|claude/, { cachePoints: true, anthropicTools: true, settings: claudeSettings }],
  [
    /amazon\.nova-2/,
    { cachePoints: true, settings: (ledger) => additional({ ...novaTopK(ledger), ...novaThinking(ledger) }) },
  ],
  [/amazon\.nova/, { cachePoints: true, settings: (ledger) => additional(novaTopK(ledger)) }],
  [/openai\./, { settings: (ledger) => additional({ reasoning_effort: threeEfforts(ledger.take('thinking')) }) }],
  [/cohere\./, { settings: (ledger) => additional({ k: ledger.take('topK') }) }],
  [/mistral\./, { settings: (ledger) => additional({ top_k: ledger.take('topK') }) }],
];

/** By the model's id. Which model an account's own ARN stands for is not known: it gets Converse's own words. */
export function familyOf(model: string): Family {
  return FAMILIES.find(([pattern]) => pattern.test(model))?.[1] ?? {};
}

function additional(value: Fields): Said {
  const said = present(value);
  return { words: Object.keys(said).length > 0 ? { additionalModelRequestFields: said } : {} };
}

function novaTopK(ledger: Ledger): Fields {
  const topK = ledger.take('topK');
  return { inferenceConfig: topK === undefined ? undefined : { topK } };
}

function novaThinking(ledger: Ledger): Fields {
  const thinking = ledger.take('thinking');
  if (thinking === undefined) return {};
  const type = budgetOf(thinking) === 0 ? 'disabled' : 'enabled';
  return { reasoningConfig: present({ type, maxReasoningEffort: threeEfforts(thinking) }) };
}

function threeEfforts(thinking: Thinking | undefined): string | undefined {
  const effort = thinking && effortOf(thinking);
  if (effort === undefined || effort === 'none') return undefined;
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort;
}

/** Newer ones refuse sampling; those that think take little of it while they do. */
function claudeSettings(ledger: Ledger, { call, model, maxTokens, forced }: Asked): Said {
  const traits = claudeTraits(model);
  const context = { call, traits, maxTokens: maxTokens ?? traits.maxTokens, forced };
  const { thinking, effort, thinks } = writeThinking(ledger, context);
  const topK = ledger.take('topK');
  const noTopK = traits.noSampling || thinks;
  if (noTopK && topK !== undefined) ledger.drop('topK');
  const { words } = additional({ thinking, top_k: noTopK ? undefined : topK });
  return {
    words: { ...words, ...(effort === undefined ? {} : { outputConfig: { effort } }) },
    refuses(name, value) {
      if (traits.noSampling) return true;
      if (name === 'temperature') return thinks && value !== 1;
      return (traits.oneSampling && call.settings.temperature !== undefined) || (thinks && value < 0.95);
    },
  };
}

/** Settings that callers said in `additionalModelRequestFields`, in any maker's words; what is left over stays. */
export function readAdditional(value: unknown): { settings: Fields; rest: Fields } {
  const { top_k, k, inferenceConfig, thinking, reasoningConfig, reasoning_effort, tool_choice, ...others } =
    fields(value);
  const { topK = top_k ?? k, ...inference } = fields(inferenceConfig);
  const { disable_parallel_tool_use, ...choice } = fields(tool_choice);
  const rest = {
    ...others,
    ...(Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {}),
    ...(Object.keys(choice).length > 0 && disable_parallel_tool_use === undefined ? { tool_choice } : {}),
  };
  const settings = {
    topK: typeof topK === 'number' ? topK : undefined,
    thinking: readThinking(thinking ?? reasoningConfig) ?? (reasoning_effort && { effort: reasoning_effort }),
    parallelTools: disable_parallel_tool_use === undefined ? undefined : disable_parallel_tool_use !== true,
    toolChoice: disable_parallel_tool_use === undefined ? undefined : readChoice(choice),
  };
  return { settings: present(settings), rest };
}

function readThinking(value: unknown): Thinking | undefined {
  if (!isFields(value)) return undefined;
  const { type, budget_tokens, maxReasoningEffort } = value;
  if (type === 'disabled') return { effort: 'none' };
  if (typeof budget_tokens === 'number') return { budget: budget_tokens };
  if (typeof maxReasoningEffort === 'string') return { effort: maxReasoningEffort as Thinking['effort'] & string };
  return { budget: -1 };
}

function readChoice({ type, name }: Fields): unknown {
  if (type === 'any') return 'required';
  return typeof name === 'string' ? { name } : 'auto';
}

/** Anthropic's words for a choice that forbids calls beside each other; Converse has none. */
export function writeSingleChoice(choice: unknown): Fields {
  const name = fields(choice)['name'];
  const type = choice === 'required' ? 'any' : name === undefined ? 'auto' : 'tool';
  return additional({ tool_choice: present({ type, name, disable_parallel_tool_use: true }) }).words;
}
