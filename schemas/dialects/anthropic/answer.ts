// A whole Messages answer, both ways.

import type { CallError, CallOutput, OutputMessage, Part } from '../../call.ts';
import { fields, isFields, readError, text } from '../read.ts';
import type { Asked } from '../types.ts';
import { argumentsObject, partAsText } from '../write.ts';
import { readContent } from './blocks.ts';
import { answerBlock, isRedacted, writeCitation } from './content.ts';
import { writeSeal } from './seals.ts';
import { readAnthropicUsage, writeAnthropicUsage } from './usage.ts';

type Block = Record<string, unknown>;

const FINISH: ReadonlyMap<string, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_call'],
  ['refusal', 'content_filter'],
]);
const STOP_REASON: ReadonlyMap<string, string> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['tool_call', 'tool_use'],
  ['content_filter', 'refusal'],
]);

/** Anthropic's `stop_reason` in the neutral words; `error` where there is none, as the conventions ask. */
export function anthropicFinish(value: unknown): string {
  const reason = text(value) || 'error';
  return FINISH.get(reason) ?? reason;
}

export function stopReason(reason: string, sequence: string | undefined): string {
  if (reason === 'stop' && sequence !== undefined) return 'stop_sequence';
  return STOP_REASON.get(reason) ?? reason;
}

/** The tier of a `usage` object, for spreading; fast mode is one in all but name. */
export function tierOf(usage: unknown): { serviceTier?: string } {
  const { service_tier, speed } = fields(usage);
  const tier = speed === 'fast' ? speed : text(service_tier);
  return tier === '' ? {} : { serviceTier: tier };
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  const sequence = text(body['stop_sequence']);
  const answer: OutputMessage = {
    role: 'assistant',
    parts: readContent(body['content'], { path: 'content', paths: new WeakMap() }),
    finish_reason: anthropicFinish(body['stop_reason']),
    ...(sequence === '' ? {} : { stop_sequence: sequence }),
  };
  return {
    messages: Array.isArray(body['content']) ? [answer] : [],
    usage: isFields(body['usage']) ? readAnthropicUsage(body['usage']) : undefined,
    model: text(body['model']),
    id: text(body['id']),
    ...tierOf(body['usage']),
    complete: Array.isArray(body['content']) || error !== undefined,
    error,
  };
}

/** The first choice: the API knows no others. */
export function writeOutput(output: CallOutput, asked: Asked): unknown {
  if (output.error !== undefined && output.messages.length === 0) return errorBody(output.error);
  const [message] = output.messages;
  return {
    ...messageShell(output, asked),
    content: (message?.parts ?? []).flatMap(wholeBlocks),
    stop_reason: stopReason(message?.finish_reason ?? 'error', message?.stop_sequence),
    stop_sequence: message?.stop_sequence ?? null,
    usage: writeAnthropicUsage(output.usage, output.serviceTier),
  };
}

/** A message before anything was said: what an answer and the start of a stream have in common. */
export function messageShell({ id, model }: { readonly id: string; readonly model: string }, asked: Asked): Block {
  return {
    id: id || `msg_${asked.id}`,
    type: 'message',
    role: 'assistant',
    model: model || asked.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
  };
}

function wholeBlocks(part: Part): readonly Block[] {
  const started = answerBlock(part);
  return started === undefined ? [] : [...started.before, { ...started.block, ...saidBy(part) }];
}

/** What a stream would have sent in pieces. */
function saidBy(part: Part): Block {
  switch (part.type) {
    case 'text': {
      const citations = (part.citations ?? []).map(writeCitation);
      return { text: part.content, ...(citations.length > 0 ? { citations } : {}) };
    }
    case 'refusal':
      return { text: part.content };
    case 'reasoning':
      if (isRedacted(part)) return {};
      return { thinking: part.content, signature: writeSeal(part.seal) };
    case 'tool_call':
      return { input: argumentsObject(part.arguments) };
    case 'generic':
      return {};
    default:
      return { text: partAsText(part) };
  }
}

const ERROR_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);
const OWN_TYPES: ReadonlySet<string> = new Set([...ERROR_TYPES.values(), 'api_error']);

/** An error as the API sends it, whole or in the middle of a stream. */
export function errorBody({ type, message, status }: CallError): Block {
  const own = OWN_TYPES.has(type) ? type : (ERROR_TYPES.get(status ?? 0) ?? 'api_error');
  return { type: 'error', error: { type: own, message } };
}
