// The payload row of a span: content as JSON text of bounded size, and the two previews that lists show.

import type { IoRow } from '../../schemas/span.ts';
import { cutMarked, preview, toJson } from './text.ts';
import type { Item } from './types.ts';

/** JSON of one side of a conversation; above it long texts are cut, then the oldest messages left out. */
const MAX_JSON = 1024 * 1024;
const MAX_TEXT = 64 * 1024;

interface Input {
  readonly system: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly tools: readonly unknown[];
}

/** The span's payload row, made when it is first needed. */
export function ioOf(item: Item): IoRow {
  const { row } = item;
  item.io ??= {
    team: row.team,
    ts: row.ts,
    trace_id: row.trace_id,
    span_id: row.span_id,
    input: '',
    output: '',
    raw_request: '',
    raw_response: '',
    request_size: 0,
    response_size: 0,
  };
  return item.io;
}

export function setInput(item: Item, input: Input): void {
  const { system, messages, tools } = input;
  const json = inputJson(input);
  if (system.length + messages.length + tools.length > 0) ioOf(item).input = json;
  item.row.in_preview = preview(textOf(messages.at(-1)));
}

export function setOutput(item: Item, messages: readonly unknown[]): void {
  if (messages.length > 0) ioOf(item).output = outputJson(messages);
  item.row.out_preview = preview(textOf(messages[0]));
}

export function inputJson({ system, messages, tools }: Input): string {
  return fit(messages, (kept) => toJson({ system, messages: kept, tools }));
}

export function outputJson(messages: readonly unknown[]): string {
  return fit(messages, toJson);
}

/** Valid JSON of at most about MAX_JSON characters: the newest messages are the ones that stay. */
function fit(messages: readonly unknown[], json: (messages: readonly unknown[]) => string): string {
  const whole = json(messages);
  if (whole.length <= MAX_JSON) return whole;
  let kept = messages.map((message) => shortened(message, 0));
  let text = json(kept);
  while (text.length > MAX_JSON && kept.length > 1) {
    kept = kept.slice(Math.ceil(kept.length / 2));
    text = json([leftOut(messages.length - kept.length), ...kept]);
  }
  return text.length <= MAX_JSON ? text : json([leftOut(messages.length)]);
}

function leftOut(count: number): unknown {
  const content = `${count} of the messages were too large to keep`;
  return { role: 'system', parts: [{ type: 'generic', generic_type: 'left_out', content }], finish_reason: '' };
}

/** Every long text in a value, cut. */
function shortened(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutMarked(value, MAX_TEXT);
  if (typeof value !== 'object' || value === null || depth > 64) return value;
  if (Array.isArray(value)) return value.map((each) => shortened(each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each, depth + 1)]));
}

/** What a message says, for a preview: its texts, else the tools it calls or answers. */
function textOf(message: unknown): string {
  const texts = partsOf(message).map((part) => {
    if (typeof part['content'] === 'string' && part['type'] === 'text') return part['content'];
    if (part['type'] === 'tool_call') return `${String(part['name'])}(${short(part['arguments'])})`;
    return part['type'] === 'tool_call_response' ? short(part['response']) : '';
  });
  return texts.filter((text) => text !== '').join(' ');
}

function partsOf(message: unknown): Readonly<Record<string, unknown>>[] {
  if (typeof message !== 'object' || message === null || !('parts' in message)) return [];
  const parts: unknown = message.parts;
  if (!Array.isArray(parts)) return [];
  return parts.filter((part: unknown): part is Record<string, unknown> => typeof part === 'object' && part !== null);
}

function short(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value);
}
