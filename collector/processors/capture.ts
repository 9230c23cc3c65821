// Prompt and answer that the proxy captured as bytes: kept as the text they are and read by their wire format. What
// cannot be read (cut, broken, another format) stays there as raw text.

import { ATTR } from '../../schemas/attributes.ts';
import { DIALECT_IDS, type CallInput, type CallOutput, type DialectReader } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { SseDecoder } from '../../schemas/framing/sse.ts';
import type { AttrValue, DecodedSpan } from '../receivers/model.ts';
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
  const reader = readerOf(item.span);
  const io = ioOf(item);
  if (request !== undefined) {
    const bytes = bytesOf(request);
    io.raw_request = bytes.toString('utf8');
    io.request_size = sizeOf(attributes.get(ATTR.CAPTURE_REQUEST_SIZE), bytes);
    const input = reader && read(() => readInput(reader, io.raw_request));
    if (input) setInput(item, input);
  }
  if (response !== undefined) {
    const bytes = bytesOf(response);
    io.raw_response = bytes.toString('utf8');
    io.response_size = sizeOf(attributes.get(ATTR.CAPTURE_RESPONSE_SIZE), bytes);
    const output = reader && read(() => readOutput(reader, bytes, io.raw_response));
    if (output) setOutput(item, output.messages);
  }
}

function readerOf({ attributes }: DecodedSpan): DialectReader | undefined {
  const name = attributes.get(ATTR.DIALECT);
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

function readOutput(reader: DialectReader, bytes: Buffer, text: string): CallOutput {
  if (/^\s*[{[]/.test(text)) return reader.readOutput(JSON.parse(text));
  const stream = reader.stream();
  const decoder = new SseDecoder(({ event, data }) => stream.push(event, data));
  decoder.push(bytes);
  decoder.end();
  return stream.output();
}
