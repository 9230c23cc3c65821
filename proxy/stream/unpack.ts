// Answers that come compressed although plain bytes were asked for: unpacked here, so that the client gets what it can
// read and the meter too. Bounded: a few bytes that unpack to gigabytes are a fault of the provider, not ours.

import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
  type InputType,
  type ZlibOptions,
} from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';

type Unpack = (input: InputType, options: ZlibOptions) => Promise<Buffer>;

interface Encoding {
  readonly whole: Unpack;
  readonly stream: () => Transform;
}

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['gzip', { whole: promisify(gunzip) as Unpack, stream: () => createGunzip() }],
  ['deflate', { whole: promisify(inflate) as Unpack, stream: () => createInflate() }],
  ['br', { whole: promisify(brotliDecompress) as Unpack, stream: () => createBrotliDecompress() }],
]);

/** The encoding of an answer, '' when it is plain. */
export function encodingOf(headers: IncomingHttpHeaders): string {
  const encoding = headers['content-encoding'];
  return encoding === undefined || encoding === 'identity' ? '' : encoding.trim().toLowerCase();
}

/** The encodings of bodies that can be unpacked, one at a time. */
export function canUnpack(encoding: string): boolean {
  return ENCODINGS.has(encoding);
}

/** @throws an error of zlib: `ERR_BUFFER_TOO_LARGE` above `maxBytes` */
export function unpackWhole(encoding: string, packed: Buffer, maxBytes: number): Promise<Buffer> {
  const known = ENCODINGS.get(encoding);
  if (known === undefined) return Promise.reject(new Error(`no way to unpack ${encoding}`));
  return known.whole(packed, { maxOutputLength: maxBytes });
}

export function unpackStream(encoding: string): Transform | undefined {
  return ENCODINGS.get(encoding)?.stream();
}

export function withoutEncoding({
  'content-encoding': _encoding,
  ...headers
}: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}
