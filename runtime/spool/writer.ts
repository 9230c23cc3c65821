// The writing end of the durable spool: append-only segments in a directory of its own.
// append() returns once the bytes are the kernel's: they survive kill -9 of this process at the next instant
// (not power loss). One writer a directory; a reader, here or in another process, deletes what it has consumed.

import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { writeFileSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { CursorFile } from './cursor.ts';
import { MAX_RECORD_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER, SEGMENT_START } from './format.ts';
import { segmentName, segmentsOf, writeRecordHeader, type Position } from './format.ts';

export interface SpoolWriterOptions {
  readonly dir: string;
  /** A segment is closed once it is larger. */
  readonly segmentBytes: number;
  readonly maxBytes: number;
  /** At maxBytes: delete the oldest segments, or refuse the append. */
  readonly overflow: 'drop_oldest' | 'refuse';
  /** Called with the size of each segment that overflow deleted, and its records if this life wrote them. */
  readonly onDrop?: (bytes: number, records: number) => void;
}

/** The spool could not take a record: it is full, or the disk is. Nothing of the record was kept. */
export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError';
}

/** No spool of this size will ever take the record. */
export class RecordTooLargeError extends RangeError {
  override readonly name = 'RecordTooLargeError';

  constructor(bytes: number) {
    super(`a record of ${bytes} bytes is too large for the spool`);
  }
}

/** Room for one more header on a full disk: without it no reader could ever delete the segment that filled it. */
const RESERVE = 'reserve';
const RESERVE_BYTES = 4096;

