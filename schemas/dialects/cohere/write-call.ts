// A neutral call as Cohere's chat request.

import type { Call, Message, OutputFormat, Part, Thinking, ToolDefinition, ToolResultPart } from '../../call.ts';
import { budgetOf } from '../thinking.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, WrittenCall } from '../types.ts';
import { Ledger, failedText, inexpressible, jsonInstruction, jsonText, present, resultParts } from '../write.ts';
import { writeAssistant } from './answer.ts';
import { FIELDS, OWN } from './fields.ts';

/** Cohere's penalties end at 1 and do not go below 0. */
const PENALTIES: ReadonlySet<string> = new Set(['frequencyPenalty', 'presencePenalty']);
const MOST_STOPS = 5;

/** @throws Inexpressible */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const format = writeFormat(ledger, quirks.noJsonSchema === true);
  const body = {
    model,
    messages: writeMessages(call, format.instruction),
    ...writeTools(ledger, call),
    ...present({ response_format: format.format, thinking: writeThinking(ledger.take('thinking')) }),
    ...writeSettings(ledger, call),
    ...ledger.takeExtra(OWN),
    ...(stream ? { stream: true } : {}),
  };
  return { body, dropped: ledger.dropped() };
}

function writeMessages(call: Call, instruction: string | undefined): readonly Fields[] {
  const messages = call.messages.flatMap((message) => writeMessage(message, call));
  const system = [
    ...call.system.map((part) => textOf(part, call)),
    ...(instruction === undefined ? [] : [instruction]),
  ];
  return system.length === 0 ? messages : [{ role: 'system', content: system.join('\n\n') }, ...messages];
}

function writeMessage({ role, parts }: Message, call: Call): readonly Fields[] {
  switch (role) {
    case 'tool':
      return parts.map((part) => writeResult(part, call));
    case 'assistant': {
      const said = writeAssistant(parts.filter((part) => isKept(part, call)));
      return Object.keys(said).length > 0 ? [{ role, ...said }] : [];
    }
    default: {
      const content = parts
        .filter((part) => part.type !== 'text' || part.content !== '')
        .map((part) => writeContent(part, call));
      const of = role === 'developer' ? 'system' : role;
      return content.length > 0 ? [{ role: of, content }] : [];
    }
  }
}

/** Sealed thoughts are for whom they came from. */
function isKept(part: Part, call: Call): boolean {
  if (part.type === 'reasoning') return part.seal === undefined;
  if (part.type === 'text' || part.type === 'refusal' || part.type === 'tool_call') return true;
  throw inexpressible(call, part, `The part "${part.type}"`);
}

function writeContent(part: Part, call: Call): Fields {
  if (part.type === 'text') return { type: 'text', text: part.content };
  if ((part.type !== 'blob' && part.type !== 'uri') || part.modality !== 'image')
    throw inexpressible(call, part, 'modality' in part ? `This ${part.modality}` : `The part "${part.type}"`);
  const url = part.type === 'uri' ? part.uri : `data:${part.mime_type};base64,${part.content}`;
  return { type: 'image_url', image_url: present({ url, detail: part.detail }) };
}

function textOf(part: Part, call: Call): string {
  if (part.type === 'text') return part.content;
  throw inexpressible(call, part, 'An instruction that is no text');
}

function writeResult(part: Part, call: Call): Fields {
  if (part.type !== 'tool_call_response') throw inexpressible(call, part, `The part "${part.type}"`);
  return { role: 'tool', tool_call_id: part.id, content: resultContent(part, call) };
}

function resultContent(part: ToolResultPart, call: Call): unknown {
  if (!Array.isArray(part.response))
    return part.is_error === true ? failedText(jsonText(part.response)) : jsonText(part.response);
  return resultParts(part.response).map((each) => {
    if (each.type === 'text') return { type: 'text', text: each.content };
    if (each.type === 'generic' && each.generic_type === 'document') return each.content;
    throw inexpressible(call, part, 'A tool result that is more than text');
  });
}

/** One tool that must be called is the only one on offer. */
function writeTools(ledger: Ledger, call: Call): Fields {
  const choice = ledger.take('toolChoice');
  const named = typeof choice === 'object' ? choice.name : undefined;
  const tools = call.tools.filter(({ name }) => named === undefined || name === named);
  if (tools.length === 0) return {};
  const forced = choice === 'required' || named !== undefined ? 'REQUIRED' : undefined;
  return present({
    tools: tools.map((tool) => writeTool(tool, call)),
    tool_choice: choice === 'none' ? 'NONE' : forced,
    strict_tools: tools.every(({ strict }) => strict === true) ? true : undefined,
  });
}

function writeTool(tool: ToolDefinition, call: Call): Fields {
  const { type, name, description, parameters } = tool;
  if (type !== 'function') throw inexpressible(call, tool, `The tool "${type}"`);
  const of = present({ name, description, parameters: parameters ?? { type: 'object', properties: {} } });
  return { type: 'function', function: of };
}

function writeFormat(ledger: Ledger, noSchema: boolean): { format?: Fields; instruction?: string } {
  const format: OutputFormat | undefined = ledger.take('format');
  if (format === undefined || format.type === 'text') return {};
  if (format.type === 'json') return { format: { type: 'json_object' } };
  if (!noSchema) return { format: { type: 'json_object', json_schema: format.schema } };
  ledger.drop('format.schema');
  return { format: { type: 'json_object' }, instruction: jsonInstruction(format.schema) };
}

function writeThinking(thinking: Thinking | undefined): Fields | undefined {
  const budget = thinking && budgetOf(thinking);
  if (budget === undefined) return undefined;
  if (budget === 0) return { type: 'disabled' };
  return budget < 0 ? { type: 'enabled' } : { type: 'enabled', token_budget: budget };
}

/** Log probabilities stand in Cohere's own shape: only Cohere's callers can have them. */
function writeSettings(ledger: Ledger, { settings }: Call): Fields {
  const body: Record<string, unknown> = {};
  for (const [setting, field] of FIELDS) {
    if (setting === 'logprobs') continue;
    const value = ledger.take(setting);
    const outside = PENALTIES.has(setting) && typeof value === 'number' && (value < 0 || value > 1);
    if (outside) ledger.drop(setting);
    else if (value !== undefined) body[field] = value;
  }
  if ((settings.stop ?? []).length > MOST_STOPS)
    throw new Inexpressible('stop', `Cohere takes ${MOST_STOPS} stop sequences at most.`);
  return body;
}
