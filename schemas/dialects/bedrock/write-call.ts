// A neutral call as Converse's request: two roles by turns, tools in specifications, settings of one maker apart.

import type { Call, Message, OutputFormat, Part, ToolChoice, ToolDefinition } from '../../call.ts';
import { closedSchema } from '../closed-schema.ts';
import { fields } from '../read.ts';
import type { Fields } from '../read.ts';
import type { CallTarget, WrittenCall } from '../types.ts';
import { Ledger, inexpressible, jsonInstruction, jsonText, present } from '../write.ts';
import { cachePoint, writeBlock } from './blocks.ts';
import type { Writing } from './blocks.ts';
import { familyOf, writeSingleChoice } from './families.ts';
import type { Asked, Family } from './families.ts';

/** Fields that only Converse knows. */
const OWN: ReadonlySet<string> = new Set([
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'guardrailConfig',
  'performanceConfig',
  'promptVariables',
]);
/** What Converse takes as a name or value of metadata. */
const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/;
const TIERS: ReadonlySet<unknown> = new Set(['default', 'flex', 'priority', 'reserved']);

/** @throws Inexpressible */
export function writeCall(call: Call, { model, quirks }: CallTarget): WrittenCall {
  const family = familyOf(model);
  const ledger = new Ledger(call, quirks);
  const choice = ledger.take('toolChoice');
  const offered = choice === 'none' ? [] : call.tools;
  const writing = { call, tools: offered.length > 0, names: new Set<string>(), family };
  const format = writeFormat(ledger.take('format'), quirks.noJsonSchema === true);
  if (format.dropped !== undefined) ledger.drop(format.dropped);
  const words = [
    writeSettings(ledger, family, { call, model, forced: choice === 'required' || typeof choice === 'object' }),
    format.body,
    writeToolConfig(ledger, { call, offered, choice, family }),
    ledger.takeExtra(OWN),
  ];
  const body = {
    messages: writeMessages(call, writing),
    ...present({ system: notEmpty(writeSystem(call, writing, format.instruction)) }),
    ...merged(words),
  };
  return { body, dropped: ledger.dropped() };
}

/** Objects of the same name become one: several settings live in each. */
function merged(all: readonly Fields[]): Fields {
  const body: Record<string, unknown> = {};
  for (const [name, value] of all.flatMap(Object.entries)) {
    const both = name === 'additionalModelRequestFields' || name === 'outputConfig';
    body[name] = both ? { ...fields(body[name]), ...fields(value) } : value;
  }
  return body;
}

function notEmpty<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length > 0 ? values : undefined;
}

type With = Writing & { readonly family: Family };

function writeSystem({ system, messages }: Call, writing: With, instruction: string | undefined): readonly Fields[] {
  const others = messages.filter(isInstruction).flatMap(({ parts }) => parts);
  const said = instruction === undefined ? [] : [{ text: instruction }];
  return [...blocksOf([...system, ...others], writing), ...said];
}

function isInstruction({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

/** Two roles by turns: what follows in the same one is the same message. */
function writeMessages({ messages }: Call, writing: With): readonly Fields[] {
  const written: { role: string; content: Fields[] }[] = [];
  for (const message of messages) {
    if (isInstruction(message)) continue;
    const content = blocksOf(message.parts, writing);
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = written.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) written.push({ role, content: [...content] });
  }
  return written;
}

function blocksOf(parts: readonly Part[], writing: With): readonly Fields[] {
  return parts.flatMap((part) => {
    const block = writeBlock(part, writing);
    const mark = 'cache' in part && writing.family.cachePoints === true ? part.cache : undefined;
    return block === undefined ? [] : mark === undefined ? [block] : [block, cachePoint(mark.ttl)];
  });
}

function writeSettings(ledger: Ledger, { settings }: Family, asked: Omit<Asked, 'maxTokens'>): Fields {
  const maxTokens = ledger.take('maxTokens');
  const { words = {}, refuses } = settings?.(ledger, { ...asked, maxTokens }) ?? {};
  const kept = (name: 'temperature' | 'topP'): number | undefined => {
    const value = ledger.take(name);
    // Converse ends at 1 where others go on to 2: a model is then as free as it is by itself.
    if (value === undefined || (value <= 1 && refuses?.(name, value) !== true)) return value;
    ledger.drop(name);
    return undefined;
  };
  const inference = present({
    maxTokens,
    temperature: kept('temperature'),
    topP: kept('topP'),
    stopSequences: ledger.take('stop'),
  });
  const body = Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {};
  return { ...body, ...words, ...writeTier(ledger), ...writeMetadata(ledger) };
}

function writeTier(ledger: Ledger): Fields {
  const type = ledger.take('serviceTier');
  if (TIERS.has(type)) return { serviceTier: { type } };
  if (type !== undefined && type !== 'auto') ledger.drop('serviceTier');
  return {};
}

function writeMetadata(ledger: Ledger): Fields {
  const metadata = ledger.take('metadata');
  if (metadata === undefined) return {};
  const fits = Object.entries(metadata)
    .flat()
    .every((word) => typeof word === 'string' && METADATA.test(word));
  if (!fits) ledger.drop('metadata');
  return fits ? { requestMetadata: metadata } : {};
}

/** Converse knows schemas, but no JSON without one. */
function writeFormat(
  format: OutputFormat | undefined,
  noSchema: boolean,
): { body: Fields; instruction?: string; dropped?: string } {
  if (format === undefined || format.type === 'text') return { body: {} };
  if (format.type === 'json') return { body: {}, instruction: jsonInstruction(undefined), dropped: 'format' };
  if (noSchema) return { body: {}, instruction: jsonInstruction(format.schema), dropped: 'format.schema' };
  const { name, description } = format;
  const jsonSchema = present({ schema: jsonText(closedSchema(format.schema)), name, description });
  return { body: { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } } };
}

interface Offer {
  readonly call: Call;
  readonly offered: readonly ToolDefinition[];
  readonly choice: ToolChoice | undefined;
  readonly family: Family;
}

function writeToolConfig(ledger: Ledger, { call, offered, choice, family }: Offer): Fields {
  if (offered.length === 0) {
    ledger.take('parallelTools');
    return {};
  }
  const tools = offered.flatMap((tool) => {
    const mark = family.cachePoints === true ? tool.cache : undefined;
    return mark === undefined ? [writeTool(tool, call)] : [writeTool(tool, call), cachePoint(mark.ttl)];
  });
  const single = family.anthropicTools === true && ledger.take('parallelTools') === false;
  if (single) return { toolConfig: { tools }, ...writeSingleChoice(choice) };
  return { toolConfig: present({ tools, toolChoice: writeChoice(choice) }) };
}

function writeTool(tool: ToolDefinition, call: Call): Fields {
  const { type, name, description, parameters, strict, raw } = tool;
  if (type !== 'function') {
    if ('systemTool' in fields(raw)) return fields(raw);
    throw inexpressible(call, tool, `The tool "${type}"`);
  }
  const json = parameters ?? { type: 'object', properties: {} };
  return { toolSpec: present({ name, description, inputSchema: { json }, strict }) };
}

function writeChoice(choice: ToolChoice | undefined): Fields | undefined {
  if (choice === 'required') return { any: {} };
  if (choice === 'auto') return { auto: {} };
  return typeof choice === 'object' ? { tool: { name: choice.name } } : undefined;
}