export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  readonly #header = Buffer.alloc(RECORD_HEADER_BYTES);
  #fd = -1;
  #segment: number;
  #offset = 0;
  /** Records in each segment of this life. */
  readonly #counts = new Map<number, number>();
  #count = 0;
  /** Bytes of the closed segments, as of the last look. */
  #closedBytes = 0;

  /** @throws SpoolFullError when the disk has no room to start in */
  constructor(options: SpoolWriterOptions) {
    this.#options = options;
    mkdirSync(options.dir, { recursive: true });
    // Never into a file that an earlier life may have left torn, nor to a place that a reader is already past.
    this.#segment = Math.max(lastSegment(options.dir), cursorSegment(options.dir));
    this.#rotate();
  }

  /**
   * Appends one record made of `parts`, which are written as they are, unjoined.
   * @param kind 1 to 255, the caller's own meaning
   * @returns where the record starts
   * @throws SpoolFullError when the spool or the disk is full
   * @throws RecordTooLargeError when it would not fit into an empty spool either
   */
  append(kind: number, parts: readonly Uint8Array[]): Position {
    const length = writeRecordHeader(this.#header, kind, parts) + RECORD_HEADER_BYTES;
    if (length > MAX_RECORD_BYTES) throw new RecordTooLargeError(length);
    if (this.#options.overflow === 'refuse') this.#refuseAbove(length);
    if (this.#fd < 0 || this.#offset >= this.#options.segmentBytes) this.#rotate();
    const at = { segment: this.#segment, offset: this.#offset };
    this.#write([this.#header, ...parts], length);
    this.#offset += length;
    this.#count++;
    return at;
  }

  /** Bytes on disk, counting what a reader has deleted since the last rotation as still there. */
  get bytes(): number {
    return this.#closedBytes + this.#offset;
  }

  /** The next append goes here. */
  get end(): Position {
    return { segment: this.#segment, offset: this.#offset };
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #refuseAbove(length: number): void {
    const { dir, maxBytes } = this.#options;
    if (this.bytes + length <= maxBytes) return;
    if (length > maxBytes - SEGMENT_START) throw new RecordTooLargeError(length);
    this.#closedBytes = this.#measure();
    if (this.bytes + length <= maxBytes) return;
    // What stands in the way may all have been read: no reader deletes the segment that is being written.
    if (this.#closedBytes === 0) this.#leave();
    throw new SpoolFullError(`the spool in ${dir} has reached its ${maxBytes} bytes`);
  }

  #write(buffers: readonly Uint8Array[], length: number): void {
    let written = 0;
    try {
      written = writevSync(this.#fd, buffers);
      // A short write means a full disk or a signal: say the rest again, which then works or throws.
      if (written < length) written += writevSync(this.#fd, [Buffer.concat(buffers).subarray(written)]);
    } catch (error) {
      this.#undo();
      this.#leave();
      throw full(this.#options.dir, error);
    }
    if (written === length) return;
    this.#undo();
    this.#leave();
    throw new SpoolFullError(`cannot write to ${this.#options.dir}: the disk took ${written} of ${length} bytes`);
  }

  /** Half a record must not stand before the next one. */
  #undo(): void {
    try {
      ftruncateSync(this.#fd, this.#offset);
    } catch {
      this.close(); // the next append starts a new segment
    }
  }

  /** Off a full disk's last segment, so that a reader that is done with it deletes it and makes room. */
  #leave(): void {
    if (this.#offset <= SEGMENT_START) return;
    rmSync(join(this.#options.dir, RESERVE), { force: true });
    try {
      this.#rotate();
    } catch {
      // not even for a header: the next append tries again
    }
  }

  /** Best effort: a disk that is full now has no reserve until the next segment. */
  #reserve(): void {
    try {
      writeFileSync(join(this.#options.dir, RESERVE), Buffer.alloc(RESERVE_BYTES));
    } catch {
      rmSync(join(this.#options.dir, RESERVE), { force: true });
    }
  }

  /** Starts the next segment. When the disk refuses, the writer has none and the next append tries again. */
  #rotate(): void {
    this.close();
    this.#counts.set(this.#segment, this.#count);
    this.#segment++;
    this.#count = 0;
    this.#offset = 0;
    try {
      this.#fd = openSync(join(this.#options.dir, segmentName(this.#segment)), 'ax');
      const written = writevSync(this.#fd, [SEGMENT_HEADER]);
      if (written < SEGMENT_START) throw new Error('no room for a header');
    } catch (error) {
      this.close();
      throw full(this.#options.dir, error);
    }
    this.#offset = SEGMENT_START;
    this.#reserve();
    this.#closedBytes = this.#measure();
    if (this.#options.overflow === 'drop_oldest') this.#dropOldest();
  }

  #measure(): number {
    return this.#closed().reduce((sum, segment) => sum + this.#sizeOf(segment), 0);
  }

  #closed(): number[] {
    return segmentsOf(readdirSync(this.#options.dir)).filter((segment) => segment < this.#segment);
  }

  #sizeOf(segment: number): number {
    return statSync(join(this.#options.dir, segmentName(segment)), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Leaves room for one whole segment. */
  #dropOldest(): void {
    const closed = this.#closed();
    for (const segment of this.#counts.keys()) {
      if (segment < (closed[0] ?? this.#segment)) this.#counts.delete(segment);
    }
    for (const segment of closed) {
      if (this.#closedBytes <= this.#options.maxBytes - this.#options.segmentBytes) return;
      const size = this.#sizeOf(segment);
      try {
        unlinkSync(join(this.#options.dir, segmentName(segment)));
      } catch {
        continue; // the reader was quicker
      }
      this.#closedBytes -= size;
      this.#options.onDrop?.(size, this.#counts.get(segment) ?? 0);
    }
  }
}

function full(dir: string, cause: unknown): SpoolFullError {
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return new SpoolFullError(`cannot write to ${dir}: ${reason}`, { cause });
}

/** The highest segment that was ever here, also if a reader has set it aside. */
function lastSegment(dir: string): number {
  const numbers = readdirSync(dir).flatMap((name) => (/^\d{10}\.seg/.test(name) ? [Number(name.slice(0, 10))] : []));
  return Math.max(0, ...numbers);
}

/** Also makes the reader's file while there is room for it. */
function cursorSegment(dir: string): number {
  const file = new CursorFile(dir);
  file.close();
  return Math.max(file.cursor.from.segment, file.cursor.to?.segment ?? 0);
}
