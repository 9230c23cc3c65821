// Cohere's whole answer: text and thoughts in blocks, calls and their plan apart, citations by characters of a block.

import type { CallOutput, Citation, OutputMessage, Part, TextPart, ToolCallPart, Usage } from '../../call.ts';
import { fields, isFields, known, list, text, toolArguments, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import type { Asked } from '../types.ts';
import { jsonText, present } from '../write.ts';

const FINISH: readonly (readonly [theirs: string, neutral: string])[] = [
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['TOOL_CALL', 'tool_call'],
  ['ERROR', 'error'],
  ['TIMEOUT', 'error'],
  ['ERROR_TOXIC', 'content_filter'],
];
const KNOWN: ReadonlySet<string> = new Set(['COMPLETE', 'STOP_SEQUENCE', 'MAX_TOKENS', 'TOOL_CALL', 'TIMEOUT']);

export function readFinish(value: unknown): string {
  const reason = text(value) || 'ERROR';
  return FINISH.find(([theirs]) => theirs === reason)?.[1] ?? reason;
}

/** One of the words that clients know; what is none of them went wrong. */
export function writeFinish(reason: string, stopSequence: string | undefined): string {
  if (stopSequence !== undefined) return 'STOP_SEQUENCE';
  const word = FINISH.find(([, neutral]) => neutral === reason)?.[0] ?? reason;
  return KNOWN.has(word) ? word : 'ERROR';
}

/**
 * `billed_units` are what the invoice counts; `tokens` also has those that Cohere adds and does not charge for. Cached
 * tokens are a part of either.
 */
export function readUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const { input_tokens, output_tokens, search_units, image_tokens, images } = fields(usage['billed_units']);
  const tokens = fields(usage['tokens']);
  const billedInput = typeof input_tokens === 'number' ? input_tokens + known(image_tokens) : image_tokens;
  return usageOf({
    input: billedInput ?? tokens['input_tokens'],
    output: output_tokens ?? tokens['output_tokens'],
    cacheRead: usage['cached_tokens'],
    cacheWrite: 0,
    reasoning: undefined,
    units: { searches: search_units, imageInput: image_tokens, images },
  });
}

export function writeUsage({ input, output, cacheRead, units }: Usage): Fields {
  const tokens = { input_tokens: input, output_tokens: output };
  const searches = units?.searches === undefined ? {} : { search_units: units.searches };
  return { billed_units: { ...tokens, ...searches }, tokens, ...(cacheRead > 0 ? { cached_tokens: cacheRead } : {}) };
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const { message, usage, id } = body;
  const error = typeof message === 'string' ? { type: 'error', message } : undefined;
  return {
    messages: isFields(message) ? [readMessage(message, body['finish_reason'])] : [],
    usage: readUsage(usage),
    model: '',
    id: text(id),
    complete: isFields(message) || error !== undefined,
    error,
  };
}

function readMessage(message: Fields, finishReason: unknown): OutputMessage {
  return { role: 'assistant', parts: assistantParts(message), finish_reason: readFinish(finishReason) };
}

/** What an assistant said, in answers and in the history: thoughts, the plan, text, calls. */
export function assistantParts({ content, tool_plan, tool_calls, citations }: Fields): readonly Part[] {
  const blocks: readonly unknown[] = typeof content === 'string' ? [{ type: 'text', text: content }] : list(content);
  const said = blocks.flatMap((block, at) => readBlock(block, citationsOf(citations, at)));
  const plan: readonly Part[] = text(tool_plan) === '' ? [] : [{ type: 'reasoning', content: text(tool_plan) }];
  return [...plan, ...said, ...list(tool_calls).map(readToolCall)];
}

function readBlock(value: unknown, citations: readonly Citation[]): readonly Part[] {
  const block = fields(value);
  if (block['type'] === 'thinking') return [{ type: 'reasoning', content: text(block['thinking']) }];
  if (block['type'] !== 'text') return [{ type: 'generic', generic_type: text(block['type']), content: value }];
  const part: TextPart = { type: 'text', content: text(block['text']) };
  if (citations.length > 0) return [{ ...part, citations }];
  return part.content === '' ? [] : [part];
}

