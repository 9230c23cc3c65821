// Anthropic Messages: content in typed blocks, instructions apart from the messages, tool results inside user messages.

import type { CallInput, CallOutput, DialectReader, Message, Modality, Part, ToolDefinition, Usage } from '../call.ts';
import { AnthropicAssembler } from './anthropic-stream.ts';
import { AssembledStream } from './assemble.ts';
import {
  count,
  fields,
  genericPart,
  isFields,
  known,
  list,
  readError,
  reasoningPart,
  role,
  text,
  textPart,
  toolArguments,
  toolDefinition,
  usageOf,
} from './read.ts';
import type { Fields } from './read.ts';

const FINISH: ReadonlyMap<string, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_call'],
  ['refusal', 'content_filter'],
]);

export const anthropic: DialectReader = {
  id: 'anthropic',
  operation: 'chat',
  readInput,
  readOutput,
  readUsage: readAnthropicUsage,
  framing: 'sse',
  stream: () => new AssembledStream(new AnthropicAssembler(), readOutput),
};

/**
 * The `usage` object. Anthropic's `input_tokens` leaves cached tokens out; ours is the total of the three. In a stream
 * the numbers of `message_delta` are totals so far, not additions: merge the objects (`mergeUsage`), then read.
 */
export function readAnthropicUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const cacheRead = known(usage['cache_read_input_tokens']);
  const cacheWrite = known(usage['cache_creation_input_tokens']);
  const fresh = count(usage['input_tokens']);
  return usageOf({
    input: typeof fresh === 'number' ? fresh + cacheRead + cacheWrite : usage['input_tokens'],
    output: usage['output_tokens'],
    cacheRead,
    cacheWrite,
    reasoning: fields(usage['output_tokens_details'])['thinking_tokens'],
  });
}

/** Anthropic's `stop_reason` in the neutral words; `error` where there is none, as the conventions ask. */
export function anthropicFinish(value: unknown): string {
  const reason = text(value) || 'error';
  return FINISH.get(reason) ?? reason;
}

function readInput(value: unknown): CallInput {
  const body = fields(value);
  return {
    system: contentParts(body['system']),
    messages: list(body['messages']).map(inputMessage),
    tools: list(body['tools']).map(tool),
  };
}

/** A user message that only brings tool results is a tool's message in the neutral call. */
function inputMessage(value: unknown): Message {
  const message = fields(value);
  const parts = contentParts(message['content']);
  const results = parts.length > 0 && parts.every((part) => part.type === 'tool_call_response');
  return { role: results ? 'tool' : role(message['role']), parts };
}

function contentParts(content: unknown): readonly Part[] {
  return typeof content === 'string' ? textPart(content) : list(content).flatMap(blockParts);
}

function blockParts(value: unknown): readonly Part[] {
  const block = fields(value);
  switch (block['type']) {
    case 'text':
      return [{ type: 'text', content: text(block['text']) }];
    case 'thinking':
      return reasoningPart(text(block['thinking']));
    case 'tool_use':
      return [toolUse(block)];
    case 'tool_result':
      return [toolResult(block)];
    case 'image':
      return [source('image', block)];
    case 'document':
      return [source('document', block)];
    default:
      return [genericPart(value)];
  }
}

function toolUse(block: Fields): Part {
  return {
    type: 'tool_call',
    id: text(block['id']),
    name: text(block['name']),
    arguments: toolArguments(block['input']),
  };
}

function toolResult(block: Fields): Part {
  return {
    type: 'tool_call_response',
    id: text(block['tool_use_id']),
    response: block['content'] ?? '',
    ...(block['is_error'] === true ? { is_error: true } : {}),
  };
}

function source(modality: Modality, block: Fields): Part {
  const from = fields(block['source']);
  switch (from['type']) {
    case 'base64':
      return { type: 'blob', modality, mime_type: text(from['media_type']), content: text(from['data']) };
    case 'url':
      return { type: 'uri', modality, uri: text(from['url']) };
    case 'file':
      return { type: 'file', modality, file_id: text(from['file_id']) };
    case 'text':
      return { type: 'text', content: text(from['data']) };
    default:
      return genericPart(block);
  }
}

function tool(value: unknown): ToolDefinition {
  const definition = fields(value);
  const type = text(definition['type']);
  return toolDefinition({
    type: type === '' || type === 'custom' ? 'function' : type,
    name: text(definition['name']),
    description: definition['description'],
    parameters: definition['input_schema'],
  });
}

function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  const answer: CallOutput['messages'] = [
    { role: 'assistant', parts: contentParts(body['content']), finish_reason: anthropicFinish(body['stop_reason']) },
  ];
  return {
    messages: Array.isArray(body['content']) ? answer : [],
    usage: isFields(body['usage']) ? readAnthropicUsage(body['usage']) : undefined,
    model: text(body['model']),
    id: text(body['id']),
    complete: Array.isArray(body['content']) || error !== undefined,
    error,
  };
}
