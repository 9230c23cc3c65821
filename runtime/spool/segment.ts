// One segment file, open for reading: records by offset, read in large chunks, and what to do where one is damaged.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { SEGMENT_HEADER, SEGMENT_START, findRecord, parseRecord, segmentName } from './format.ts';
import type { Parsed, SpoolRecord } from './format.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A step over one record, or over damage. */
export interface Step {
  readonly record: SpoolRecord | undefined;
  readonly damage: 'corrupt' | 'torn' | undefined;
  /** Where the next record starts. */
  readonly next: number;
}

export class SegmentFile {
  readonly segment: number;
  readonly #fd: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;

  private constructor(segment: number, fd: number) {
    this.segment = segment;
    this.#fd = fd;
  }

  /** The segment, or undefined when there is no such file. */
  static open(dir: string, segment: number): SegmentFile | undefined {
    try {
      return new SegmentFile(segment, openSync(join(dir, segmentName(segment)), 'r'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** True once the writer has deleted the file; what it held can still be read here. */
  get deleted(): boolean {
    return fstatSync(this.#fd).nlink === 0;
  }

  /** `unfinished`: its first bytes are not all there yet, or never came. */
  header(): 'good' | 'unfinished' | 'foreign' {
    const header = this.#read(0, SEGMENT_START);
    if (header.equals(SEGMENT_HEADER)) return 'good';
    return header.length < SEGMENT_START ? 'unfinished' : 'foreign';
  }

  /**
   * The step that starts at `offset`, or undefined at the end.
   * @param closed the writer will not come back to this segment: what is unreadable now stays so
   */
  step(offset: number, closed: boolean): Step | undefined {
    const parsed = this.#parse(offset);
    if (parsed.state === 'record') {
      const at = { segment: this.segment, offset };
      return { record: { kind: parsed.kind, data: parsed.data, at }, damage: undefined, next: offset + parsed.bytes };
    }
    if (parsed.state === 'corrupt' && this.#startsRecord(offset + parsed.bytes)) {
      return { record: undefined, damage: 'corrupt', next: offset + parsed.bytes };
    }
    if (parsed.state === 'short' && !closed) return undefined;
    return this.#stepOverDamage(offset, parsed, closed);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #stepOverDamage(offset: number, parsed: Parsed, closed: boolean): Step | undefined {
    const rest = this.#read(offset, this.#size() - offset);
    if (rest.length === 0) return undefined;
    const found = findRecord(rest);
    if (found !== undefined) return { record: undefined, damage: 'corrupt', next: offset + found };
    if (!closed) return undefined;
    const damage = parsed.state === 'short' ? 'torn' : 'corrupt';
    return { record: undefined, damage, next: offset + rest.length };
  }

  #startsRecord(offset: number): boolean {
    return offset === this.#size() || this.#parse(offset).state === 'record';
  }

  /** Reads on until the record is whole or the file has no more. A short one is always read afresh. */
  #parse(offset: number): Parsed {
    let parsed = parseRecord(this.#cached(offset));
    let loaded = 0;
    while (parsed.state === 'short') {
      const wanted = Math.min(this.#size() - offset, Math.max(CHUNK_BYTES, parsed.needed));
      if (wanted <= loaded) return parsed;
      this.#chunk = this.#read(offset, wanted);
      this.#chunkAt = offset;
      loaded = wanted;
      parsed = parseRecord(this.#chunk);
    }
    return parsed;
  }

  #cached(offset: number): Buffer {
    const from = offset - this.#chunkAt;
    return from < 0 || from >= this.#chunk.length ? this.#chunk.subarray(0, 0) : this.#chunk.subarray(from);
  }

  #size(): number {
    return fstatSync(this.#fd).size;
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, length));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(this.#fd, bytes, filled, bytes.length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }
}
