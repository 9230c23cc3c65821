// Reads a whole JSON answer: what a meter would have found out, from one body.

import type { DialectId } from '../../schemas/call.ts';
import { anthropicFinish } from '../../schemas/dialects/anthropic/answer.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { chatFinish } from '../../schemas/dialects/openai-chat/answer.ts';
import { billedUsage, finishReason } from '../../schemas/dialects/openai-responses/answer.ts';
import { fields, isFields, list, text } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import type { Reading } from '../exchange.ts';
import { scanBody, stringEnd } from '../json/scan.ts';
import { readTools } from './chat.ts';
import { noteOutput } from './notes.ts';
import { addOnce, readHead } from './reading.ts';

const HEAD_KEYS: ReadonlySet<string> = new Set(['usage', 'model', 'id', 'error']);
/** Above this only the head is read: embeddings are megabytes of numbers that nobody needs here. */
const PARSE_BYTES = 64 * 1024;
const MAX_DEPTH = 128;

const READERS: Readonly<Partial<Record<DialectId, (reading: Reading, body: Fields) => void>>> = {
  openai_chat: readChat,
  openai_responses: readResponse,
  anthropic: readMessage,
  openai_embeddings: () => {},
};

/** Fills `reading` from a body; `complete` stays false when the body is no whole JSON object. */
export function readWhole(dialect: DialectId, reading: Reading, body: Buffer): void {
  const json = dialect === 'openai_embeddings' && body.length > PARSE_BYTES ? headOf(body) : parse(body);
  if (!isFields(json)) {
    if (body.length > 0) reading.malformed++;
    return;
  }
  reading.chunks = 1;
  const read = READERS[dialect];
  if (read === undefined) {
    noteOutput(reading, DIALECTS[dialect].readOutput(json));
    return;
  }
  reading.complete = true;
  readHead(reading, json);
  read(reading, json);
  reading.usage = DIALECTS[dialect].readUsage(dialect === 'openai_responses' ? billedUsage(json) : json['usage']);
  if (reading.usage !== undefined) reading.usageSource = 'provider';
}

/** Bytes of text in an answer without usage, whole or broken off: what an estimate stands on. */
export function outputBytesOf(body: Buffer): number {
  const json = parse(body);
  return json === undefined ? brokenBytes(body.toString('latin1')) : Buffer.byteLength(textsOf(json, 0));
}

/** The same as far as a broken body goes, as written. A quote inside a string is escaped: what is found is a key. */
function brokenBytes(latin1: string): number {
  if (!/^\s*\{/.test(latin1)) return 0;
  let bytes = 0;
  for (const { 0: key, index } of latin1.matchAll(TEXT_STARTS)) {
    const from = index + key.length;
    if (!latin1.startsWith('data:', from)) bytes += stringEnd(latin1, from) - from;
  }
  return bytes;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/** The few fields that matter, cut out of a body too big to build; undefined when it does not end as an object. */
function headOf(body: Buffer): Fields | undefined {
  const latin1 = body.toString('latin1');
  const scan = scanBody(latin1, HEAD_KEYS, MAX_DEPTH);
  if (scan.inside === 0 || !latin1.trimEnd().endsWith('}')) return undefined;
  const head: Record<string, unknown> = {};
  for (const [key, { start, end }] of scan.found) head[key] = parse(body.subarray(start, end));
  return head;
}

function readChat(reading: Reading, body: Fields): void {
  for (const choice of list(body['choices']).map(fields)) {
    addOnce(reading.finishReasons, chatFinish(choice['finish_reason']));
    readTools(reading.toolsCalled, fields(choice['message']));
  }
}

function readResponse(reading: Reading, body: Fields): void {
  for (const item of list(body['output']).map(fields)) {
    if (text(item['type']).endsWith('_call')) addOnce(reading.toolsCalled, item['name'] ?? item['type']);
  }
  if (body['status'] !== undefined) addOnce(reading.finishReasons, finishReason(body, reading.toolsCalled.length > 0));
}

function readMessage(reading: Reading, body: Fields): void {
  if (body['stop_reason']) addOnce(reading.finishReasons, anthropicFinish(body['stop_reason']));
  for (const block of list(body['content']).map(fields)) {
    if (text(block['type']).endsWith('tool_use')) addOnce(reading.toolsCalled, block['name']);
  }
  reading.serviceTier ||= text(fields(body['usage'])['service_tier']);
}

const TEXT_NAMES = ['content', 'text', 'arguments', 'input', 'refusal', 'thinking', 'response'] as const;
const TEXT_KEYS: ReadonlySet<string> = new Set(TEXT_NAMES);
const TEXT_STARTS = new RegExp(`"(?:${TEXT_NAMES.join('|')})"\\s*:\\s*"`, 'g');

/** Every text in a body's content, run together; what is base64 or a name stays out. */
export function textsOf(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) return '';
  if (Array.isArray(value)) return value.map((each) => textsOf(each, depth + 1)).join('');
  if (!isFields(value)) return '';
  return Object.entries(value)
    .map(([key, each]) => {
      if (typeof each === 'string') return TEXT_KEYS.has(key) && !each.startsWith('data:') ? each : '';
      return textsOf(each, depth + 1);
    })
    .join('');
}
