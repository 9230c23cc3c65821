// Parts as content blocks.

import type { CacheMark, Call, Citation, Part, ReasoningPart, Seal } from '../../call.ts';
import { argumentsObject, inexpressible, present, resultParts } from '../write.ts';
import { callSealBlock, writeSeal } from './seals.ts';

type Block = Record<string, unknown>;

/** Blocks of what the provider itself runs, and of its own makings. */
const OWN_BLOCK =
  /^(server_tool_use|mcp_tool_use|\w+_tool_result|container_upload|compaction|tool_reference|browser_state)$/;

export function isOwnBlock(part: Part): boolean {
  return part.type === 'generic' && OWN_BLOCK.test(part.generic_type);
}

/** The mark of what is worth keeping in the prompt cache. */
export function cacheControl({ cache }: { readonly cache?: CacheMark }): { cache_control?: Block } {
  if (cache === undefined) return {};
  return { cache_control: cache.ttl === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' } };
}

/** The API takes letters, digits, _ and - in the ids of calls; other servers' ids hold dots and colons. */
export function toolId(id: string): string {
  return id.replaceAll(/[^\w-]/g, '_');
}

/** The thought of an assistant as it goes back to its maker; another's is not for Claude. */
function thoughtBack(seal: Seal | undefined, content: string, redacted: boolean): readonly Block[] {
  if (seal?.family !== 'anthropic') return [];
  if (redacted) return [{ type: 'redacted_thinking', data: seal.value }];
  return [{ type: 'thinking', thinking: content, signature: seal.value }];
}

/**
 * Parts of a request as blocks. Blank texts are left out: the API refuses them.
 * @throws Inexpressible
 */
export function requestBlocks(call: Call, parts: readonly Part[]): readonly Block[] {
  return parts.flatMap((part) => requestBlock(call, part));
}

function requestBlock(call: Call, part: Part): readonly Block[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return textBlock(part);
    case 'reasoning':
      return thoughtBack(part.seal, part.content, part.redacted === true);
    case 'tool_call':
      return [
        {
          type: 'tool_use',
          id: toolId(part.id),
          name: part.name,
          input: argumentsObject(part.arguments),
          ...cacheControl(part),
        },
      ];
    case 'tool_call_response':
      return [toolResult(call, part)];
    case 'generic':
      if (isOwnBlock(part)) return [part.content as Block];
      throw inexpressible(call, part, `A part of type ${part.generic_type}`);
    default:
      return [mediaBlock(call, part)];
  }
}

function textBlock(part: Extract<Part, { type: 'text' | 'refusal' }>): readonly Block[] {
  if (part.content.trim() === '') return [];
  return [{ type: 'text', text: part.content, ...(part.type === 'text' ? cacheControl(part) : {}) }];
}

function toolResult(call: Call, part: Extract<Part, { type: 'tool_call_response' }>): Block {
  const content = typeof part.response === 'string' ? part.response : requestBlocks(call, resultParts(part.response));
  return present({
    type: 'tool_result',
    tool_use_id: toolId(part.id),
    content: content.length === 0 ? undefined : content,
    is_error: part.is_error,
    ...cacheControl(part),
  });
}

type Media = Extract<Part, { type: 'uri' | 'blob' | 'file' }>;

function mediaBlock(call: Call, part: Media): Block {
  const source = sourceOf(part);
  const image = part.modality === 'image';
  if (source === undefined || (!image && part.modality !== 'document')) {
    throw inexpressible(call, part, `This ${part.modality}`);
  }
  const title = image ? undefined : part.name;
  return present({ type: image ? 'image' : 'document', source, title, ...cacheControl(part) });
}

function sourceOf(part: Media): Block | undefined {
  switch (part.type) {
    case 'uri':
      return /^https?:/i.test(part.uri) ? { type: 'url', url: part.uri } : undefined;
    case 'file':
      // Files live in one account; other providers' ids look otherwise (`file-...`).
      return part.file_id.startsWith('file_') ? { type: 'file', file_id: part.file_id } : undefined;
    case 'blob':
      return blobSource(part);
  }
}

function blobSource({ modality, mime_type, content }: Extract<Part, { type: 'blob' }>): Block | undefined {
  if (modality === 'image' || mime_type === 'application/pdf') {
    return { type: 'base64', media_type: mime_type, data: content };
  }
  if (!/^text\/|json$|xml$|yaml$/.test(mime_type)) return undefined;
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(content, 'base64').toString('utf8') };
}

/** A part of an answer as the block that it starts as, its text still to come; undefined where no client could read it. */
export function answerBlock(part: Part): { readonly before: readonly Block[]; readonly block: Block } | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { before: [], block: { type: 'text', text: '' } };
    case 'reasoning':
      return { before: [], block: thoughtBlock(part) };
    case 'tool_call':
      return {
        before: part.seal === undefined || part.seal.family === 'anthropic' ? [] : [callSealBlock(part.seal)],
        block: { type: 'tool_use', id: toolId(part.id), name: part.name, input: {} },
      };
    case 'generic':
      return isOwnBlock(part) ? { before: [], block: part.content as Block } : undefined;
    default:
      return { before: [], block: { type: 'text', text: '' } };
  }
}

function thoughtBlock(part: ReasoningPart): Block {
  if (isRedacted(part)) return { type: 'redacted_thinking', data: writeSeal(part.seal) };
  return { type: 'thinking', thinking: '', signature: '' };
}

/** Whether a thought is its seal and nothing else. */
export function isRedacted(part: ReasoningPart): part is ReasoningPart & { readonly seal: Seal } {
  return part.redacted === true && part.seal !== undefined;
}

/** A source as the API cites it: a page of the web, or a place in a document. */
export function writeCitation({ url, title, quote }: Citation): Block {
  if (url !== undefined) {
    return {
      type: 'web_search_result_location',
      url,
      title: title ?? null,
      cited_text: quote ?? '',
      encrypted_index: '',
    };
  }
  return {
    type: 'char_location',
    cited_text: quote ?? '',
    document_index: 0,
    document_title: title ?? null,
    start_char_index: 0,
    end_char_index: 0,
    file_id: null,
  };
}