function readToolCall(value: unknown): ToolCallPart {
  const { id, function: of } = fields(value);
  const { name, arguments: given } = fields(of);
  return { type: 'tool_call', id: text(id), name: text(name), arguments: toolArguments(given) };
}

function citationsOf(citations: unknown, block: number): readonly Citation[] {
  return list(citations)
    .map(fields)
    .filter(({ content_index, type }) => known(content_index) === block && (type ?? 'TEXT_CONTENT') === 'TEXT_CONTENT')
    .flatMap(readCitations);
}

/** One for each source; a source is a document of the caller's own shape, or what a tool gave. */
export function readCitations(value: unknown): readonly Citation[] {
  const { start, end, sources } = fields(value);
  const place = present({
    start: typeof start === 'number' ? start : undefined,
    end: typeof end === 'number' ? end : undefined,
  });
  const found = list(sources).map((source) => ({ ...place, ...readSource(fields(source)) }));
  return found.length > 0 ? found : [place];
}

function readSource({ document, tool_output }: Fields): Citation {
  const { title, url, snippet, text: words, content } = fields(document ?? tool_output);
  const quote = [snippet, words, content].find((each) => typeof each === 'string' && each !== '');
  return present({
    url: typeof url === 'string' ? url : undefined,
    title: typeof title === 'string' ? title : undefined,
    quote: quote ?? (tool_output === undefined ? undefined : jsonText(tool_output)),
  });
}

/** @param content the text that it is about, as far as it is known */
export function writeCitation({ url, title, quote, start, end }: Citation, content: string, block: number): Fields {
  const document = present({ title, url, snippet: quote });
  const text = start === undefined ? undefined : content.slice(start, end);
  const sources = [{ type: 'document', id: url ?? title ?? 'source', document }];
  return present({ start, end, text, sources, content_index: block, type: 'TEXT_CONTENT' });
}

export function writeOutput({ id, messages, usage }: CallOutput, asked: Asked): Fields {
  const [message] = messages;
  return {
    id: id || asked.id,
    message: { role: 'assistant', ...writeAssistant(message?.parts ?? []) },
    finish_reason: writeFinish(message?.finish_reason ?? 'error', message?.stop_sequence),
    ...present({ usage: usage && writeUsage(usage) }),
  };
}

/** What Cohere has no field for (a picture in an answer) is left out. Thoughts before calls are their plan. */
export function writeAssistant(parts: readonly Part[]): Fields {
  const calls = parts.filter((part) => part.type === 'tool_call').map(writeToolCall);
  const thoughts = parts.filter((part) => part.type === 'reasoning').map(({ content }) => content);
  const planned = calls.length > 0 && thoughts.length > 0;
  const spoken = parts.filter(isSpoken).filter(({ type }) => !planned || type !== 'reasoning');
  const content = spoken.map(writeBlock);
  const citations = spoken.flatMap((part, at) =>
    part.type === 'text' ? (part.citations ?? []).map((each) => writeCitation(each, part.content, at)) : [],
  );
  return present({
    content: content.length > 0 ? content : undefined,
    tool_plan: planned ? thoughts.join('\n') : undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
    citations: citations.length > 0 ? citations : undefined,
  });
}

type Spoken = Extract<Part, { type: 'text' | 'refusal' | 'reasoning' }>;

function isSpoken(part: Part): part is Spoken {
  return (part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning') && part.content !== '';
}

function writeBlock(part: Spoken): Fields {
  if (part.type === 'reasoning') return { type: 'thinking', thinking: part.content };
  return { type: 'text', text: part.content };
}

function writeToolCall({ id, name, arguments: given }: ToolCallPart): Fields {
  return { id, type: 'function', function: { name, arguments: jsonText(given ?? {}) } };
}
