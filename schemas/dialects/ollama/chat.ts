// Ollama's chat: one text a message, pictures beside it, arguments as objects, a final object with the counts.

import type { Call, CallInput, CallOutput, Message, Part, ToolDefinition, ToolResultPart } from '../../call.ts';
import { checkedBody } from '../check.ts';
import { fields, isFields, list, readError, reasoningPart, role, text, textPart, toolDefinition } from '../read.ts';
import type { Fields } from '../read.ts';
import type { Asked, CallTarget, WireRequest, WrittenCall } from '../types.ts';
import { Ledger, argumentsObject, failedText, inexpressible, jsonText, present, resultParts } from '../write.ts';
import {
  otherOptions,
  readFinish,
  readImage,
  readSettings,
  readUsage,
  stamp,
  writeFinish,
  writeFormat,
  writeOptions,
  writeThink,
  writeUsage,
} from './options.ts';

const READ: ReadonlySet<string> = new Set(
  'format logprobs messages model options stream think tools top_logprobs'.split(' '),
);
/** Fields that only Ollama knows. */
const OWN: ReadonlySet<string> = new Set(['keep_alive', 'shift', 'truncate']);

export function readInput(value: unknown, paths = new WeakMap<object, string>()): CallInput {
  const body = fields(value);
  const tools = list(body['tools']).map(readTool);
  for (const [at, tool] of tools.entries()) paths.set(tool, `tools.${at}`);
  const names = new CallNames();
  const messages = list(body['messages']).map((each) => readMessage(fields(each), names));
  for (const [at, { parts }] of messages.entries()) {
    for (const part of parts) paths.set(part, `messages.${at}.${PLACE[part.type] ?? 'content'}`);
  }
  return { system: [], messages, tools };
}

const PLACE: Readonly<Partial<Record<Part['type'], string>>> = {
  blob: 'images',
  tool_call: 'tool_calls',
  reasoning: 'thinking',
};

/** Older servers and clients name no calls: they are numbered, and results find theirs by the tool's name or in order. */
class CallNames {
  #next = 0;
  readonly #open: { readonly id: string; readonly name: string }[] = [];

  called(id: string, name: string): string {
    const call = { id: id || `call_${this.#next}`, name };
    this.#next++;
    this.#open.push(call);
    return call.id;
  }

  answered(id: string, name: string): string {
    const found = this.#open.findIndex((call) => (id === '' ? name === '' || call.name === name : call.id === id));
    const [call] = this.#open.splice(found < 0 ? 0 : found, 1);
    return id || (call?.id ?? '');
  }
}

function readMessage(message: Fields, names: CallNames): Message {
  const of = role(message['role']);
  if (of === 'tool') return { role: of, parts: [readResult(message, names)] };
  const called = (id: string, name: string) => names.called(id, name);
  return { role: of, parts: readParts(message, called) };
}

/** What is in a message, in the order in which it is said. */
function readParts(message: Fields, called: (id: string, name: string) => string): readonly Part[] {
  const calls = list(message['tool_calls']).map((each): Part => {
    const { id, function: of } = fields(each);
    const name = text(fields(of)['name']);
    return { type: 'tool_call', id: called(text(id), name), name, arguments: fields(of)['arguments'] ?? {} };
  });
  return [
    ...reasoningPart(text(message['thinking'])),
    ...textPart(text(message['content'])),
    ...list(message['images']).map(readImage),
    ...calls,
  ];
}

function readResult({ tool_call_id, tool_name, name, content, images }: Fields, names: CallNames): ToolResultPart {
  const of = text(tool_name) || text(name);
  const said = text(content);
  const seen = list(images).map(readImage);
  return {
    type: 'tool_call_response',
    id: names.answered(text(tool_call_id), of),
    ...(of === '' ? {} : { name: of }),
    response: seen.length > 0 ? [...textPart(said), ...seen] : said,
  };
}

function readTool(value: unknown): ToolDefinition {
  const { type, function: of } = fields(value);
  const { name, description, parameters } = fields(of);
  return toolDefinition({ type: text(type) || 'function', name: text(name), description, parameters, raw: value });
}

/** Ollama streams unless it is told not to. */
export function streams(body: Fields): boolean {
  return body['stream'] !== false;
}

export function readCall({ body: value, model }: WireRequest): Call {
  const body = checkedBody(value);
  const paths = new WeakMap<object, string>();
  const others = Object.entries(body).filter(([name, value]) => !READ.has(name) && value !== null);
  return {
    ...readInput(body, paths),
    model: text(body['model']) || model,
    stream: streams(body),
    streamUsage: streams(body),
    settings: readSettings(body),
    extra: { ...Object.fromEntries(others), ...otherOptions(body) },
    paths,
  };
}

/** @throws Inexpressible */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const { format, instruction } = writeFormat(ledger, quirks.noJsonSchema === true);
  const told = instruction === undefined ? [] : [{ role: 'system', content: instruction }];
  const tools = offered(ledger, call);
  const body = {
    model,
    messages: [...writeSystem(call), ...told, ...call.messages.flatMap((each) => writeMessage(each, call))],
    stream,
    ...(tools.length > 0 ? { tools: tools.map((tool) => writeTool(tool, call)) } : {}),
    ...present({ format, think: writeThink(ledger.take('thinking')) }),
    ...writeOptions(ledger),
    ...ledger.takeExtra(OWN),
  };
  return { body, dropped: ledger.dropped() };
}

