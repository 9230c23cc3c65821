// A neutral call as a Messages request.

import type { Call, ToolDefinition } from '../../call.ts';
import { writeThinking } from '../claude-thinking.ts';
import { claudeTraits } from '../claude.ts';
import type { ClaudeTraits } from '../claude.ts';
import { closedSchema } from '../closed-schema.ts';
import type { CallTarget, WrittenCall } from '../types.ts';
import { Ledger, inexpressible, jsonInstruction, present } from '../write.ts';
import { cacheControl } from './content.ts';
import { writeMessages } from './messages.ts';

/** Top-level fields without a neutral word that are this API's own. */
const OWN: ReadonlySet<string> = new Set([
  'cache_control',
  'container',
  'context_management',
  'diagnostics',
  'inference_geo',
  'mcp_servers',
  'speed',
]);
const TIERS: ReadonlyMap<string, string> = new Map([
  ['auto', 'auto'],
  ['default', 'standard_only'],
  ['standard_only', 'standard_only'],
]);
/** Tools of the API that the provider runs bear the date of their version. */
const OWN_TOOL = /_20\d{6}$/;
const WEB_SEARCH = 'web_search_20250305';

/** @throws Inexpressible */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const traits = claudeTraits(model);
  const maxTokens = ledger.take('maxTokens') ?? traits.maxTokens;
  const tools = call.tools.map((tool) => writeTool(call, tool));
  const choice = toolChoice(ledger, tools.length > 0);
  const format = writeFormat(ledger, quirks.noJsonSchema === true);
  const thinking = writeThinking(ledger, { call, traits, maxTokens, forced: isForced(choice) });
  const { system, messages } = writeMessages(call, { traits, instruction: format.instruction });
  const effortAndFormat = present({ effort: thinking.effort, format: format.format });
  const body = present({
    model,
    max_tokens: maxTokens,
    system: system.length === 0 ? undefined : system,
    messages,
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: choice,
    thinking: thinking.thinking,
    output_config: Object.keys(effortAndFormat).length === 0 ? undefined : effortAndFormat,
    ...sampling(ledger, traits, thinking.thinks),
    stop_sequences: stops(ledger),
    metadata: metadata(ledger),
    service_tier: tier(ledger),
    ...ledger.takeExtra(OWN),
    stream: stream ? true : undefined,
  });
  return { body, dropped: ledger.dropped() };
}

function writeTool(call: Call, tool: ToolDefinition): Record<string, unknown> {
  if (tool.type !== 'function') return ownTool(call, tool);
  const parameters = (tool.parameters ?? {}) as Record<string, unknown>;
  const strict = tool.strict === true;
  const schema = strict ? closedSchema(parameters) : parameters;
  return present({
    name: tool.name,
    description: tool.description,
    input_schema: { type: 'object', ...(schema as object) },
    strict: strict ? true : undefined,
    ...cacheControl(tool),
  });
}

/** A search of the web is the same everywhere; everything else that a provider runs is its own. */
function ownTool(call: Call, tool: ToolDefinition): Record<string, unknown> {
  if (OWN_TOOL.test(tool.type) && tool.raw !== undefined) return tool.raw as Record<string, unknown>;
  if (/^(web_search|google_?search$)/i.test(tool.type)) return { type: WEB_SEARCH, name: 'web_search' };
  throw inexpressible(call, tool, `The tool ${tool.type}`);
}

type Choice = Record<string, unknown> | undefined;

function toolChoice(ledger: Ledger, hasTools: boolean): Choice {
  const choice = ledger.take('toolChoice');
  const parallel = ledger.take('parallelTools');
  if (!hasTools || (choice === undefined && parallel === undefined)) return undefined;
  if (choice === 'none') return { type: 'none' };
  const alone = parallel === undefined ? {} : { disable_parallel_tool_use: !parallel };
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...alone };
  return { type: choice === 'required' ? 'any' : 'auto', ...alone };
}

function isForced(choice: Choice): boolean {
  return choice?.['type'] === 'tool' || choice?.['type'] === 'any';
}

interface Format {
  readonly format?: Record<string, unknown>;
  readonly instruction?: string;
}

/** There is no mode for any JSON at all: that is asked for in words, and said to be. */
function writeFormat(ledger: Ledger, noSchema: boolean): Format {
  const format = ledger.take('format');
  if (format === undefined || format.type === 'text') return {};
  if (format.type === 'json') {
    ledger.drop('format');
    return { instruction: jsonInstruction(undefined) };
  }
  if (!noSchema) return { format: { type: 'json_schema', schema: closedSchema(format.schema) } };
  ledger.drop('format.schema');
  return { instruction: jsonInstruction(format.schema) };
}

/** Above 1 there is nothing: the default, 1, is nearest. A model that thinks takes no temperature but that. */
function sampling(ledger: Ledger, traits: ClaudeTraits, thinks: boolean): Record<string, unknown> {
  const kept = (name: 'temperature' | 'topP' | 'topK', refused: (value: number) => boolean): number | undefined => {
    const value = ledger.take(name);
    if (value === undefined || (!traits.noSampling && !refused(value))) return value;
    ledger.drop(name);
    return undefined;
  };
  const temperature = kept('temperature', (value) => value > 1 || (thinks && value !== 1));
  const both = traits.oneSampling && temperature !== undefined;
  return {
    temperature,
    top_p: kept('topP', (value) => both || (thinks && value < 0.95)),
    top_k: kept('topK', () => thinks),
  };
}

/** The API refuses a stop sequence of blanks alone. */
function stops(ledger: Ledger): readonly string[] | undefined {
  const asked = ledger.take('stop') ?? [];
  const taken = asked.filter((sequence) => sequence.trim() !== '');
  if (taken.length < asked.length) ledger.drop('stop');
  return taken.length === 0 ? undefined : taken;
}

function metadata(ledger: Ledger): Record<string, unknown> | undefined {
  const user = ledger.take('user');
  return user === undefined ? undefined : { user_id: user };
}

function tier(ledger: Ledger): string | undefined {
  const asked = ledger.take('serviceTier');
  const taken = TIERS.get(asked ?? '');
  if (asked !== undefined && taken === undefined) ledger.drop('serviceTier');
  return taken;
}
