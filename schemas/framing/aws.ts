// AWS's binary event stream (`application/vnd.amazon.eventstream`), as Bedrock speaks it: messages of a length, headers,
// a payload and two checksums. An exception is an event named after its type.

import { crc32 } from 'node:zlib';
import type { FrameReader, FrameSink } from './types.ts';

const PRELUDE = 12;
const CHECKSUM = 4;
/** AWS allows 16 MiB of payload; more is no message but a lost place in the stream. */
const MAX_MESSAGE = 24 * 1024 * 1024;
const STRING = 7;
/** Bytes of a header value by its type; strings and bytes carry their own length. */
const FIXED: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];

export class AwsReader implements FrameReader {
  readonly #sink: FrameSink;
  #open: Buffer[] = [];
  #openBytes = 0;
  #wanted = PRELUDE;
  #lost = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    if (this.#lost) return;
    this.#open.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#openBytes += bytes.length;
    if (this.#openBytes < this.#wanted) return;
    let rest = this.#open.length === 1 ? (this.#open[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#open);
    while (!this.#lost) {
      this.#wanted = rest.length < PRELUDE ? PRELUDE : lengthOf(rest);
      if (this.#wanted === 0) return this.#lose();
      if (rest.length < this.#wanted) break;
      this.#message(rest.subarray(0, this.#wanted));
      rest = rest.subarray(this.#wanted);
    }
    if (this.#lost) return;
    // A copy: what is left over must not keep the whole chunk alive.
    this.#open = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#openBytes = rest.length;
  }

  end(): void {
    if (this.#openBytes > 0) this.#lose();
  }

  /** Once a length or checksum is wrong nothing after it can be trusted. */
  #lose(): void {
    this.#lost = true;
    this.#open = [];
    this.#openBytes = 0;
  }

  #message(message: Buffer): void {
    const body = message.length - CHECKSUM;
    const headersEnd = PRELUDE + message.readUInt32BE(4);
    if (headersEnd > body || crc32(message.subarray(0, body)) !== message.readUInt32BE(body)) return this.#lose();
    const headers = readHeaders(message.subarray(PRELUDE, headersEnd));
    const name = headers.get(':exception-type') ?? headers.get(':error-code') ?? headers.get(':event-type') ?? '';
    const payload = message.subarray(headersEnd, body).toString('utf8');
    const said = headers.get(':error-message');
    this.#sink(name, payload === '' && said !== undefined ? JSON.stringify({ message: said }) : payload);
  }
}

/** One message: an event, or an exception where the name ends in `Exception`. */
export function encodeAws(event: string, data: string): Buffer {
  const exception = event.endsWith('Exception');
  const headers = Buffer.concat([
    header(exception ? ':exception-type' : ':event-type', event),
    header(':content-type', 'application/json'),
    header(':message-type', exception ? 'exception' : 'event'),
  ]);
  const payload = Buffer.from(data);
  const message = Buffer.alloc(PRELUDE + headers.length + payload.length + CHECKSUM);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, PRELUDE);
  payload.copy(message, PRELUDE + headers.length);
  const body = message.length - CHECKSUM;
  message.writeUInt32BE(crc32(message.subarray(0, body)), body);
  return message;
}

/** Of the message that begins here; 0 where its prelude cannot be true. */
function lengthOf(bytes: Buffer): number {
  const total = bytes.readUInt32BE(0);
  const possible = total >= PRELUDE + CHECKSUM && total <= MAX_MESSAGE;
  return possible && crc32(bytes.subarray(0, 8)) === bytes.readUInt32BE(8) ? total : 0;
}

function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const out = Buffer.alloc(1 + name.length + 1 + 2 + text.length);
  out.writeUInt8(name.length, 0);
  out.write(name, 1, 'latin1');
  out.writeUInt8(STRING, 1 + name.length);
  out.writeUInt16BE(text.length, 2 + name.length);
  text.copy(out, 4 + name.length);
  return out;
}

/** The headers that are texts; what breaks off is left out. */
function readHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  while (at + 2 <= bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    if (nameEnd + 3 > bytes.length) break;
    const name = bytes.toString('latin1', at + 1, nameEnd);
    const type = bytes.readUInt8(nameEnd);
    const fixed = FIXED[type];
    const from = nameEnd + 1 + (fixed === undefined ? 2 : 0);
    const end = from + (fixed ?? bytes.readUInt16BE(nameEnd + 1));
    if (end > bytes.length || type >= FIXED.length) break;
    if (type === STRING) found.set(name, bytes.toString('utf8', from, end));
    at = end;
  }
  return found;
}
