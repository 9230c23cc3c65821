// Prompt and answer that the proxy captured as bytes: kept as the text they are and read by their wire format. What
// cannot be read (cut, broken, another format) stays there as raw text.

import { ATTR } from '../../schemas/attributes.ts';
import { DIALECT_IDS, type CallInput, type CallOutput, type DialectReader } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { AttrValue } from '../receivers/model.ts';
import { ioOf, setInput, setOutput } from './payload.ts';
import { asCount, asText } from './text.ts';
import type { Item, Processor } from './types.ts';

export const capture: Processor = {
  id: 'capture',
  summary: 'Reads captured prompts and answers',
  create: () => readCaptures,
};

function readCaptures(item: Item): void {
  const { attributes } = item.span;
  const request = attributes.get(ATTR.CAPTURE_REQUEST);
  const response = attributes.get(ATTR.CAPTURE_RESPONSE);
  if (request === undefined && response === undefined) return;
  const io = ioOf(item);
  if (request !== undefined) {
    const bytes = bytesOf(request);
    io.raw_request = bytes.toString('utf8');
    io.request_size = sizeOf(attributes.get(ATTR.CAPTURE_REQUEST_SIZE), bytes);
    const reader = readerOf(attributes.get(ATTR.DIALECT));
    const input = reader && read(() => readInput(reader, io.raw_request));
    if (input) setInput(item, input);
  }
  if (response !== undefined) {
    const bytes = bytesOf(response);
    const reader = readerOf(attributes.get(ATTR.UPSTREAM_DIALECT) ?? attributes.get(ATTR.DIALECT));
    io.raw_response = textOf(reader, bytes);
    io.response_size = sizeOf(attributes.get(ATTR.CAPTURE_RESPONSE_SIZE), bytes);
    const output = reader && read(() => readOutput(reader, bytes, io.raw_response));
    if (output) setOutput(item, output.messages);
  }
}

/** The request is in the caller's dialect, the answer in the provider's. */
function readerOf(name: AttrValue | undefined): DialectReader | undefined {
  const id = DIALECT_IDS.find((each) => each === name);
  return id === undefined ? undefined : DIALECTS[id];
}

function bytesOf(value: AttrValue): Buffer {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(asText(value));
}

function sizeOf(said: AttrValue | undefined, bytes: Buffer): number {
  return Math.max(bytes.length, asCount(said, Number.MAX_SAFE_INTEGER) ?? 0);
}

/** Readers promise not to throw; a payload is not worth a lost span if one does. */
function read<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

function readInput(reader: DialectReader, text: string): CallInput {
  return reader.readInput(JSON.parse(text));
}

/** Binary frames are kept as the server-sent events that they would have been, so that a person can read them. */
function textOf(reader: DialectReader | undefined, bytes: Buffer): string {
  if (reader?.framing !== 'aws' || isJson(bytes)) return bytes.toString('utf8');
  const lines: Buffer[] = [];
  const frames = FRAMINGS.aws.read((event, data) => lines.push(FRAMINGS.sse.write({ event, data })));
  frames.push(bytes);
  return Buffer.concat(lines).toString('utf8');
}

const isJson = (bytes: Buffer): boolean => /^\s*[{[]/.test(bytes.toString('latin1', 0, 64));

function readOutput(reader: DialectReader, bytes: Buffer, text: string): CallOutput {
  if (isJson(bytes)) {
    const whole = reader.framing === 'lines' ? read(() => JSON.parse(text) as unknown) : (JSON.parse(text) as unknown);
    if (Array.isArray(whole)) return elements(reader, whole);
    // Of lines the first alone is JSON, all of them are not.
    if (whole !== undefined) return reader.readOutput(whole);
  }
  const stream = reader.stream();
  const frames = FRAMINGS[reader.framing].read((event, data) => stream.push(event, data));
  frames.push(bytes);
  frames.end();
  return stream.output();
}

/** A stream that was sent as one JSON array. */
function elements(reader: DialectReader, whole: readonly unknown[]): CallOutput {
  const stream = reader.stream();
  for (const each of whole) stream.push('', JSON.stringify(each));
  return stream.output();
}
