// Converse's content blocks: unions whose one member's name says what they are. Bytes travel as base64.

import type { Call, Citation, Modality, Part, ToolResultPart } from '../../call.ts';
import { fields, isFields, list, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { argumentsObject, inexpressible, jsonText, present, resultParts } from '../write.ts';
import { readThought, withCallSeals, writeThought } from './thoughts.ts';

/** Formats by their MIME type; the first of several names of one is written. */
const FORMATS: Readonly<Record<Modality, readonly (readonly [format: string, mime: string])[]>> = {
  image: ['png', 'jpeg', 'gif', 'webp'].map((format) => [format, `image/${format}`] as const),
  document: [
    ['pdf', 'application/pdf'],
    ['csv', 'text/csv'],
    ['doc', 'application/msword'],
    ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['xls', 'application/vnd.ms-excel'],
    ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    ['html', 'text/html'],
    ['txt', 'text/plain'],
    ['md', 'text/markdown'],
  ],
  video: [
    ['mp4', 'video/mp4'],
    ['mov', 'video/quicktime'],
    ['mkv', 'video/x-matroska'],
    ['webm', 'video/webm'],
    ['flv', 'video/x-flv'],
    ['mpeg', 'video/mpeg'],
    ['mpg', 'video/mpg'],
    ['wmv', 'video/x-ms-wmv'],
    ['three_gp', 'video/3gpp'],
  ],
  audio: [
    ['mp3', 'audio/mpeg'],
    ['mp3', 'audio/mp3'],
    ['wav', 'audio/wav'],
    ['wav', 'audio/x-wav'],
    ...['aac', 'flac', 'm4a', 'mka', 'mkv', 'mp4', 'mpga', 'ogg', 'opus', 'pcm', 'webm'].map(
      (format) => [format, `audio/${format}`] as const,
    ),
  ],
};

const MEDIA: ReadonlySet<string> = new Set(Object.keys(FORMATS));
/** What Converse does not take in the name of a document. */
const NOT_IN_NAMES = /[^A-Za-z0-9 _\-()[\]]+/g;
const LONGEST_NAME = 190;

/** A block as a part; what has no neutral word is kept whole under its member's name. */
export function readBlock(value: unknown): Part {
  const block = fields(value);
  const [member = ''] = Object.keys(block);
  const content = fields(block[member]);
  if (MEDIA.has(member)) return readMedia(member as Modality, content) ?? generic(member, value);
  switch (member) {
    case 'text':
      return { type: 'text', content: text(block['text']) };
    case 'toolUse':
      return content['type'] === undefined ? readToolUse(content) : generic(member, value);
    case 'toolResult':
      return readToolResult(content);
    case 'reasoningContent':
      return readThought(content);
    case 'citationsContent':
      return readCited(content);
    default:
      return generic(member, value);
  }
}

/** Where things stand in the caller's request, for messages about them. */
export interface Places {
  readonly paths: WeakMap<object, string>;
  readonly at: string;
}

/** Blocks as parts; a cache point is a mark of the part before it. */
export function readBlocks(value: unknown, { paths, at }: Places): readonly Part[] {
  const parts: Part[] = [];
  for (const [index, block] of list(value).entries()) {
    const point = fields(block)['cachePoint'];
    const last = point === undefined ? undefined : parts.pop();
    const part = last === undefined ? readBlock(block) : marked(last, point);
    paths.set(part, (last && paths.get(last)) ?? `${at}.${index}`);
    parts.push(part);
  }
  return withCallSeals(parts);
}

/** Something with the mark of a cache point. */
export function marked<T extends object>(thing: T, point: unknown): T {
  return { ...thing, cache: { ttl: fields(point)['ttl'] === '1h' ? '1h' : '5m' } };
}

export function cachePoint(ttl: string): Fields {
  return { cachePoint: { type: 'default', ...(ttl === '1h' ? { ttl } : {}) } };
}

function generic(member: string, content: unknown): Part {
  return { type: 'generic', generic_type: member, content };
}

function readMedia(modality: Modality, content: Fields): Part | undefined {
  const source = fields(content['source']);
  const format = text(content['format']);
  const mime_type = FORMATS[modality].find(([name]) => name === format)?.[1] ?? `${modality}/${format}`;
  const name = typeof content['name'] === 'string' ? { name: `${content['name']}.${format || 'txt'}` } : {};
  // A document that is to be cited, or comes with words about it, is more than its bytes.
  if (content['context'] !== undefined || content['citations'] !== undefined) return undefined;
  const uri = fields(source['s3Location'])['uri'];
  if (typeof uri === 'string') return { type: 'uri', modality, uri, mime_type, ...name };
  if (typeof source['bytes'] === 'string')
    return { type: 'blob', modality, mime_type, content: source['bytes'], ...name };
  if (typeof source['text'] !== 'string') return undefined;
  const bytes = Buffer.from(source['text']).toString('base64');
  return { type: 'blob', modality, mime_type: format === '' ? 'text/plain' : mime_type, content: bytes, ...name };
}

function readToolUse(content: Fields): Part {
  const { toolUseId, name, input } = content;
  return { type: 'tool_call', id: text(toolUseId), name: text(name), arguments: input ?? {} };
}

function readToolResult(content: Fields): Part {
  const blocks = list(content['content']);
  const only = blocks.length === 1 ? fields(blocks[0]) : {};
  const response = typeof only['text'] === 'string' ? only['text'] : 'json' in only ? only['json'] : undefined;
  return {
    type: 'tool_call_response',
    id: text(content['toolUseId']),
    response: response ?? (blocks.length === 0 ? '' : blocks.map(readResultBlock)),
    ...(content['status'] === 'error' ? { is_error: true } : {}),
  };
}

function readResultBlock(value: unknown): Part {
  const block = fields(value);
  return 'json' in block ? { type: 'text', content: jsonText(block['json']) } : readBlock(value);
}

function readCited(content: Fields): Part {
  const said = list(content['content']).map((piece) => text(fields(piece)['text']));
  const citations = list(content['citations']).map(readCitation);
  return { type: 'text', content: said.join(''), ...(citations.length > 0 ? { citations } : {}) };
}

export function readCitation(value: unknown): Citation {
  const citation = fields(value);
  const url = fields(fields(citation['location'])['web'])['url'];
  const quote = list(citation['sourceContent']).map((piece) => text(fields(piece)['text']));
  return {
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof citation['title'] === 'string' ? { title: citation['title'] } : {}),
    ...(quote.length > 0 ? { quote: quote.join('') } : {}),
  };
}

