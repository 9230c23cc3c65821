// OpenAI Chat Completions, and the many servers that speak it (vLLM, Ollama, llama.cpp, Groq, Mistral, DeepSeek ...)
// with their small differences: reasoning in `reasoning_content` or `reasoning`, usage in every chunk, no tool index.

import type { CallInput, CallOutput, DialectReader, Message, Part, ToolDefinition, Usage } from '../call.ts';
import { AssembledStream } from './assemble.ts';
import { ChatAssembler } from './openai-chat-stream.ts';
import {
  fields,
  genericPart,
  isFields,
  list,
  readError,
  reasoningPart,
  refusalPart,
  role,
  text,
  textPart,
  toolArguments,
  toolDefinition,
  uriPart,
  usageOf,
} from './read.ts';
import type { Fields } from './read.ts';

const FINISH: ReadonlyMap<string, string> = new Map([
  ['tool_calls', 'tool_call'],
  ['function_call', 'tool_call'],
]);

export const openaiChat: DialectReader = {
  id: 'openai_chat',
  operation: 'chat',
  readInput,
  readOutput,
  readUsage: readChatUsage,
  framing: 'sse',
  stream: () => new AssembledStream(new ChatAssembler(), readOutput),
};

/**
 * The `usage` object. `prompt_tokens` and `completion_tokens` are totals; a few providers (xAI, Gemini's OpenAI face)
 * leave reasoning out of the latter, which their `total_tokens` gives away.
 */
export function readChatUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const input = fields(usage['prompt_tokens_details']);
  const reasoning = fields(usage['completion_tokens_details'])['reasoning_tokens'];
  return usageOf({
    input: usage['prompt_tokens'],
    output: withReasoning(usage, reasoning),
    total: usage['total_tokens'],
    cacheRead: input['cached_tokens'] ?? usage['prompt_cache_hit_tokens'],
    cacheWrite: input['cache_write_tokens'] ?? input['cache_creation_tokens'],
    reasoning,
  });
}

/** OpenAI's `finish_reason` in the neutral words; `error` where there is none, as the conventions ask. */
export function chatFinish(value: unknown): string {
  const reason = text(value) || 'error';
  return FINISH.get(reason) ?? reason;
}

/** One whole assistant message: what it thought, said, refused, sounded like and called. */
export function assistantParts(message: Fields): readonly Part[] {
  return [
    ...reasoningPart(text(message['reasoning_content']) || text(message['reasoning'])),
    ...contentParts(message['content']),
    ...refusalPart(text(message['refusal'])),
    ...audioParts(message['audio']),
    ...toolCalls(message),
  ];
}

function withReasoning(usage: Fields, reasoning: unknown): unknown {
  const { prompt_tokens: prompt, completion_tokens: output, total_tokens: total } = usage;
  if (typeof prompt !== 'number' || typeof output !== 'number' || typeof reasoning !== 'number') return output;
  return reasoning > 0 && total === prompt + output + reasoning ? output + reasoning : output;
}

function readInput(value: unknown): CallInput {
  const body = fields(value);
  return {
    system: [],
    messages: list(body['messages']).map(inputMessage),
    tools: [...list(body['tools']).map(tool), ...list(body['functions']).map(legacyFunction)],
  };
}

function inputMessage(value: unknown): Message {
  const message = fields(value);
  const name = text(message['name']);
  return { role: role(message['role']), parts: inputParts(message), ...(name === '' ? {} : { name }) };
}

function inputParts(message: Fields): readonly Part[] {
  if (message['role'] !== 'tool' && message['role'] !== 'function') return assistantParts(message);
  const id = text(message['tool_call_id']) || text(message['name']);
  return [{ type: 'tool_call_response', id, response: message['content'] ?? '' }];
}

function contentParts(content: unknown): readonly Part[] {
  return typeof content === 'string' ? textPart(content) : list(content).map(contentPart);
}

function contentPart(value: unknown): Part {
  if (typeof value === 'string') return { type: 'text', content: value };
  const part = fields(value);
  switch (part['type']) {
    case 'text':
      return { type: 'text', content: text(part['text']) };
    case 'refusal':
      return { type: 'refusal', content: text(part['refusal']) };
    case 'image_url':
      return uriPart('image', text(fields(part['image_url'])['url']) || text(part['image_url']));
    case 'input_audio':
      return audioBlob(fields(part['input_audio']));
    case 'file':
      return filePart(fields(part['file']));
    default:
      return genericPart(value);
  }
}

function audioBlob(audio: Fields): Part {
  const format = text(audio['format']) || 'wav';
  return { type: 'blob', modality: 'audio', mime_type: `audio/${format}`, content: text(audio['data']) };
}

function filePart(file: Fields): Part {
  const data = text(file['file_data']);
  if (data !== '') return uriPart('document', data);
  return { type: 'file', modality: 'document', file_id: text(file['file_id']) || text(file['filename']) };
}

function audioParts(value: unknown): readonly Part[] {
  if (!isFields(value)) return [];
  const transcript = text(value['transcript']);
  return transcript === '' ? [{ type: 'file', modality: 'audio', file_id: text(value['id']) }] : textPart(transcript);
}

function toolCalls(message: Fields): readonly Part[] {
  const calls = list(message['tool_calls']).map(toolCall);
  return isFields(message['function_call']) ? [...calls, toolCall({ function: message['function_call'] })] : calls;
}

function toolCall(value: unknown): Part {
  const call = fields(value);
  const custom = fields(call['custom']);
  const called = isFields(call['function']) ? call['function'] : custom;
  return {
    type: 'tool_call',
    id: text(call['id']),
    name: text(called['name']),
    arguments: toolArguments(called['arguments'] ?? custom['input']),
  };
}

function tool(value: unknown): ToolDefinition {
  const definition = fields(value);
  const type = text(definition['type']) || 'function';
  const inner = fields(definition[type]);
  return toolDefinition({
    type,
    name: text(inner['name']) || text(definition['name']) || type,
    description: inner['description'],
    parameters: inner['parameters'],
  });
}

function legacyFunction(value: unknown): ToolDefinition {
  return tool({ type: 'function', function: value });
}

function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  return {
    messages: list(body['choices']).map((choice) => ({
      role: 'assistant',
      parts: assistantParts(fields(fields(choice)['message'])),
      finish_reason: chatFinish(fields(choice)['finish_reason']),
    })),
    usage: readChatUsage(body['usage']),
    model: text(body['model']),
    id: text(body['id']),
    complete: Array.isArray(body['choices']) || error !== undefined,
    error,
  };
}
