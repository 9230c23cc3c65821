// What frameworks put into one attribute as the input or the output of a step: messages in many wrappings, arguments,
// documents, plain text. Read as far as it is known; the rest is kept as text. Never throws.

import { DIALECTS } from '../../../schemas/dialects/index.ts';
import type { AttrMap, AttrValue } from '../../receivers/model.ts';
import { toJson } from '../text.ts';
import type { Content } from '../types.ts';
import { inputOf, jsonOf, listOf, outputOf } from './messages.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const NO_CONTENT: Content = { system: [], messages: [], tools: [], output: [] };

/** Deeper names are left out. */
const DEEPEST = 12;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The tree that dotted names below `start` stand for: `start.0.role`, `start.0.content` is a list of one object. */
export function treeOf(attributes: AttrMap, start: string): unknown {
  const root: Branch = new Map();
  for (const [key, value] of attributes) {
    if (!key.startsWith(`${start}.`)) continue;
    const path = key.slice(start.length + 1).split('.');
    if (path.length <= DEEPEST) plant(root, path, value);
  }
  return root.size === 0 ? undefined : grown(root);
}

type Branch = Map<string, Branch | { readonly leaf: AttrValue }>;

function plant(root: Branch, path: readonly string[], value: AttrValue): void {
  let branch = root;
  for (const name of path.slice(0, -1)) {
    const next = branch.get(name);
    const below: Branch = next instanceof Map ? next : new Map();
    if (next !== below) branch.set(name, below);
    branch = below;
  }
  const last = path.at(-1) ?? '';
  if (!(branch.get(last) instanceof Map)) branch.set(last, { leaf: value });
}

function grown(branch: Branch): unknown {
  const entries = [...branch].map(([name, each]) => [name, each instanceof Map ? grown(each) : each.leaf] as const);
  if (!entries.every(([name]) => /^\d{1,5}$/.test(name))) return Object.fromEntries(entries);
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, each]) => each);
}

/** Whatever went into a step. */
export function anyInput(given: AttrValue | undefined): Content {
  const value = jsonOf(given);
  if (value === undefined || value === null || value === '') return NO_CONTENT;
  if (isFields(value) && !isMessage(value)) return requestOf(value);
  const all = isFields(value) ? [value] : value;
  return { ...NO_CONTENT, messages: isMessages(all) ? messagesOf(all) : textOf(all, 'user') };
}

/** What a function that calls a model takes: the messages by one of their names, with what stands beside them. */
function requestOf(request: Fields): Content {
  const inner = request['messages'] ?? request['input'] ?? request['prompt'] ?? request['contents'];
  if (!isMessages(inner) && typeof inner !== 'string') return { ...NO_CONTENT, messages: textOf(request, 'user') };
  const system = listOf(request['system'] ?? request['instructions']);
  return { ...NO_CONTENT, system, messages: messagesOf(inner), tools: toolsOf(request['tools']) };
}

/** Whatever came out of a step. */
export function anyOutput(given: AttrValue | undefined): unknown[] {
  const value = jsonOf(given);
  if (value === undefined || value === null || value === '') return [];
  const found: unknown = isFields(value) ? answersOf(value) : value;
  if (typeof found === 'string') return outputOf(found);
  if (!isMessages(found)) return outputOf(textOf(found, 'assistant'));
  const answers = found.flat().map((each) => (isFields(each) ? each : { role: 'assistant', content: each }));
  return outputOf(messagesOf(answers).map((message, at) => ({ ...message, finish_reason: finishOf(answers[at]) })));
}

/** The wrappings that providers and frameworks give to answers. */
function answersOf(value: Fields): unknown {
  const { choices, generations, messages, replies, message, content, output, combined_chunk_content } = value;
  if (isMessage(value)) return [value];
  if (Array.isArray(choices)) return choices.map(choiceOf);
  const generated = Array.isArray(generations) ? generations.flat() : replies;
  if (Array.isArray(generated)) return generated.map(generationOf);
  const inner = messages ?? (isMessage(message) ? [message] : undefined) ?? content ?? output ?? combined_chunk_content;
  return typeof inner === 'string' || isMessages(inner) ? inner : value;
}

function generationOf(each: unknown): unknown {
  return isFields(each) ? (each['message'] ?? each['text'] ?? each) : each;
}

function choiceOf(choice: unknown): unknown {
  if (!isFields(choice)) return choice;
  const { message, finish_reason } = choice;
  return isFields(message)
    ? { finish_reason, ...message }
    : { role: 'assistant', content: choice['text'] ?? '', finish_reason };
}

