// A neutral call as a generateContent request.

import type { Call, Effort, Thinking, ToolDefinition } from '../../call.ts';
import { budgetOf, effortOf } from '../thinking.ts';
import type { CallTarget, WrittenCall } from '../types.ts';
import { Ledger, inexpressible, jsonInstruction, present } from '../write.ts';
import { writeContents } from './content.ts';
import { geminiTraits } from './models.ts';
import type { GeminiTraits } from './models.ts';
import { NUMBERS } from './settings.ts';

/** Fields without a neutral word that are this API's own, by their place. */
const OWN: ReadonlySet<string> = new Set(['cachedContent', 'labels', 'store']);
const OWN_CONFIG: ReadonlySet<string> = new Set(
  [
    'audioTimestamp',
    'enableAffectiveDialog',
    'enableEnhancedCivicAnswers',
    'mediaResolution',
    'responseFormat',
    'responseModalities',
    'routingConfig',
    'speechConfig',
  ].map((name) => `generationConfig.${name}`),
);
/** Tools that Google runs. */
const OWN_TOOLS: ReadonlySet<string> = new Set([
  'codeExecution',
  'computerUse',
  'enterpriseWebSearch',
  'fileSearch',
  'googleMaps',
  'googleSearch',
  'googleSearchRetrieval',
  'retrieval',
  'urlContext',
]);
const TIERS: ReadonlyMap<string, string> = new Map([
  ['default', 'standard'],
  ['standard', 'standard'],
  ['flex', 'flex'],
  ['priority', 'priority'],
]);

/** @throws Inexpressible */
export function writeCall(call: Call, { model, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const traits = geminiTraits(model);
  const format = writeFormat(ledger, quirks.noJsonSchema === true);
  const generationConfig = present({
    ...Object.fromEntries(
      Object.entries(NUMBERS).map(([ours, theirs]) => [theirs, ledger.take(ours as keyof typeof NUMBERS)]),
    ),
    stopSequences: ledger.take('stop'),
    ...format.config,
    thinkingConfig: writeThinking(ledger, traits),
    ...ownConfig(ledger),
  });
  const tools = writeTools(call);
  const body = present({
    ...writeContents(call, { traits, instruction: format.instruction }),
    tools: tools.length === 0 ? undefined : tools,
    toolConfig: writeChoice(ledger, call.tools.length > 0),
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
    safetySettings: ledger.take('safety'),
    serviceTier: writeTier(ledger),
    ...ledger.takeExtra(OWN),
  });
  return { body, dropped: ledger.dropped() };
}

function ownConfig(ledger: Ledger): Record<string, unknown> {
  const own = Object.entries(ledger.takeExtra(OWN_CONFIG));
  return Object.fromEntries(own.map(([name, value]) => [name.slice('generationConfig.'.length), value]));
}

/** All functions are one tool; each that Google runs is one of its own. */
function writeTools(call: Call): readonly Record<string, unknown>[] {
  const functions = call.tools.filter(({ type }) => type === 'function').map(writeFunction);
  const hosted = call.tools.filter(({ type }) => type !== 'function').map((tool) => writeHosted(call, tool));
  return [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...hosted];
}

function writeFunction({ name, description, parameters }: ToolDefinition): Record<string, unknown> {
  return present({ name, description, parametersJsonSchema: parameters });
}

/** A search of the web is the same everywhere; everything else that a provider runs is its own. */
function writeHosted(call: Call, tool: ToolDefinition): Record<string, unknown> {
  if (OWN_TOOLS.has(tool.type) && tool.raw !== undefined) return tool.raw as Record<string, unknown>;
  if (tool.type.startsWith('web_search')) return { googleSearch: {} };
  throw inexpressible(call, tool, `The tool ${tool.type}`);
}

function writeChoice(ledger: Ledger, hasTools: boolean): Record<string, unknown> | undefined {
  const choice = ledger.take('toolChoice');
  if (!hasTools || choice === undefined) return undefined;
  if (typeof choice === 'object') {
    return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [choice.name] } };
  }
  return { functionCallingConfig: { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() } };
}

interface Format {
  readonly config?: Record<string, unknown>;
  readonly instruction?: string;
}

function writeFormat(ledger: Ledger, noSchema: boolean): Format {
  const format = ledger.take('format');
  if (format === undefined || format.type === 'text') return {};
  const json = { responseMimeType: 'application/json' };
  if (format.type === 'json') return { config: json };
  if (!noSchema) return { config: { ...json, responseJsonSchema: format.schema } };
  ledger.drop('format.schema');
  return { config: json, instruction: jsonInstruction(format.schema) };
}

const LEVELS: Readonly<Partial<Record<Effort, string>>> = {
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};

function writeThinking(ledger: Ledger, traits: GeminiTraits): Record<string, unknown> | undefined {
  const asked = ledger.take('thinking');
  if (asked === undefined) return undefined;
  const nothing = budgetOf(asked) === 0;
  // One that always thinks is told to do the least; one that never does needs no telling.
  if (nothing ? !traits.off : traits.thinking === 'none') ledger.drop('thinking');
  if (traits.thinking === 'none') return undefined;
  const amount = nothing && traits.off ? { thinkingBudget: 0 } : amountOf(asked, traits);
  return present({ ...amount, includeThoughts: asked.show });
}

/** Tokens or a word, never both; tokens are taken as they were asked for where the model has no bounds. */
function amountOf(asked: Thinking, { thinking, least }: GeminiTraits): Record<string, unknown> {
  if (typeof thinking === 'object') return boundTokens(budgetOf(asked), thinking);
  const { budget = 0 } = asked;
  if (budget !== 0) return { thinkingBudget: budget };
  const effort = effortOf(asked);
  return effort === undefined ? {} : { thinkingLevel: LEVELS[effort] ?? least };
}

function boundTokens(budget: number | undefined, bounds: { least: number; most: number }): Record<string, unknown> {
  if (budget === undefined || budget < 0) return budget === undefined ? {} : { thinkingBudget: -1 };
  return { thinkingBudget: Math.min(Math.max(budget, bounds.least), bounds.most) };
}

function writeTier(ledger: Ledger): string | undefined {
  const asked = ledger.take('serviceTier');
  const taken = TIERS.get(asked ?? '');
  if (asked !== undefined && asked !== 'auto' && taken === undefined) ledger.drop('serviceTier');
  return taken;
}
