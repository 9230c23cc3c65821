// What a simulated model says: the corpus's answer where the question is known, tool calls where tools are offered,
// JSON where JSON is asked for, and something sensible for everybody else.

import type { Answering } from '../behaviour.ts';
import { recall } from '../corpus/index.ts';
import { hash, type Random } from '../random.ts';
import { countTokens, firstTokens } from '../tokens.ts';
import type { Asked, Tool } from './asked.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** Reasoning included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Seconds since 1970. */
  readonly created: number;
}

export interface Saying {
  readonly asked: Asked;
  readonly behaviour: Answering;
  /** The dated name of the model. */
  readonly snapshot: string;
  readonly created: number;
}

export function compose({ asked, behaviour, snapshot, created }: Saying, random: Random): Answer {
  const toolCalls = callTools(asked, random);
  const whole = toolCalls.length > 0 ? '' : speak(asked, behaviour.quality);
  const room = Math.max(1, asked.maxTokens);
  const cut = Number.isFinite(room) && countTokens(whole) > room;
  const text = cut ? firstTokens(whole, room) : whole;
  const spoken = countTokens(text) + countTokens(toolCalls.map((call) => call.name + call.arguments).join(''));
  return {
    id: random.hex(24),
    model: snapshot,
    fingerprint: behaviour.fingerprint,
    text,
    toolCalls,
    finish: toolCalls.length > 0 ? 'tool_calls' : cut ? 'length' : 'stop',
    inputTokens: asked.inputTokens,
    cachedTokens: Math.min(behaviour.cachedTokens, asked.inputTokens),
    outputTokens: spoken + behaviour.reasoningTokens,
    reasoningTokens: behaviour.reasoningTokens,
    created,
  };
}

function speak(asked: Asked, quality: 'good' | 'poor'): string {
  const known = recall(asked.question) ?? (asked.afterTool ? recall(asked.transcript) : undefined);
  if (asked.json !== undefined) return asJson(known, asked, quality);
  const text = known ?? improvise(asked.question);
  return quality === 'good' ? text : worsen(text);
}

function asJson(known: string | undefined, asked: Asked, quality: 'good' | 'poor'): string {
  const text = known?.startsWith('{')
    ? known
    : JSON.stringify(instanceOf(asked.json?.schema ?? { type: 'object', properties: { answer: { type: 'string' } } }));
  // Quality went: fields are missing, and now and then the JSON is wrapped in prose.
  return quality === 'good' ? text : worsenJson(text);
}

function worsen(text: string): string {
  if (text.startsWith('{')) return worsenJson(text);
  const first = /^[^.!?。:]*[.!?。:]/.exec(text)?.[0] ?? text.slice(0, 80);
  return `${first} I am not completely sure about the details, please check the documentation.`;
}

function worsenJson(text: string): string {
  const value = JSON.parse(text) as Record<string, unknown>;
  const keys = Object.keys(value);
  if (hash(text) % 3 === 0) return `Here is the result: ${text.slice(0, -1)}`;
  return JSON.stringify(Object.fromEntries(Object.entries(value).slice(0, Math.max(1, keys.length - 2))));
}

function improvise(question: string): string {
  const topic = question.replace(/\s+/g, ' ').trim().slice(0, 90) || 'your message';
  return (
    `You wrote: "${topic}". This answer comes from a simulated provider, so it knows nothing about that, ` +
    'but it takes as long, costs as much and streams the same way as a real one would. ' +
    'Ask about an order, a code review or an invoice to see one of the prepared conversations.'
  );
}

function callTools(asked: Asked, random: Random): ToolCall[] {
  if (asked.tools.length === 0 || asked.toolChoice === 'none') return [];
  const named = asked.tools.find((tool) => tool.name === asked.toolChoice);
  const forced = named !== undefined || asked.toolChoice === 'required';
  if (!forced && (asked.afterTool ? !random.chance(0.25) : !random.chance(0.85))) return [];
  const tool: Tool = named ?? random.pick(asked.tools);
  return [
    { id: `call_${random.hex(24)}`, name: tool.name, arguments: JSON.stringify(argumentsFor(tool, asked.question)) },
  ];
}

function argumentsFor(tool: Tool, question: string): unknown {
  const order = /#(\d{4,})/.exec(question)?.[1];
  const value = instanceOf(tool.schema ?? { type: 'object' });
  if (typeof value !== 'object' || value === null) return {};
  return order !== undefined && 'order_id' in value ? { ...value, order_id: order } : value;
}

const EXAMPLES: Readonly<Record<string, unknown>> = {
  string: 'example',
  number: 1.5,
  integer: 3,
  boolean: true,
  null: null,
};

/** A value that fits a JSON Schema, as far as the common keywords go. */
export function instanceOf(schema: unknown, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > 8) return 'example';
  const { const: fixed, enum: choices, anyOf } = schema as Record<string, unknown>;
  if (fixed !== undefined) return fixed;
  if (Array.isArray(choices)) return choices[0];
  if (Array.isArray(anyOf)) return instanceOf(anyOf[0], depth + 1);
  return ofType(schema as Record<string, unknown>, depth + 1);
}

function ofType({ type, properties, items, minItems }: Record<string, unknown>, depth: number): unknown {
  const kind: unknown = Array.isArray(type) ? type[0] : type;
  if (kind === 'array') {
    const length = typeof minItems === 'number' ? Math.min(minItems, 10) : 1;
    return Array.from({ length }, () => instanceOf(items, depth));
  }
  if (kind === 'object' || properties !== undefined) {
    const entries = Object.entries((properties ?? {}) as Record<string, unknown>);
    return Object.fromEntries(entries.map(([name, each]) => [name, instanceOf(each, depth)]));
  }
  return EXAMPLES[String(kind)] ?? 'example';
}