/** There is no word for the choice of tools, but those that may not be called need not be offered. */
function offered(ledger: Ledger, { tools, settings }: Call): readonly ToolDefinition[] {
  if (settings.toolChoice !== 'none') return tools;
  ledger.take('toolChoice');
  ledger.take('parallelTools');
  return [];
}

function writeTool(tool: ToolDefinition, call: Call): Fields {
  const { type, name, description, parameters } = tool;
  if (type !== 'function') throw inexpressible(call, tool, `The tool "${type}"`);
  const of = { name, description, parameters: parameters ?? { type: 'object', properties: {} } };
  return { type: 'function', function: present(of) };
}

function writeSystem(call: Call): readonly Fields[] {
  return call.system.length === 0 ? [] : writeMessage({ role: 'system', parts: call.system }, call);
}

/** Each result is a message of its own. */
function writeMessage({ role, parts }: Message, call: Call): readonly Fields[] {
  if (role === 'tool') return parts.map((part) => writeResult(part, call));
  const said = writeParts(parts, call);
  const empty = Object.keys(said).length === 1 && said['content'] === '';
  return empty ? [] : [{ role: role === 'developer' ? 'system' : role, ...said }];
}

function writeParts(parts: readonly Part[], call: Call): Fields {
  const of = sorted(parts, call);
  const { thoughts, texts, images, calls } = of;
  return {
    content: texts.join('\n\n'),
    ...(thoughts.length > 0 ? { thinking: thoughts.join('\n') } : {}),
    ...(images.length > 0 ? { images } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

interface Sorted {
  readonly thoughts: string[];
  readonly texts: string[];
  readonly images: string[];
  readonly calls: Fields[];
}

/** @param call the call that they are of; undefined for an answer, which leaves out what has no field */
function sorted(parts: readonly Part[], call: Call | undefined): Sorted {
  const of: Sorted = { thoughts: [], texts: [], images: [], calls: [] };
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') of.texts.push(part.content);
    else if (part.type === 'tool_call') of.calls.push(writeToolCall(part, of.calls.length));
    else if (part.type === 'blob' && part.modality === 'image') of.images.push(part.content);
    // Sealed thoughts are for whom they came from.
    else if (part.type === 'reasoning') of.thoughts.push(...(call && part.seal ? [] : [part.content]));
    else if (call !== undefined) throw inexpressible(call, part, nameOf(part));
  }
  return of;
}

function nameOf(part: Part): string {
  if (part.type === 'uri') return `An address of ${part.modality === 'image' ? 'an' : 'a'} ${part.modality}`;
  return 'modality' in part ? `This ${part.modality}` : `The part "${part.type}"`;
}

export function writeToolCall(
  { id, name, arguments: given }: Extract<Part, { type: 'tool_call' }>,
  index: number,
): Fields {
  return { id, function: { index, name, arguments: argumentsObject(given) } };
}

function writeResult(part: Part, call: Call): Fields {
  if (part.type !== 'tool_call_response') throw inexpressible(call, part, nameOf(part));
  const { images, texts } = Array.isArray(part.response)
    ? sorted(resultParts(part.response), call)
    : { images: [], texts: [jsonText(part.response)] };
  const name = part.name ?? nameOfCall(call, part.id);
  const said = texts.join('\n\n');
  return {
    role: 'tool',
    content: part.is_error === true ? failedText(said) : said,
    ...present({ tool_name: name, tool_call_id: part.id || undefined }),
    ...(images.length > 0 ? { images } : {}),
  };
}

function nameOfCall({ messages }: Call, id: string): string | undefined {
  const found = messages.flatMap(({ parts }) => parts).find((part) => part.type === 'tool_call' && part.id === id);
  return found?.type === 'tool_call' ? found.name : undefined;
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const { message, done, done_reason, model } = body;
  const error = readError(body);
  const parts = isFields(message) ? readParts(message, callIds(body)) : [];
  const called = parts.some(({ type }) => type === 'tool_call');
  return {
    messages: isFields(message) ? [{ role: 'assistant', parts, finish_reason: readFinish(done_reason, called) }] : [],
    usage: readUsage(body),
    model: text(model),
    id: '',
    complete: done === true || error !== undefined,
    error,
  };
}

/** Calls without an id are named after the moment of the answer, so that two turns have no call of the same name. */
export function callIds(body: Fields): (id: string) => string {
  const moment = text(body['created_at']).replaceAll(/\D/g, '');
  let next = 0;
  return (id) => id || `call_${moment}${moment === '' ? '' : '_'}${next++}`;
}

export function writeOutput({ messages, model, usage }: CallOutput, asked: Asked): Fields {
  const [message] = messages;
  const { thoughts, texts, calls, images } = sorted(message?.parts ?? [], undefined);
  return {
    model: model || asked.model,
    created_at: stamp(asked.created),
    message: {
      role: 'assistant',
      content: texts.join(''),
      ...(thoughts.length > 0 ? { thinking: thoughts.join('') } : {}),
      ...(images.length > 0 ? { images } : {}),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    done: true,
    done_reason: writeFinish(message?.finish_reason ?? 'error'),
    ...(usage === undefined ? {} : writeUsage(usage)),
  };
}
