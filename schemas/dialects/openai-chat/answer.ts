// Chat completions, read and written, and their numbers.

import type { CallOutput, Citation, OutputMessage, Part, Usage } from '../../call.ts';
import { customNames, dataUrl, writeCitation } from '../openai.ts';
import { fields, list, readError, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { withStated } from '../stated.ts';
import type { Asked } from '../types.ts';
import { writeToolCall } from './messages.ts';
import { assistantParts } from './parts.ts';
import { sealContent, writeDetails } from './thoughts.ts';

const FINISH: ReadonlyMap<string, string> = new Map([
  ['tool_calls', 'tool_call'],
  ['function_call', 'tool_call'],
]);

/** OpenAI's `finish_reason` in the neutral words; `error` where there is none, as the conventions ask. */
export function chatFinish(value: unknown): string {
  const reason = text(value) || 'error';
  return FINISH.get(reason) ?? reason;
}

export function writeFinish(reason: string, asked: Asked): string {
  if (reason !== 'tool_call') return reason;
  return knowsOnlyFunctions(asked) ? 'function_call' : 'tool_calls';
}

/** The caller sent `functions`, the first generation of tools, and expects `function_call`. */
export function knowsOnlyFunctions({ call }: Asked): boolean {
  return call.tools.some(({ type, raw }) => type === 'function' && raw !== undefined);
}

/**
 * The `usage` object. `prompt_tokens` and `completion_tokens` are totals; a few providers (xAI, Gemini's OpenAI face)
 * leave reasoning out of the latter, which their `total_tokens` gives away.
 */
export function readChatUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const input = fields(usage['prompt_tokens_details']);
  const output = fields(usage['completion_tokens_details']);
  const reasoning = output['reasoning_tokens'];
  const counts = usageOf({
    input: usage['prompt_tokens'],
    output: withReasoning(usage, reasoning),
    total: usage['total_tokens'],
    cacheRead: input['cached_tokens'] ?? usage['prompt_cache_hit_tokens'],
    cacheWrite: input['cache_write_tokens'] ?? input['cache_creation_tokens'],
    reasoning,
    units: {
      audioInput: input['audio_tokens'],
      imageInput: input['image_tokens'],
      audioOutput: output['audio_tokens'],
      imageOutput: output['image_tokens'],
      searches: usage['num_search_queries'] ?? fields(usage['server_tool_use'])['web_search_requests'],
    },
  });
  return withStated(counts, usage);
}

function withReasoning(usage: Fields, reasoning: unknown): unknown {
  const { prompt_tokens: prompt, completion_tokens: output, total_tokens: total } = usage;
  if (typeof prompt !== 'number' || typeof output !== 'number' || typeof reasoning !== 'number') return output;
  return reasoning > 0 && total === prompt + output + reasoning ? output + reasoning : output;
}

export function writeChatUsage({ input, output, cacheRead, cacheWrite, reasoning, units = {} }: Usage): Fields {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cacheRead,
      ...counted({ cache_write_tokens: cacheWrite, audio_tokens: units.audioInput, image_tokens: units.imageInput }),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      ...counted({ audio_tokens: units.audioOutput, image_tokens: units.imageOutput }),
    },
    ...counted({ num_search_queries: units.searches }),
  };
}

function counted(counts: Readonly<Record<string, number | undefined>>): Fields {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => (count ?? 0) > 0));
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const error = readError(body);
  const id = text(body['id']);
  const tier = text(body['service_tier']);
  return {
    messages: list(body['choices']).map((choice) => readChoice(fields(choice), id)),
    usage: readChatUsage(body['usage']),
    model: text(body['model']),
    id,
    ...(tier === '' ? {} : { serviceTier: tier }),
    complete: Array.isArray(body['choices']) || error !== undefined,
    error,
  };
}

function readChoice(choice: Fields, id: string): OutputMessage {
  // Legacy completions of some servers carry `text` instead of a message.
  const message = choice['message'] ?? { content: choice['text'] };
  const parts = assistantParts(fields(message), 'choices', new WeakMap());
  let calls = 0;
  return {
    role: 'assistant',
    parts: parts.map((part) => (part.type === 'tool_call' ? { ...part, id: part.id || callId(id, calls++) } : part)),
    finish_reason: chatFinish(choice['finish_reason']),
  };
}

/** For servers that give their calls no id: one that no other answer has. */
export function callId(answer: string, index: number): string {
  return `call_${answer}_${index}`;
}

export function writeOutput(output: CallOutput, asked: Asked): unknown {
  if (output.error !== undefined && output.messages.length === 0) return writeError(output.error);
  return {
    id: output.id || `chatcmpl-${asked.id}`,
    object: 'chat.completion',
    created: asked.created,
    model: output.model || asked.model,
    choices: output.messages.map((message, index) => ({
      index,
      message: writeMessage(message.parts, asked),
      logprobs: null,
      finish_reason: writeFinish(message.finish_reason, asked),
    })),
    ...(output.usage === undefined ? {} : { usage: writeChatUsage(output.usage) }),
    ...(output.serviceTier === undefined ? {} : { service_tier: output.serviceTier }),
  };
}

export function writeError({ type, message }: { readonly type: string; readonly message: string }): Fields {
  return { error: { message, type, param: null, code: null } };
}

function writeMessage(parts: readonly Part[], asked: Asked): Fields {
  const said = { content: '', refusal: '' };
  const annotations: Fields[] = [];
  const thoughts = parts.filter((part) => part.type === 'reasoning');
  for (const part of parts) {
    if (part.type === 'refusal') said.refusal += part.content;
    if (part.type !== 'text') continue;
    annotations.push(
      ...writeAnnotations(part.citations, said.content.length, said.content.length + part.content.length),
    );
    said.content += part.content;
  }
  const images = parts.flatMap((part) => (part.type === 'blob' && part.modality === 'image' ? [writeImage(part)] : []));
  const thought = thoughts.map(({ content }) => content).join('\n');
  const details = thoughts.some(({ seal }) => seal !== undefined) ? thoughts.flatMap(writeDetails) : [];
  return {
    role: 'assistant',
    content: said.content === '' ? null : said.content,
    refusal: said.refusal === '' ? null : said.refusal,
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(images.length === 0 ? {} : { images }),
    ...writeCalls(parts, asked),
  };
}

/** Citations of a text that stands between two places of the content. */
export function writeAnnotations(citations: readonly Citation[] = [], at: number, end: number): readonly Fields[] {
  return citations.flatMap((citation) => {
    const written = writeCitation(citation, at, end);
    return written === undefined ? [] : [{ type: 'url_citation', url_citation: written }];
  });
}

export function writeImage(part: Extract<Part, { type: 'blob' }>): Fields {
  return { type: 'image_url', image_url: { url: dataUrl(part) } };
}

function writeCalls(parts: readonly Part[], asked: Asked): Fields {
  const custom = customNames(asked.call);
  const calls = parts.flatMap((part) =>
    part.type === 'tool_call' ? [{ ...writeToolCall(part, custom), ...sealContent(part.seal) }] : [],
  );
  if (calls.length === 0) return {};
  return knowsOnlyFunctions(asked) ? { function_call: fields(calls[0])['function'] } : { tool_calls: calls };
}
