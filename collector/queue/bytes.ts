// The bytes of the Native format: little-endian numbers, and texts behind their length in UTF-8.

const FIRST = 256 * 1024;
/** A larger buffer is not kept for the next block. */
const KEEP = 8 * 1024 * 1024;
/** Shorter texts are faster written letter by letter than by a call. */
const SHORT = 24;
const TWO_32 = 4_294_967_296;

export class NativeWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST);
  #view = viewOf(this.#bytes);
  #at = 0;

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Lone surrogates become U+FFFD. */
  text(value: string): void {
    this.#room(value.length * 3 + 5);
    if (value.length > SHORT || !this.#ascii(value)) this.#encoded(value);
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** A whole number from 0 to 2^53. */
  u64(value: number): void {
    this.#room(8);
    this.#view.setUint32(this.#at, value, true); // modulo 2^32
    this.#view.setUint32(this.#at + 4, Math.floor(value / TWO_32), true);
    this.#at += 8;
  }

  f64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Numbers as they lie in memory: little-endian on every platform that we run on. */
  raw(values: Uint8Array | Uint16Array | Uint32Array): void {
    this.#room(values.byteLength);
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.#at);
    this.#at += values.byteLength;
  }

  /** What was written; the writer starts anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    if (this.#bytes.length > KEEP) this.#resize(FIRST);
    return taken;
  }

  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = value.length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** The text first, where it lies if it is ASCII; its length before it. */
  #encoded(value: string): void {
    const head = sizeOf(value.length);
    const written = this.#bytes.write(value, this.#at + head, 'utf8');
    const needed = sizeOf(written);
    if (needed !== head) {
      const from = this.#at + head;
      this.#bytes.copyWithin(this.#at + needed, from, from + written);
    }
    this.varint(written);
    this.#at += written;
  }

  #room(count: number): void {
    if (this.#at + count > this.#bytes.length) this.#resize(Math.max(this.#bytes.length * 2, this.#at + count));
  }

  #resize(length: number): void {
    const bytes = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(bytes, 0, 0, this.#at);
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

export class NativeReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    return this.#bytes.toString('utf8', this.#at, (this.#at += length));
  }

  skipText(): void {
    const length = this.varint();
    this.#at += length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  u16(): number {
    return this.#bytes.readUInt16LE((this.#at += 2) - 2);
  }

  u32(): number {
    return this.#bytes.readUInt32LE((this.#at += 4) - 4);
  }

  u64(): number {
    const low = this.u32();
    return this.u32() * TWO_32 + low;
  }

  f64(): number {
    return this.#bytes.readDoubleLE((this.#at += 8) - 8);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes that a length takes. */
function sizeOf(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
}
