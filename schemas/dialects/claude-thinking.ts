// How a Claude model is told to think: older ones for a number of tokens, newer ones with an effort.

import type { Call, Thinking } from '../call.ts';
import type { ClaudeTraits } from './claude.ts';
import { budgetOf, effortOf } from './thinking.ts';
import type { Ledger } from './write.ts';

/** The least that the API lets a model think for. */
const LEAST_BUDGET = 1024;

interface Context {
  readonly call: Call;
  readonly traits: ClaudeTraits;
  readonly maxTokens: number;
  /** A forced tool and thinking exclude each other. */
  readonly forced: boolean;
}

interface Written {
  readonly thinking?: Record<string, unknown>;
  readonly effort?: string;
  readonly thinks: boolean;
}

/** The `thinking` field and the effort; what cannot be had is dropped. */
export function writeThinking(ledger: Ledger, context: Context): Written {
  const asked = ledger.take('thinking');
  if (asked === undefined || onlyHides(asked)) return { thinks: false };
  const { traits, forced } = context;
  if (budgetOf(asked) === 0) {
    return { thinks: false, ...(traits.thinksByItself ? { thinking: { type: 'disabled' } } : {}) };
  }
  const byBudget = thinksByBudget(asked, traits);
  const effort = byBudget ? {} : effortFor(asked, traits);
  const thinking = byBudget ? enabled(asked, context) : { type: 'adaptive' };
  if (!forced && thinking !== undefined) {
    return { thinks: true, thinking: { ...thinking, ...displayOf(asked) }, ...effort };
  }
  ledger.drop('thinking');
  return { thinks: false, ...effort };
}

function thinksByBudget({ budget = -1 }: Thinking, { thinking }: ClaudeTraits): boolean {
  return thinking === 'enabled' || (thinking === 'both' && budget > 0);
}

/** Not to show thoughts is no wish for any. */
function onlyHides({ show, effort, budget }: Thinking): boolean {
  return show === false && effort === undefined && budget === undefined;
}

function displayOf({ show }: Thinking): Record<string, unknown> {
  return show === undefined ? {} : { display: show ? 'summarized' : 'omitted' };
}

/** The budget is a part of what the answer may cost; as much as it likes is half of that. */
function enabled(asked: Thinking, { call, maxTokens }: Context): Record<string, unknown> | undefined {
  const budget = budgetOf(asked) ?? -1;
  const tokens = budget < 0 ? Math.floor(maxTokens / 2) : Math.min(budget, maxTokens - 1);
  if (tokens < LEAST_BUDGET || unsignedCallIsOpen(call)) return undefined;
  return { type: 'enabled', budget_tokens: tokens };
}

function effortFor(asked: Thinking, { efforts }: ClaudeTraits): { effort?: string } {
  const effort = effortOf(asked);
  switch (effort) {
    case undefined:
    case 'none':
      return {};
    case 'minimal':
      return { effort: 'low' };
    case 'xhigh':
    case 'max':
      return { effort: efforts.includes(effort) ? effort : (efforts[0] ?? 'high') };
    default:
      return { effort };
  }
}

/** With a budget, a turn that waits for its tools must begin with the thought that called them; a stranger's is none. */
function unsignedCallIsOpen({ messages }: Call): boolean {
  if (messages.at(-1)?.role !== 'tool') return false;
  const caller = messages.findLast(({ role }) => role === 'assistant');
  return caller?.parts.some((part) => part.type === 'reasoning' && part.seal?.family === 'anthropic') !== true;
}
