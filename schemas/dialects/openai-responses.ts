// OpenAI Responses: a list of items in, a list of items out. Messages, function calls and reasoning have parts of their
// own; the built-in tools (web search, code interpreter, computer ...) are kept whole.

import type { CallInput, CallOutput, DialectReader, Message, Part, ToolDefinition, Usage } from '../call.ts';
import { AssembledStream } from './assemble.ts';
import { ResponsesAssembler } from './openai-responses-stream.ts';
import {
  fields,
  genericPart,
  list,
  readError,
  reasoningPart,
  role,
  text,
  textPart,
  toolArguments,
  toolDefinition,
  uriPart,
  usageOf,
} from './read.ts';
import type { Fields } from './read.ts';

export const openaiResponses: DialectReader = {
  id: 'openai_responses',
  operation: 'chat',
  readInput,
  readOutput,
  readUsage: readResponsesUsage,
  framing: 'sse',
  stream: () => new AssembledStream(new ResponsesAssembler(), readOutput),
};

/** The `usage` object: totals, with cached and reasoning tokens as subsets. */
export function readResponsesUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const input = fields(usage['input_tokens_details']);
  return usageOf({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    cacheRead: input['cached_tokens'],
    cacheWrite: input['cache_write_tokens'],
    reasoning: fields(usage['output_tokens_details'])['reasoning_tokens'],
  });
}

function readInput(value: unknown): CallInput {
  const body = fields(value);
  const { input } = body;
  return {
    system: textPart(text(body['instructions'])),
    messages: typeof input === 'string' ? [{ role: 'user', parts: textPart(input) }] : list(input).map(inputMessage),
    tools: list(body['tools']).map(tool),
  };
}

function inputMessage(value: unknown): Message {
  const item = fields(value);
  const type = text(item['type']);
  if (type === '' || type === 'message') return { role: role(item['role']), parts: contentParts(item['content']) };
  if (!type.endsWith('_output')) return { role: 'assistant', parts: itemParts(value) };
  return {
    role: 'tool',
    parts: [{ type: 'tool_call_response', id: text(item['call_id']), response: item['output'] ?? '' }],
  };
}

/** One item of the answer, or of the conversation so far. */
function itemParts(value: unknown): readonly Part[] {
  const item = fields(value);
  switch (item['type']) {
    case 'message':
      return contentParts(item['content']);
    case 'function_call':
    case 'custom_tool_call':
      return [
        {
          type: 'tool_call',
          id: text(item['call_id']) || text(item['id']),
          name: text(item['name']),
          arguments: toolArguments(item['arguments'] ?? item['input']),
        },
      ];
    case 'reasoning':
      return reasoningPart([...list(item['summary']), ...list(item['content'])].map(textOf).join('\n'));
    default:
      return [genericPart(value)];
  }
}

function contentParts(content: unknown): readonly Part[] {
  return typeof content === 'string' ? textPart(content) : list(content).map(contentPart);
}

function contentPart(value: unknown): Part {
  const part = fields(value);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', content: text(part['text']) };
    case 'refusal':
      return { type: 'refusal', content: text(part['refusal']) };
    case 'input_image':
      return media('image', part['image_url'], part['file_id']);
    case 'input_file':
      return media('document', part['file_data'] ?? part['file_url'], part['file_id'] ?? part['filename']);
    case 'input_audio':
      return audio(fields(part['input_audio']));
    default:
      return genericPart(value);
  }
}

function media(modality: 'image' | 'document', uri: unknown, fileId: unknown): Part {
  const address = text(uri);
  return address === '' ? { type: 'file', modality, file_id: text(fileId) } : uriPart(modality, address);
}

function audio(value: Fields): Part {
  const format = text(value['format']) || 'wav';
  return { type: 'blob', modality: 'audio', mime_type: `audio/${format}`, content: text(value['data']) };
}

function textOf(value: unknown): string {
  return text(fields(value)['text']);
}

function tool(value: unknown): ToolDefinition {
  const definition = fields(value);
  const type = text(definition['type']) || 'function';
  const { description, parameters } = definition;
  return toolDefinition({ type, name: text(definition['name']) || type, description, parameters });
}

function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const items = list(body['output']);
  const error = readError(body);
  const finish = finishReason(body, items);
  const said = items.length > 0 || typeof body['status'] === 'string';
  return {
    messages: said ? [{ role: 'assistant', parts: items.flatMap(itemParts), finish_reason: finish }] : [],
    usage: readResponsesUsage(body['usage']),
    model: text(body['model']),
    id: text(body['id']),
    complete: Array.isArray(body['output']) || error !== undefined,
    error,
  };
}

function finishReason(body: Fields, items: readonly unknown[]): string {
  if (body['status'] === 'completed') {
    return items.some(isOurs) ? 'tool_call' : 'stop';
  }
  if (body['status'] !== 'incomplete') return 'error';
  const reason = text(fields(body['incomplete_details'])['reason']);
  return reason === 'max_output_tokens' ? 'length' : reason || 'length';
}

/** A call that the caller has to run; the built-in tools run at the provider. */
function isOurs(item: unknown): boolean {
  const { type } = fields(item);
  return type === 'function_call' || type === 'custom_tool_call' || type === 'computer_call';
}
