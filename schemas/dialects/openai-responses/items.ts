// The items of the Responses API, read. Messages, function calls and reasoning have parts of their own; what the provider
// runs itself (web search, code interpreter ...) is kept whole.

import type { Part, ReasoningPart, Seal, ToolCallPart } from '../../call.ts';
import { citationsOf, detailOf, readAudio } from '../openai.ts';
import { fields, genericPart, list, text, textPart, toolArguments, uriPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { readSeal as read, writeSeal as write } from '../seals.ts';

/** Where parts stand in the request, for messages about them. */
export type Paths = WeakMap<object, string>;

/** One item of the answer, or of the conversation so far. */
export function itemParts(value: unknown, path: string, paths: Paths): readonly Part[] {
  const item = fields(value);
  switch (item['type']) {
    case 'message':
      return readContent(item['content'], `${path}.content`, paths);
    case 'function_call':
    case 'custom_tool_call':
      return [toolCall(item)];
    case 'reasoning':
      return thought(item);
    default: {
      const part = genericPart(value);
      paths.set(part, path);
      return [part];
    }
  }
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
  const part = fields(value);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', content: text(part['text']), ...citationsOf(part['annotations']) };
    case 'refusal':
      return { type: 'refusal', content: text(part['refusal']) };
    case 'input_image':
      return { ...media('image', part['image_url'], part['file_id']), ...detailOf(part['detail']) };
    case 'input_file':
      return filePart(part);
    case 'input_audio':
      return readAudio(part['input_audio']);
    default:
      return genericPart(value);
  }
}

function filePart(part: Fields): Part {
  const name = text(part['filename']);
  const read = media('document', part['file_data'] ?? part['file_url'], part['file_id'] ?? name);
  return name === '' || (read.type !== 'uri' && read.type !== 'blob') ? read : { ...read, name };
}

function media(modality: 'image' | 'document', uri: unknown, fileId: unknown): Part {
  const address = text(uri);
  return address === '' ? { type: 'file', modality, file_id: text(fileId) } : uriPart(modality, address);
}

function toolCall(item: Fields): ToolCallPart {
  return {
    type: 'tool_call',
    id: text(item['call_id']) || text(item['id']),
    name: text(item['name']),
    arguments: toolArguments(item['arguments'] ?? item['input']),
  };
}

function thought(item: Fields): readonly ReasoningPart[] {
  const said = [...list(item['summary']), ...list(item['content'])].map((each) => text(fields(each)['text']));
  const content = said.join('\n');
  const seal = readSeal(item);
  if (seal === undefined) return content === '' ? [] : [{ type: 'reasoning', content }];
  return [{ type: 'reasoning', content, seal, ...(content === '' ? { redacted: true } : {}) }];
}

/** A call that the caller has to run; the built-in tools run at the provider. */
export function isOurs(item: unknown): boolean {
  const { type } = fields(item);
  return type === 'function_call' || type === 'custom_tool_call' || type === 'computer_call';
}

/** The id of a seal that belongs to the tool call behind it, which has no place for one. */
const OF_CALL = '+call';

/** Whose it is besides OpenAI's stands in the seal; an item's id is OpenAI's name for its own. */
export function readSeal(item: Fields): Seal | undefined {
  const id = text(item['id']);
  const seal = read(text(item['encrypted_content']), 'openai');
  return seal?.family === 'openai' && id !== '' ? { ...seal, id } : seal;
}

export function writeSeal(seal: Seal): string {
  return write(seal, 'openai');
}

/** The thought before a tool call that carries the call's own seal. */
export function callSeal({ family, value }: Seal): Seal {
  return { family, value, id: OF_CALL };
}

/** Parts of one assistant's turn, with the seals that came before their calls put to them. */
export function withCallSeals(parts: readonly Part[]): readonly Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const before = out.at(-1);
    if (part.type === 'tool_call' && before?.type === 'reasoning' && before.seal?.id === OF_CALL) {
      const { family, value } = before.seal;
      out[out.length - 1] = { ...part, seal: { family, value } };
    } else out.push(part);
  }
  return out;
}