export function writeCitation({ url, title, quote }: Citation): Fields {
  return present({
    title,
    sourceContent: quote === undefined ? undefined : [{ text: quote }],
    location: url === undefined ? undefined : { web: { url } },
  });
}

/** A request being written: what its blocks need to know of the whole. Undefined for blocks of an answer. */
export interface Writing {
  readonly call: Call;
  /** Tools are offered. Converse refuses blocks of tools without: they are told as text then. */
  readonly tools: boolean;
  /** Names of documents so far: Converse refuses one that comes twice. */
  readonly names: Set<string>;
}

/** A part as a block; undefined where there is nothing to say. */
export function writeBlock(part: Part, writing?: Writing): Fields | undefined {
  if (writing?.tools === false && isOfTools(part)) return { text: told(part) };
  switch (part.type) {
    case 'text':
      return writeText(part.content, part.citations);
    case 'refusal':
      return writeText(part.content);
    case 'reasoning':
      return writeThought(part, writing === undefined);
    case 'tool_call':
      return { toolUse: { toolUseId: part.id, name: part.name, input: argumentsObject(part.arguments) } };
    case 'tool_call_response':
      return writeToolResult(part, writing);
    case 'generic':
      return isFields(part.content) && part.generic_type in part.content ? part.content : refuse(part, writing);
    default:
      return writeMedia(part, writing);
  }
}

/** Converse refuses blank texts. */
function writeText(content: string, citations?: readonly Citation[]): Fields | undefined {
  if (content.trim() === '') return undefined;
  if (citations === undefined) return { text: content };
  return { citationsContent: { content: [{ text: content }], citations: citations.map(writeCitation) } };
}

type OfTools = Extract<Part, { type: 'tool_call' | 'tool_call_response' }>;

function isOfTools(part: Part): part is OfTools {
  return part.type === 'tool_call' || part.type === 'tool_call_response';
}

function told(part: OfTools): string {
  if (part.type === 'tool_call') return `[Called the tool ${part.name} with ${jsonText(part.arguments ?? {})}]`;
  const texts = resultParts(part.response).map((each) => (each.type === 'text' ? each.content : `(${each.type})`));
  return `[The tool ${part.is_error === true ? 'failed' : 'answered'}: ${texts.join('\n')}]`;
}

function writeToolResult({ id, response, is_error }: ToolResultPart, writing: Writing | undefined): Fields {
  const blocks = isFields(response)
    ? [{ json: response }]
    : resultParts(response).map((part) => (part.type === 'text' ? { text: part.content } : writeBlock(part, writing)));
  const content = blocks.filter((block) => block !== undefined);
  return { toolResult: present({ toolUseId: id, content, status: is_error === true ? 'error' : undefined }) };
}

type Media = Extract<Part, { type: 'uri' | 'blob' | 'file' }>;

function writeMedia(part: Media, writing: Writing | undefined): Fields | undefined {
  const source = sourceOf(part);
  const format = part.type === 'file' ? undefined : formatOf(part);
  if (source === undefined || format === undefined) return refuse(part, writing);
  const name = part.modality === 'document' ? documentName(part.name, format, writing?.names) : undefined;
  return { [part.modality]: present({ format, name, source }) };
}

/** Converse fetches nothing but what lies in S3. */
function sourceOf(part: Media): Fields | undefined {
  if (part.type === 'blob') return { bytes: part.content };
  return part.type === 'uri' && part.uri.startsWith('s3://') ? { s3Location: { uri: part.uri } } : undefined;
}

function formatOf({ modality, mime_type = '' }: Exclude<Media, { type: 'file' }>): string | undefined {
  const known = FORMATS[modality].find(([, mime]) => mime === mime_type)?.[0];
  const isText = modality === 'document' && (mime_type.startsWith('text/') || mime_type === 'application/json');
  return known ?? (isText ? 'txt' : undefined);
}

/** The format says what the end of a file's name says; the same name again gets a number. */
function documentName(name: string | undefined, format: string, taken: Set<string> = new Set()): string {
  const stem = (name ?? '').replace(new RegExp(`\\.${format}$`, 'i'), '').replaceAll(NOT_IN_NAMES, '-');
  const plain = stem.replaceAll(/ +/g, ' ').trim().slice(0, LONGEST_NAME) || 'document';
  let unique = plain;
  for (let copy = 2; taken.has(unique.toLowerCase()); copy++) unique = `${plain}-${copy}`;
  taken.add(unique.toLowerCase());
  return unique;
}

/** An answer leaves out what its dialect has no block for; a request is refused. */
function refuse(part: Part, writing: Writing | undefined): undefined {
  if (writing === undefined) return undefined;
  const generic = part.type === 'generic' ? part.generic_type : part.type;
  throw inexpressible(writing.call, part, 'modality' in part ? `This ${part.modality}` : `The part "${generic}"`);
}