function finishOf(message: unknown): string {
  if (!isFields(message)) return '';
  const own = message['meta'] ?? message['_meta'];
  const meta = isFields(own) ? own : message;
  const reason = meta['finish_reason'] ?? message['stop_reason'];
  return typeof reason === 'string' ? reason : '';
}

type Value = AttrValue | undefined;

/** A step that calls a tool: what with, and what came back. */
export function toolStep({ name, id }: Record<'name' | 'id', string>, given: Value, result: Value): Content {
  const called = { type: 'tool_call', id, name, arguments: jsonOf(given) };
  const response = { type: 'tool_call_response', id, response: jsonOf(result) };
  return {
    ...NO_CONTENT,
    messages: given === undefined ? [] : [{ role: 'assistant', parts: [called] }],
    output: result === undefined ? [] : [{ role: 'tool', parts: [response], finish_reason: '' }],
  };
}

/** Definitions of tools: OpenAI's nested ones, flat ones, JSON text of one. */
export function toolsOf(value: unknown): unknown[] {
  const values: unknown[] = Array.isArray(value) ? value : [];
  return values.map((each) => {
    const tool = typeof each === 'string' ? jsonOf(each) : each;
    if (!isFields(tool)) return { type: 'function', name: String(each) };
    const inner = isFields(tool['function']) ? tool['function'] : tool;
    const { name, description, parameters = inner['input_schema'] ?? inner['inputSchema'] } = inner;
    return { type: 'function', name, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) };
  });
}

function textOf(value: unknown, role: string): Fields[] {
  const content = typeof value === 'string' ? value : toJson(value);
  return [{ role, parts: [{ type: 'text', content }] }];
}

function isMessage(value: unknown): value is Fields {
  if (!isFields(value)) return false;
  if (isFields(value['kwargs'])) return 'content' in value['kwargs'];
  const role = value['role'] ?? value['_role'] ?? LANGCHAIN_ROLES.get(String(value['type']));
  return typeof role === 'string' && ['content', '_content', 'parts', 'tool_calls'].some((name) => name in value);
}

function isMessages(value: unknown): value is unknown[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.flat().every((each) => isMessage(each) || typeof each === 'string');
}

// prettier-ignore
const LANGCHAIN_ROLES: ReadonlyMap<string, string> = new Map([
  ['human', 'user'], ['ai', 'assistant'], ['system', 'system'], ['tool', 'tool'], ['HumanMessage', 'user'],
  ['AIMessage', 'assistant'], ['AIMessageChunk', 'assistant'], ['SystemMessage', 'system'], ['ToolMessage', 'tool'],
]);

/** Messages of OpenAI, Anthropic, Haystack and LangChain (batches of them, too) in the shapes of schemas/call.ts. */
export function messagesOf(value: unknown): Fields[] {
  const all: unknown[] = Array.isArray(value) ? value.flat() : [value];
  return all.flatMap((each): Fields[] => {
    const message = isFields(each) ? unwrapped(each) : each;
    if (!isFields(message) || !hasAnthropicParts(message)) return inputOf([message]).filter(isFields);
    return DIALECTS.anthropic.readInput({ messages: [message] }).messages.map((each) => ({ ...each }));
  });
}

function unwrapped(message: Fields): Fields {
  const fields = isFields(message['kwargs']) ? message['kwargs'] : message;
  const id: unknown = message['id'];
  const name = Array.isArray(id) ? String(id.at(-1)) : String(fields['type']);
  const role = fields['role'] ?? fields['_role'] ?? LANGCHAIN_ROLES.get(name);
  const content = contentOf(fields['content'] ?? fields['_content']);
  const calls = fields['tool_calls'];
  const tool_calls = Array.isArray(calls) ? { tool_calls: calls.map(callOf) } : {};
  return { ...fields, role, ...(content === undefined ? {} : { content }), ...tool_calls };
}

/** LangChain calls the arguments `args`. */
function callOf(call: unknown): unknown {
  return isFields(call) && 'args' in call ? { ...call, arguments: call['args'] } : call;
}

/** Haystack's parts are told by their one name. */
function contentOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) =>
    isFields(part) && typeof part['text'] === 'string' && !('type' in part)
      ? { type: 'text', text: part['text'] }
      : part,
  );
}

function hasAnthropicParts({ content }: Fields): boolean {
  return (
    Array.isArray(content) &&
    content.some((part: unknown) => isFields(part) && /^tool_(use|result)$/.test(String(part['type'])))
  );
}
