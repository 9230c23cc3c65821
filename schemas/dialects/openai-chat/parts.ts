// The parts of chat messages, read: content in a string or a list, thoughts, refusals, audio, images, tool calls.

import type { CacheMark, Part, ToolCallPart } from '../../call.ts';
import { fields, genericPart, isFields, list, refusalPart, text, textPart, toolArguments, uriPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { citationsOf, detailOf, readAudio } from '../openai.ts';
import { readSealContent, readThoughts } from './thoughts.ts';

/** Where parts stand in the request, for messages about them. */
export type Paths = WeakMap<object, string>;

/** One whole assistant message: what it thought, said, refused, sounded like, drew and called. */
export function assistantParts(message: Fields, path: string, paths: Paths): readonly Part[] {
  return [
    ...readThoughts(message),
    ...cited(readContent(message['content'], `${path}.content`, paths), message['annotations']),
    ...refusalPart(text(message['refusal'])),
    ...audioParts(message['audio']),
    ...list(message['images']).map(readPart),
    ...toolCalls(message, path, paths),
  ];
}

export function readContent(content: unknown, path: string, paths: Paths): readonly Part[] {
  if (typeof content === 'string') return textPart(content);
  return list(content).map((value, at) => {
    const part = readPart(value);
    paths.set(part, `${path}.${at}`);
    return part;
  });
}

export function readPart(value: unknown): Part {
  if (typeof value === 'string') return { type: 'text', content: value };
  const part = fields(value);
  const cache = cacheOf(part);
  switch (part['type']) {
    case 'text':
      return { type: 'text', content: text(part['text']), ...cache };
    case 'thinking':
      return { type: 'reasoning', content: thinkingText(part) };
    case 'refusal':
      return { type: 'refusal', content: text(part['refusal']) };
    case 'image_url':
    case 'video_url':
    case 'audio_url':
      return { ...mediaPart(part['type'], part), ...cache };
    case 'input_audio':
      return { ...readAudio(part['input_audio']), ...cache };
    case 'file':
      return { ...filePart(fields(part['file'])), ...cache };
    default:
      return genericPart(value);
  }
}

/** Mistral's thoughts are a block of the content, and texts in a list. */
function thinkingText({ thinking }: Fields): string {
  return typeof thinking === 'string'
    ? thinking
    : list(thinking)
        .map((each) => text(fields(each)['text']))
        .join('');
}

/** `cache_control` of Anthropic's kind, or OpenAI's `prompt_cache_breakpoint`, whose long time is half a day. */
export function cacheOf(part: Fields): { readonly cache?: CacheMark } {
  const { cache_control: control, prompt_cache_breakpoint: breakpoint } = part;
  if (!isFields(control) && !isFields(breakpoint)) return {};
  const ttl = fields(control)['ttl'] ?? fields(breakpoint)['ttl'];
  return { cache: { ttl: ttl === '1h' || ttl === '12h' ? '1h' : '5m' } };
}

const MODALITIES = { image_url: 'image', video_url: 'video', audio_url: 'audio' } as const;

function mediaPart(type: keyof typeof MODALITIES, part: Fields): Part {
  const media = fields(part[type]);
  return { ...uriPart(MODALITIES[type], text(media['url']) || text(part[type])), ...detailOf(media['detail']) };
}

function filePart(file: Fields): Part {
  const data = text(file['file_data']);
  const name = text(file['filename']);
  const named = name === '' ? {} : { name };
  if (data !== '') return { ...uriPart('document', data), ...named };
  return { type: 'file', modality: 'document', file_id: text(file['file_id']) || name };
}

/** Annotations count characters of the whole content: they go to its first text. */
function cited(parts: readonly Part[], annotations: unknown): readonly Part[] {
  const first = parts.findIndex((part) => part.type === 'text');
  return parts.map((part, at) =>
    at === first && part.type === 'text' ? { ...part, ...citationsOf(annotations) } : part,
  );
}

function audioParts(value: unknown): readonly Part[] {
  if (!isFields(value)) return [];
  const transcript = text(value['transcript']);
  return transcript === '' ? [{ type: 'file', modality: 'audio', file_id: text(value['id']) }] : textPart(transcript);
}

function toolCalls(message: Fields, path: string, paths: Paths): readonly Part[] {
  const calls = list(message['tool_calls']).map((call, at) => {
    const part = toolCall(call);
    paths.set(part, `${path}.tool_calls.${at}`);
    return part;
  });
  const legacy = message['function_call'];
  // Its result names the function and nothing else: so the name is what both are found by.
  return isFields(legacy) ? [...calls, toolCall({ id: legacy['name'], function: legacy })] : calls;
}

function toolCall(value: unknown): ToolCallPart {
  const call = fields(value);
  const custom = fields(call['custom']);
  const called = isFields(call['function']) ? call['function'] : custom;
  return {
    type: 'tool_call',
    id: text(call['id']),
    name: text(called['name']),
    arguments: toolArguments(called['arguments'] ?? custom['input']),
    ...readSealContent(call),
  };
}
