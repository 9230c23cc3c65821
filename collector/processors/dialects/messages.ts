// Messages as senders write them (parts, OpenAI's shape, plain text) in the shapes of schemas/call.ts.
// Never throws; what it does not know it keeps as it is.

import { DIALECTS } from '../../../schemas/dialects/index.ts';
import type { AttrValue } from '../../receivers/model.ts';
import { asJson, toJson } from '../text.ts';
import type { Content } from '../types.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A structured value, or the one inside a text that is JSON; any other text is itself. */
export function jsonOf(value: AttrValue | undefined): unknown {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return asJson(value);
  if (!/^\s*[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** A text that is a JSON list is that list (of content parts); any other text stays text, also when it is JSON. */
export function contentOf(value: AttrValue): unknown {
  const json = jsonOf(value);
  return typeof value !== 'string' || Array.isArray(json) ? json : value;
}

/** Parts or tool definitions, one or many; a text is a text part. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return [];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.map((each) => (typeof each === 'string' ? { type: 'text', content: each } : each));
}

/** Input messages, one or many; a text is the user's. */
export function inputOf(value: unknown): unknown[] {
  return listOfMessages(value, 'user').map((message) => {
    if (Array.isArray(message['parts'])) return { ...message, parts: message['parts'].map(part) };
    return DIALECTS.openai_chat.readInput({ messages: [withCalls(message)] }).messages[0];
  });
}

/** Answers, one a choice; a text is the assistant's. */
export function outputOf(value: unknown): unknown[] {
  return listOfMessages(value, 'assistant').map((message) => {
    const finish = { finish_reason: typeof message['finish_reason'] === 'string' ? message['finish_reason'] : '' };
    if (Array.isArray(message['parts'])) return { ...message, parts: message['parts'].map(part), ...finish };
    const read = DIALECTS.openai_chat.readInput({ messages: [withCalls({ role: 'assistant', ...message })] });
    return { ...read.messages[0], ...finish };
  });
}

export function hasContent(content: Content | undefined): content is Content {
  if (content === undefined) return false;
  const { system, messages, tools, output } = content;
  return system.length + messages.length + tools.length + output.length > 0;
}

function listOfMessages(value: unknown, role: string): Fields[] {
  if (value === undefined || value === null || value === '') return [];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.map((each) => {
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) return each as Fields;
    return { role, content: typeof each === 'string' ? each : toJson(each) };
  });
}

/** Old emitters call the answer of a tool `result`. */
function part(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return { type: 'text', content: String(value) };
  const fields = value as Fields;
  if (fields['type'] !== 'tool_call_response' || !('result' in fields) || 'response' in fields) return value;
  const { result, ...rest } = fields;
  return { ...rest, response: result };
}

/** Tool calls written flat, `{id, name, arguments}`, as OpenAI nests them. */
function withCalls(message: Fields): Fields {
  const calls = message['tool_calls'];
  if (!Array.isArray(calls)) return message;
  const nested = calls.map((each: unknown) => {
    const call = (typeof each === 'object' && each !== null ? each : {}) as Fields;
    if ('function' in call) return call;
    const given = call['arguments'];
    const text = typeof given === 'string' ? given : toJson(given ?? {});
    return { id: call['id'], type: 'function', function: { name: call['name'], arguments: text } };
  });
  return { ...message, tool_calls: nested };
}
