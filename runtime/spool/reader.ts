// The reading end of the durable spool: batches of records, each claimed on disk before it is handed out.
// A claim makes a retry after a crash the same batch again, under the same token, so that whoever takes it can tell
// that it already has. Damage never stops a reader: what cannot be read is counted and set aside.

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  SEGMENT_HEADER,
  SEGMENT_START,
  parseRecord,
  segmentName,
  segmentsOf,
  type Position,
  type SpoolRecord,
} from './format.ts';

export interface SpoolBatch {
  readonly records: readonly SpoolRecord[];
  readonly from: Position;
  readonly to: Position;
  /** The same for the same batch, also after a crash; unique within the spool's directory. */
  readonly token: string;
}

export interface SpoolLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** What was unreadable, by kind of damage; all zero in a healthy life. */
export interface SpoolDamage {
  corrupt: number;
  torn: number;
  quarantined: number;
  /** Segments that vanished before they were read (overflow of the writer). */
  missing: number;
}

interface Cursor {
  from: Position;
  to: Position | undefined;
}

const READ_BYTES = 1024 * 1024;

export class SpoolReader {
  readonly damage: SpoolDamage = { corrupt: 0, torn: 0, quarantined: 0, missing: 0 };
  readonly #dir: string;
  #cursor: Cursor;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
    this.#cursor = this.#loadCursor();
  }

  /**
   * The next batch, or undefined when there is none yet. Until it is committed, take() gives the same batch again.
   */
  take(limits: SpoolLimits): SpoolBatch | undefined {
    const claimed = this.#cursor.to;
    const { records, end } = this.#read(claimed ? { maxRecords: Infinity, maxBytes: Infinity } : limits, claimed);
    if (records.length === 0) {
      this.#cursor = { from: claimed ?? end, to: undefined };
      return undefined;
    }
    const { from } = this.#cursor;
    const to = claimed ?? end;
    if (!claimed) this.#save({ from, to });
    return { records, from, to, token: `${from.segment}.${from.offset}-${to.segment}.${to.offset}` };
  }

  /** The batch is safe elsewhere: the reader moves on and whole segments behind it are deleted. */
  commit(batch: SpoolBatch): void {
    this.#save({ from: batch.to, to: undefined });
    for (const segment of this.#segments()) {
      if (segment < batch.to.segment) this.#remove(segment);
    }
  }

  /** Where the next batch starts. */
  get position(): Position {
    return this.#cursor.from;
  }

  /** Bytes not yet committed. */
  backlog(): number {
    const { from } = this.#cursor;
    let total = 0;
    for (const segment of this.#segments()) {
      if (segment < from.segment) continue;
      const size = this.#withSegment(segment, (fd) => fstatSync(fd).size) ?? 0;
      total += Math.max(0, size - (segment === from.segment ? from.offset : SEGMENT_START));
    }
    return total;
  }

  /** One record by its position; undefined when it is gone or damaged. */
  readAt(at: Position): SpoolRecord | undefined {
    return this.#withSegment(at.segment, (fd) => {
      const found = this.#records(fd, at, 1).next().value;
      return found?.record && found.record.at.offset === at.offset ? found.record : undefined;
    });
  }

  #segments(): number[] {
    return segmentsOf(readdirSync(this.#dir));
  }

  #read(limits: SpoolLimits, stop: Position | undefined): { records: SpoolRecord[]; end: Position } {
    const records: SpoolRecord[] = [];
    let end = this.#cursor.from;
    let bytes = 0;
    const segments = this.#segments().filter(
      (segment) => segment >= end.segment && segment <= (stop?.segment ?? Infinity),
    );
    for (const [index, segment] of segments.entries()) {
      if (segment > end.segment) {
        if (end.segment > 0 && segment > end.segment + 1) this.damage.missing += segment - end.segment - 1;
        end = { segment, offset: SEGMENT_START };
      }
      const last = index === segments.length - 1;
      const limit = stop?.segment === segment ? stop.offset : Infinity;
      const full = this.#withSegment(segment, (fd) => {
        for (const { record, next } of this.#records(fd, end, Infinity, last)) {
          if (next > limit) return true;
          end = { segment, offset: next };
          if (record) {
            records.push(record);
            bytes += record.data.length;
          }
          if (records.length >= limits.maxRecords || bytes >= limits.maxBytes) return true;
        }
        return false;
      });
      if (full) break;
    }
    return { records, end };
  }

  /** Walks records from a position; damage is counted once, on the way past. */
  *#records(
    fd: number,
    from: Position,
    most: number,
    last = true,
  ): Generator<{ record: SpoolRecord | undefined; next: number }> {
    if (!this.#headerFits(fd, from.segment, last)) return;
    let offset = Math.max(from.offset, SEGMENT_START);
    let buffer: Buffer = Buffer.alloc(0);
    let start = offset;
    for (let count = 0; count < most; count++) {
      let parsed = parseRecord(buffer.subarray(offset - start));
      while (parsed.state === 'short') {
        const more = readChunk(fd, offset, Math.max(READ_BYTES, parsed.needed));
        const had = buffer.length - (offset - start);
        if (more.length <= had || more.length < parsed.needed) break;
        buffer = more;
        start = offset;
        parsed = parseRecord(buffer);
      }
      if (parsed.state === 'short' || parsed.state === 'garbage') {
        if (!last) this.#tail(fd, offset, parsed.state);
        return;
      }
      const at = { segment: from.segment, offset };
      offset += parsed.bytes;
      if (parsed.state === 'corrupt') this.damage.corrupt++;
      yield {
        record: parsed.state === 'record' ? { kind: parsed.kind, data: parsed.data, at } : undefined,
        next: offset,
      };
    }
  }

  /** The end of a closed segment that is no whole record: torn by a crash, zero-filled, or damaged. */
  #tail(fd: number, offset: number, state: 'short' | 'garbage'): void {
    const rest = fstatSync(fd).size - offset;
    if (rest > 0) this.damage[state === 'short' ? 'torn' : 'corrupt']++;
  }

  #headerFits(fd: number, segment: number, last: boolean): boolean {
    const header = readChunk(fd, 0, SEGMENT_START);
    if (header.equals(SEGMENT_HEADER)) return true;
    if (header.length < SEGMENT_START && last) return false;
    this.damage.quarantined++;
    renameSync(join(this.#dir, segmentName(segment)), join(this.#dir, `${segmentName(segment)}.quarantined`));
    return false;
  }

  #withSegment<T>(segment: number, use: (fd: number) => T): T | undefined {
    let fd: number;
    try {
      fd = openSync(join(this.#dir, segmentName(segment)), 'r');
    } catch {
      return undefined;
    }
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  #remove(segment: number): void {
    try {
      unlinkSync(join(this.#dir, segmentName(segment)));
    } catch {
      // the writer dropped it first
    }
  }

  #loadCursor(): Cursor {
    try {
      const saved: unknown = JSON.parse(readFileSync(join(this.#dir, 'cursor.json'), 'utf8'));
      if (isCursor(saved)) return saved;
    } catch {
      // none yet, or torn: start at the oldest segment; what is taken twice is recognised by its takers
    }
    return { from: { segment: 0, offset: SEGMENT_START }, to: undefined };
  }

  #save(cursor: Cursor): void {
    const path = join(this.#dir, 'cursor.json');
    writeFileSync(`${path}.new`, JSON.stringify(cursor));
    renameSync(`${path}.new`, path);
    this.#cursor = cursor;
  }
}

function readChunk(fd: number, offset: number, length: number): Buffer {
  const there = Math.max(0, Math.min(length, fstatSync(fd).size - offset));
  const chunk = Buffer.allocUnsafe(there);
  let filled = 0;
  while (filled < there) {
    const count = readSync(fd, chunk, filled, there - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return chunk.subarray(0, filled);
}

function isPosition(value: unknown): value is Position {
  return (
    typeof value === 'object' &&
    value !== null &&
    'segment' in value &&
    'offset' in value &&
    typeof value.segment === 'number' &&
    typeof value.offset === 'number'
  );
}

function isCursor(value: unknown): value is Cursor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'from' in value &&
    isPosition(value.from) &&
    (!('to' in value) || value.to === undefined || isPosition(value.to))
  );
}
