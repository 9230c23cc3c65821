// A whole generateContent answer, both ways. A stream is made of such answers, each with a piece.

import type { CallError, CallOutput, OutputMessage, Part, Usage } from '../../call.ts';
import { count, fields, isFields, list, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { Asked } from '../types.ts';
import { partAsText, present } from '../write.ts';
import { functionCall } from './content.ts';
import type { WirePart } from './content.ts';
import { google } from '../google.ts';
import { readCitations, searchesOf, writeCitations } from './grounding.ts';
import { readPart } from './parts.ts';
import { writeSignature } from './signatures.ts';
import { readGeminiUsage, saysUsage, tierOf, writeGeminiUsage } from './usage.ts';

const FINISH: ReadonlyMap<string, string> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['LANGUAGE', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['IMAGE_SAFETY', 'content_filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
  // Not Google's own word, but that of servers that stand in for it.
  ['FUNCTION_CALL', 'tool_call'],
  ['MALFORMED_FUNCTION_CALL', 'error'],
  ['UNEXPECTED_TOOL_CALL', 'error'],
  ['TOO_MANY_TOOL_CALLS', 'error'],
  ['OTHER', 'error'],
]);
const REASONS: ReadonlyMap<string, string> = new Map([
  ['stop', 'STOP'],
  ['tool_call', 'STOP'],
  ['length', 'MAX_TOKENS'],
  ['content_filter', 'SAFETY'],
]);

/** Google's `finishReason` in the neutral words; calls end like any answer here. */
export function geminiFinish(reason: unknown, calls: boolean): string {
  const said = text(reason);
  if (said === 'STOP' && calls) return 'tool_call';
  return FINISH.get(said) ?? (said === '' ? 'error' : said.toLowerCase());
}

export function finishReason(reason: string): string {
  return REASONS.get(reason) ?? 'OTHER';
}

/** Why a prompt was not answered at all; '' where it was. */
export function blockReason(body: Fields): string {
  return text(google(body['promptFeedback'])['blockReason']);
}

export function readOutput(value: unknown): CallOutput {
  const body = google(value);
  const error = readGeminiError(body);
  const id = text(body['responseId']);
  const model = text(body['modelVersion']);
  const candidates = list(body['candidates']).map(google);
  const blocked = candidates.length === 0 && blockReason(body) !== '';
  const messages = candidates.map((candidate) => readCandidate(candidate, id));
  return {
    messages: blocked ? [{ role: 'assistant', parts: [], finish_reason: 'content_filter' }] : messages,
    usage: withSearches(saysUsage(body) ? readGeminiUsage(body['usageMetadata']) : undefined, candidates, model),
    model,
    id,
    ...tierOf(body['usageMetadata']),
    complete: Array.isArray(body['candidates']) || blocked || error !== undefined,
    error,
  };
}

function readCandidate(candidate: Fields, id: string): OutputMessage {
  let calls = 0;
  const read = list(google(candidate['content'])['parts']).flatMap((each) => readPart(each) ?? []);
  const named = read.map((part) =>
    part.type === 'tool_call' ? { ...part, id: part.id || callId(id, calls++) } : part,
  );
  const parts = withCitations(named, candidate);
  const called = parts.some(({ type }) => type === 'tool_call');
  return { role: 'assistant', parts, finish_reason: geminiFinish(candidate['finishReason'], called) };
}

/** Of a call that came without one: its own in the whole conversation, and the same however often it is read. */
export function callId(responseId: string, at: number): string {
  return responseId === '' ? `call_${at}` : `call_${responseId}_${at}`;
}

function withCitations(parts: readonly Part[], candidate: Fields): readonly Part[] {
  const last = parts.findLast((part) => part.type === 'text');
  if (last === undefined) return parts;
  const citations = readCitations(candidate, last.content);
  return citations.length === 0 ? parts : parts.map((part) => (part === last ? { ...last, citations } : part));
}

/** Searches stand with the answer, not with the counts. */
export function withSearches(
  usage: Usage | undefined,
  candidates: readonly Fields[],
  model: string,
): Usage | undefined {
  const searches = searchesOf(candidates, model);
  return usage === undefined || searches === 0 ? usage : { ...usage, units: { ...usage.units, searches } };
}

export function readGeminiError(body: Fields): CallError | undefined {
  const error = body['error'];
  if (typeof error === 'string') return { type: 'error', message: error };
  if (!isFields(error)) return undefined;
  const code = count(error['code']);
  return {
    type: text(error['status']) || 'error',
    message: text(error['message']),
    ...(typeof code === 'number' ? { status: code } : {}),
  };
}

export function writeOutput(output: CallOutput, asked: Asked): unknown {
  if (output.error !== undefined && output.messages.length === 0) return errorBody(output.error);
  return {
    candidates: output.messages.map((message, index) => writeCandidate(message, index)),
    usageMetadata: writeGeminiUsage(output.usage, output.serviceTier),
    ...answerNames(output, asked),
  };
}

/** What every answer and every chunk says of itself. */
export function answerNames({ id, model }: { readonly id: string; readonly model: string }, asked: Asked): Fields {
  return { modelVersion: model || asked.model, responseId: id || asked.id };
}

function writeCandidate(message: OutputMessage, index: number): Fields {
  const parts = message.parts.flatMap(answerParts);
  const cited = message.parts.find((part) => part.type === 'text' && (part.citations ?? []).length > 0);
  return present({
    content: { parts, role: 'model' },
    finishReason: finishReason(message.finish_reason),
    groundingMetadata: cited?.type === 'text' ? writeCitations(cited.citations ?? [], cited.content) : undefined,
    index,
  });
}

/** A part of an answer; nothing where no client could read it. */
export function answerParts(part: Part): readonly WirePart[] {
  switch (part.type) {
    case 'text':
      return [{ text: part.content, ...signatureOf(part) }];
    case 'refusal':
      return [{ text: part.content }];
    case 'reasoning':
      return [{ text: part.content, thought: true, ...signatureOf(part) }];
    case 'tool_call':
      return [{ ...functionCall(part), ...signatureOf(part) }];
    case 'blob':
      return [{ inlineData: { mimeType: part.mime_type, data: part.content } }];
    case 'uri':
      return [{ fileData: present({ mimeType: part.mime_type, fileUri: part.uri }) }];
    case 'generic':
      return isFields(fields(part.content)[part.generic_type]) ? [part.content as WirePart] : [];
    default:
      return [{ text: partAsText(part) }];
  }
}

export function signatureOf({ seal }: Pick<Extract<Part, { type: 'text' }>, 'seal'>): WirePart {
  return seal === undefined ? {} : { thoughtSignature: writeSignature(seal) };
}

const STATUSES: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'INTERNAL'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
]);

/** An error as the API sends it, whole or in a stream; the official client wants a number in it. */
export function errorBody({ type, message, status }: CallError): Fields {
  const named = [...STATUSES].find(([, word]) => word === type)?.[0];
  const code = named ?? (status !== undefined && status >= 400 && status < 600 ? status : 500);
  return { error: { code, message, status: STATUSES.get(code) ?? (code < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL') } };
}
