// A protobuf reader for input that nobody trusts. It reads, it never allocates by what a length says, and everything
// wrong ends in one DecodeError: a length beyond its message, a varint without end, groups, a field of another type.

import { DecodeError, type Instant } from './model.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const TWO_32 = 4_294_967_296;
/** Values up to this length (models, providers, reasons) come back again and again. */
const SHORT = 24;

export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** The current message ends here. */
  #end: number;
  /** Field number of the tag read last. */
  field = 0;
  #wire = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Moves to the next field of the current message; false at its end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint32();
    this.field = tag >>> 3;
    this.#wire = tag & 7;
    if (this.field === 0) this.#fail('field number 0');
    return true;
  }

  /** Steps into a message field. @returns what leave() needs to step out */
  enter(): number {
    const outer = this.#end;
    const length = this.#length();
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Skips the current field, whatever it is. */
  skip(): void {
    if (this.#wire === VARINT) this.#skipVarint();
    else if (this.#wire === FIXED64) this.#take(8);
    else if (this.#wire === BYTES) this.#take(this.#length());
    else if (this.#wire === FIXED32) this.#take(4);
    else this.#fail(`wire type ${this.#wire}`);
  }

  /** A view on the field's bytes, not a copy. */
  bytes(): Buffer {
    const from = this.#take(this.#length());
    return this.#bytes.subarray(from, this.#at);
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  string(): string {
    const length = this.#length();
    const from = this.#take(length);
    if (length <= SHORT) return length === 0 ? '' : words.get(this.#bytes, from, length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  /** A string out of a small set: attribute keys, names. Seen before, it costs no decoding. */
  word(): string {
    const length = this.#length();
    const from = this.#take(length);
    return length > MAX_WORD ? this.#bytes.toString('utf8', from, from + length) : words.get(this.#bytes, from, length);
  }

  hex(): string {
    const length = this.#length();
    const from = this.#take(length);
    return this.#bytes.toString('hex', from, from + length);
  }

  /** An enum, bool or uint32: the low 32 bits. */
  uint(): number {
    this.#expect(VARINT);
    return this.#varint32();
  }

  /** An int64: a number, or a bigint where a number would lose digits. */
  int64(): number | bigint {
    this.#expect(VARINT);
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    return this.#longInt64();
  }

  double(): number {
    this.#expect(FIXED64);
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** A fixed64 of nanoseconds since 1970. */
  time(): Instant {
    this.#expect(FIXED64);
    const at = this.#take(8);
    const low = this.#bytes.readUInt32LE(at);
    const high = this.#bytes.readUInt32LE(at + 4);
    // 2^32 ns are 4,294,967 us and 296 ns; so no digit is lost in doubles.
    const rest = high * 296 + low;
    return { us: high * 4_294_967 + Math.floor(rest / 1000), ns: rest % 1000 };
  }

  #length(): number {
    this.#expect(BYTES);
    const length = this.#varint32();
    if (length > this.#end - this.#at) this.#fail(`a length of ${length} with ${this.#end - this.#at} bytes left`);
    return length;
  }

  #take(count: number): number {
    const from = this.#at;
    if (count > this.#end - from) this.#fail('the end inside a field');
    this.#at = from + count;
    return from;
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) this.#fail(`field ${this.field} with wire type ${this.#wire}, not ${wire}`);
  }

  /** A varint's low 32 bits, as an unsigned number. */
  #varint32(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail('a varint of more than 10 bytes');
  }

  #longInt64(): number | bigint {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (index < 4) low += bits * 2 ** (7 * index);
      else if (index === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high = bits >>> 4;
      } else if (index < 9) high += bits * 2 ** (7 * index - 32);
      else high += (bits & 1) * 2 ** 31;
      if (byte < 0x80) return signed64(high, low);
    }
    return this.#fail('a varint of more than 10 bytes');
  }

  #skipVarint(): void {
    for (let index = 0; index < 10; index++) if (this.#byte() < 0x80) return;
    this.#fail('a varint of more than 10 bytes');
  }

  #byte(): number {
    if (this.#at >= this.#end) this.#fail('the end inside a varint');
    return this.#bytes[this.#at++] ?? 0;
  }

  #fail(what: string): never {
    throw new DecodeError(`not valid protobuf: ${what} at byte ${this.#at}`);
  }
}

function signed64(high: number, low: number): number | bigint {
  if (high < 0x20_0000) return high * TWO_32 + low;
  if (high >= 0xffe0_0000) {
    const value = (high - TWO_32) * TWO_32 + low;
    if (Number.isSafeInteger(value)) return value;
  }
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

const MAX_WORD = 64;
const SLOTS = 8192;

/** Strings by their bytes. A slot keeps the newest string that fell into it: bounded, and no sender can fill it up. */
class Words {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');

  get(bytes: Buffer, from: number, length: number): string {
    const end = from + length;
    // Some letters tell names apart as well as all do; two names in one slot cost a decoding.
    const at = (index: number): number => bytes[index] ?? 0;
    let hash = Math.imul(length, 31) + at(from + (length >> 1));
    hash = Math.imul(hash, 31) + at(from + (length >> 2));
    hash = Math.imul(hash, 31) + at(end - 3);
    hash = Math.imul(hash, 31) + at(end - 2);
    hash = Math.imul(hash, 31) + at(end - 1);
    const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
    const known = this.#texts[slot] ?? '';
    if (known.length === length && same(known, bytes, from)) return known;
    const text = bytes.toString('utf8', from, end);
    this.#texts[slot] = text;
    return text;
  }
}

/** Only for ASCII: other text is longer in bytes than in characters, and is decoded each time. */
function same(known: string, bytes: Buffer, from: number): boolean {
  for (let at = 0; at < known.length; at++) if (known.charCodeAt(at) !== bytes[from + at]) return false;
  return true;
}

const words = new Words();
