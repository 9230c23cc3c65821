// The bytes of a spool segment, for writer and reader.
//
//   segment  8 bytes: "SBSPOOL" and the version, then records
//   record   length u32 LE (of the payload) · crc32 u32 LE (of kind and payload) · kind u8 (1 to 255) · payload

import { crc32 } from 'node:zlib';

export const SEGMENT_HEADER = Buffer.from('SBSPOOL\u0001', 'latin1');
export const SEGMENT_START = SEGMENT_HEADER.length;
export const RECORD_HEADER_BYTES = 9;
export const MAX_RECORD_BYTES = 512 * 1024 * 1024;

/** Where a record starts. Positions of one spool are ordered by segment, then offset. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

export interface SpoolRecord {
  readonly kind: number;
  /** Shares memory with its neighbours of one read: to keep a small record for long, copy it. */
  readonly data: Buffer;
  readonly at: Position;
}

export function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.seg`;
}

/** The segment numbers among a directory's file names, ascending. */
export function segmentsOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => (/^\d{10}\.seg$/.test(name) ? [Number(name.slice(0, 10))] : []));
  return numbers.sort((a, b) => a - b);
}

/** Fills in a record's header; returns the payload's length. */
export function writeRecordHeader(header: Buffer, kind: number, parts: readonly Uint8Array[]): number {
  let length = 0;
  header[8] = kind;
  let crc = crc32(header.subarray(8, 9));
  for (const part of parts) {
    length += part.length;
    crc = crc32(part, crc);
  }
  header.writeUInt32LE(length, 0);
  header.writeUInt32LE(crc, 4);
  return length;
}

export type Parsed =
  | { readonly state: 'record'; readonly kind: number; readonly data: Buffer; readonly bytes: number }
  /** A record's bytes are all there and wrong: its length may be right (then the next record follows) or not. */
  | { readonly state: 'corrupt'; readonly bytes: number }
  /** More bytes are needed, or will never come: a torn tail. */
  | { readonly state: 'short'; readonly needed: number }
  /** No record starts here. */
  | { readonly state: 'garbage' };

/** Reads the record at the start of `bytes`. */
export function parseRecord(bytes: Buffer): Parsed {
  if (bytes.length < RECORD_HEADER_BYTES) return { state: 'short', needed: RECORD_HEADER_BYTES };
  const length = bytes.readUInt32LE(0);
  const kind = bytes[8] ?? 0;
  if (length > MAX_RECORD_BYTES || kind === 0) return { state: 'garbage' };
  const end = RECORD_HEADER_BYTES + length;
  if (bytes.length < end) return { state: 'short', needed: end };
  if (crc32(bytes.subarray(8, end)) !== bytes.readUInt32LE(4)) return { state: 'corrupt', bytes: end };
  return { state: 'record', kind, data: bytes.subarray(RECORD_HEADER_BYTES, end), bytes: end };
}

/** Bytes that the search below may check before it gives up: keeps hostile content from making it quadratic. */
const SEARCH_BUDGET = 256 * 1024 * 1024;

/** Where the next whole record starts after damage at the start of `bytes`; undefined when there is none. */
export function findRecord(bytes: Buffer): number | undefined {
  let budget = SEARCH_BUDGET;
  for (let at = 1; at + RECORD_HEADER_BYTES <= bytes.length && budget > 0; at++) {
    const length = bytes.readUInt32LE(at);
    if (bytes[at + 8] === 0 || length > bytes.length - at - RECORD_HEADER_BYTES) continue;
    if (parseRecord(bytes.subarray(at)).state === 'record') return at;
    budget -= length;
  }
  return undefined;
}
