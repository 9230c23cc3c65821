// Content blocks, read: texts, thoughts, tools, images, documents. What the API knows beyond that stays whole.

import type { Citation, Modality, Part, ToolCallPart } from '../../call.ts';
import { fields, genericPart, isFields, list, text, textPart, toolArguments } from '../read.ts';
import type { Fields } from '../read.ts';
import { isCallSeal, readSeal } from './seals.ts';

/** Where something stands in the request, for messages about it. */
export interface Place {
  readonly path: string;
  readonly paths: WeakMap<object, string>;
  /** Inside another block: what holds blocks itself has no business here, and depth has an end. */
  readonly nested?: true;
}

/** A message's content, or a block's. */
export function readContent(content: unknown, place: Place): readonly Part[] {
  if (typeof content === 'string') return textPart(content);
  const parts: Part[] = [];
  for (const [at, block] of list(content).entries()) {
    const path = `${place.path}.${at}`;
    for (const part of readBlock(block, { ...place, path })) {
      place.paths.set(part, path);
      addPart(parts, part);
    }
  }
  return parts;
}

function inside(place: Place, field: string): Place {
  return { path: `${place.path}.${field}`, paths: place.paths, nested: true };
}

/** A seal that came in a block of its own goes to the call behind it. */
function addPart(parts: Part[], part: Part): void {
  const before = parts.at(-1);
  if (part.type === 'tool_call' && before?.type === 'reasoning' && isCallSeal(before.seal)) {
    const { family, value } = before.seal;
    parts[parts.length - 1] = { ...part, seal: { family, value } };
  } else parts.push(part);
}

/** One block; several parts where a document is a list of blocks. */
export function readBlock(value: unknown, place: Place): readonly Part[] {
  const block = fields(value);
  switch (block['type']) {
    case 'text':
      return [{ type: 'text', content: text(block['text']), ...citationsOf(block), ...cacheOf(block) }];
    case 'thinking':
      return thought(block);
    case 'redacted_thinking':
      return [{ type: 'reasoning', content: '', redacted: true, ...sealOf(block['data']) }];
    case 'tool_use':
      return [toolUse(block)];
    case 'tool_result':
      return [place.nested ? genericPart(value) : toolResult(block, place)];
    case 'image':
      return source('image', block, place);
    case 'document':
      return source('document', block, place);
    case 'search_result':
      return [searchResult(block)];
    default:
      return [genericPart(value)];
  }
}

/** `cache_control` as a mark. */
export function cacheOf(block: Fields): { cache?: { ttl: '5m' | '1h' } } {
  const control = block['cache_control'];
  if (!isFields(control)) return {};
  return { cache: { ttl: control['ttl'] === '1h' ? '1h' : '5m' } };
}

function sealOf(signature: unknown): { seal?: Exclude<ReturnType<typeof readSeal>, undefined> } {
  const seal = readSeal(text(signature));
  return seal === undefined ? {} : { seal };
}

function thought(block: Fields): readonly Part[] {
  const content = text(block['thinking']);
  const seal = sealOf(block['signature']);
  return content === '' && seal.seal === undefined ? [] : [{ type: 'reasoning', content, ...seal }];
}

export function toolUse(block: Fields): ToolCallPart {
  return {
    type: 'tool_call',
    id: text(block['id']),
    name: text(block['name']),
    arguments: toolArguments(block['input']),
    ...cacheOf(block),
  };
}

function toolResult(block: Fields, place: Place): Part {
  return {
    type: 'tool_call_response',
    id: text(block['tool_use_id']),
    response: resultContent(block['content'], inside(place, 'content')),
    ...(block['is_error'] === true ? { is_error: true } : {}),
    ...cacheOf(block),
  };
}

/** A text alone is a text; more is parts. */
function resultContent(content: unknown, place: Place): unknown {
  if (!Array.isArray(content)) return content ?? '';
  const parts = readContent(content, place);
  const [only] = parts;
  if (only === undefined) return '';
  return parts.length === 1 && only.type === 'text' && only.cache === undefined ? only.content : parts;
}

function source(modality: Modality, block: Fields, place: Place): readonly Part[] {
  const from = fields(block['source']);
  const title = text(block['title']);
  const more = { ...(title === '' ? {} : { name: title }), ...cacheOf(block) };
  switch (from['type']) {
    case 'base64':
      return [{ type: 'blob', modality, mime_type: text(from['media_type']), content: text(from['data']), ...more }];
    case 'url':
      return [{ type: 'uri', modality, uri: text(from['url']), ...more }];
    case 'file':
      return [{ type: 'file', modality, file_id: text(from['file_id']), ...more }];
    case 'text':
      return [{ type: 'text', content: text(from['data']), ...cacheOf(block) }];
    default: {
      if (from['type'] !== 'content' || place.nested) return [genericPart(block)];
      return readContent(from['content'], inside(place, 'source.content'));
    }
  }
}

/** What a search found, as the text that a model reads. */
function searchResult(block: Fields): Part {
  const [title, url] = [text(block['title']), text(block['source'])];
  const said = list(block['content']).map((each) => text(fields(each)['text']));
  const citation: Citation = { ...(url === '' ? {} : { url }), ...(title === '' ? {} : { title }) };
  const content = [title, url, ...said].filter((line) => line !== '').join('\n');
  return { type: 'text', content, citations: [citation], ...cacheOf(block) };
}

function citationsOf(block: Fields): { citations?: readonly Citation[] } {
  const citations = list(block['citations']).map(readCitation);
  return citations.length === 0 ? {} : { citations };
}

/** Where the words come from; the places that the API gives are places in the source. */
export function readCitation(value: unknown): Citation {
  const citation = fields(value);
  const url = text(citation['url']) || text(citation['source']);
  const title = text(citation['title']) || text(citation['document_title']);
  const quote = text(citation['cited_text']);
  return {
    ...(url === '' ? {} : { url }),
    ...(title === '' ? {} : { title }),
    ...(quote === '' ? {} : { quote }),
  };
}
