// The reading end of the durable spool: batches of records, each claimed on disk before it is handed out.
// A claim makes a retry after a crash the same batch again, under the same token, so that whoever takes it can tell
// that it already has. Damage never stops a reader: what cannot be read is counted and stepped over.

import { existsSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CursorFile } from './cursor.ts';
import { SEGMENT_START, isBefore, segmentName, segmentsOf, type Position, type SpoolRecord } from './format.ts';
import { SegmentFile, type Step } from './segment.ts';

export interface SpoolBatch {
  readonly records: readonly SpoolRecord[];
  readonly from: Position;
  readonly to: Position;
  /** The same for the same batch, also after a crash; no other batch of any spool has it. */
  readonly token: string;
}

export interface SpoolLimits {
  readonly maxRecords: number;
  /** A batch ends with the record that reaches it. */
  readonly maxBytes: number;
}

/** What was unreadable, by kind of damage; all zero in a healthy life. */
export interface SpoolDamage {
  corrupt: number;
  torn: number;
  /** Segments of an unknown version, set aside as `*.quarantined`. */
  quarantined: number;
  /** Segments that vanished before they were read (overflow of the writer). */
  missing: number;
}

const UNLIMITED: SpoolLimits = { maxRecords: Infinity, maxBytes: Infinity };
/** Idle looks between two full listings of the directory; the others ask for the next segment by its name. */
const LOOKS_PER_LISTING = 64;

export class SpoolReader {
  readonly damage: SpoolDamage = { corrupt: 0, torn: 0, quarantined: 0, missing: 0 };
  readonly #dir: string;
  readonly #cursor: CursorFile;
  /** Where the next batch starts: the cursor's, or further when nothing but damage lay there. */
  #from: Position;
  #batch: SpoolBatch | undefined;
  #file: SegmentFile | undefined;
  #side: SegmentFile | undefined;
  #sealed = false;
  #idleLooks = 0;
  #trimmedTo = -1;

  constructor(dir: string) {
    this.#dir = dir;
    this.#cursor = new CursorFile(dir);
    this.#from = this.#cursor.cursor.from;
  }

  /**
   * The next batch, or undefined when there is none yet. Until it is committed, take() gives the same batch again.
   */
  take(limits: SpoolLimits): SpoolBatch | undefined {
    if (this.#batch) return this.#batch;
    const claimed = this.#cursor.cursor.to;
    const { records, end } = this.#read(claimed ? UNLIMITED : limits, claimed);
    if (records.length === 0) {
      this.#from = claimed ?? end;
      if (!claimed) return undefined;
      // Nothing of the claim is left: the writer dropped it.
      this.#cursor.save({ from: claimed, to: undefined });
      return this.take(limits);
    }
    const from = this.#from;
    const to = claimed ?? end;
    if (!claimed) this.#cursor.save({ from, to });
    const token = `${this.#cursor.id}-${from.segment}.${from.offset}-${to.segment}.${to.offset}`;
    this.#batch = { records, from, to, token };
    return this.#batch;
  }

  /**
   * The batch is safe elsewhere: the reader moves on and whole segments behind it are deleted.
   * @param keep segments from this position on stay, for history()
   */
  commit(batch: Pick<SpoolBatch, 'to'>, keep: Position = batch.to): void {
    this.#cursor.save({ from: batch.to, to: undefined });
    this.#from = batch.to;
    this.#batch = undefined;
    this.trim(isBefore(keep, batch.to) ? keep : batch.to);
  }

  /** After a take() that found nothing: a last segment that its writer has left is not needed any more. */
  rest(): void {
    if (this.#from.segment > this.position.segment) this.commit({ to: this.#from });
  }

  /** Deletes the segments that end before this position. */
  trim(before: Position): void {
    if (before.segment <= this.#trimmedTo) return;
    for (const segment of this.#segments()) {
      if (segment < before.segment) unlinkQuietly(join(this.#dir, segmentName(segment)));
    }
    this.#trimmedTo = before.segment;
  }

  /** Everything before this is committed. */
  get position(): Position {
    return this.#cursor.cursor.from;
  }

  /** The writer is gone for good: what is torn in its last segment stays so and is stepped over. */
  seal(): void {
    this.#sealed = true;
  }

  /** Committed records that commit() was told to keep, oldest first. */
  *history(since: Position = { segment: 0, offset: SEGMENT_START }): Generator<SpoolRecord> {
    for (const segment of this.#segments()) {
      if (segment < since.segment || segment > this.position.segment) continue;
      const start = segment === since.segment ? since.offset : SEGMENT_START;
      yield* this.#committedIn(segment, start);
    }
  }

  /** Bytes not yet committed. */
  backlog(): number {
    const from = this.#from;
    let total = 0;
    for (const segment of this.#segments()) {
      if (segment < from.segment) continue;
      const size = statSync(join(this.#dir, segmentName(segment)), { throwIfNoEntry: false })?.size ?? 0;
      total += Math.max(0, size - (segment === from.segment ? from.offset : SEGMENT_START));
    }
    return total;
  }

  /** One record by its position; undefined when it is gone or damaged. Cheapest in the order of writing. */
  readAt(at: Position): SpoolRecord | undefined {
    if (this.#side?.segment !== at.segment) {
      this.#side?.close();
      this.#side = SegmentFile.open(this.#dir, at.segment);
    }
    return this.#side?.step(at.offset, false)?.record;
  }

  close(): void {
    this.#file?.close();
    this.#side?.close();
    this.#file = this.#side = undefined;
    this.#cursor.close();
  }

  *#committedIn(segment: number, start: number): Generator<SpoolRecord> {
    const file = SegmentFile.open(this.#dir, segment);
    if (!file) return;
    try {
      for (let step = file.step(start, true); step; step = file.step(step.next, true)) {
        if (step.record && !isBefore(step.record.at, this.position)) return;
        if (step.record) yield step.record;
      }
    } finally {
      file.close();
    }
  }

  #segments(): number[] {
    return segmentsOf(readdirSync(this.#dir));
  }

  #read(limits: SpoolLimits, stop: Position | undefined): { records: SpoolRecord[]; end: Position } {
    const records: SpoolRecord[] = [];
    let at = this.#from;
    let bytes = 0;
    while (records.length < limits.maxRecords && bytes < limits.maxBytes) {
      const step = stop === undefined || isBefore(at, stop) ? this.#step(at) : undefined;
      if (!step) break;
      at = step.next;
      if (!step.record) continue;
      records.push(step.record);
      bytes += step.record.data.length;
    }
    return { records, end: at };
  }

  #step(at: Position): { record: SpoolRecord | undefined; next: Position } | undefined {
    const file = this.#open(at.segment);
    const step = file?.step(at.offset, this.#sealed);
    if (step) return this.#past(at.segment, step);
    const next = this.#segmentAfter(at.segment, file);
    if (next === undefined) return undefined;
    // Only now is this segment known to be closed: the writer may have added to it since the look above.
    const rest = file?.step(at.offset, true);
    if (rest) return this.#past(at.segment, rest);
    this.damage.missing += next - at.segment - 1;
    return { record: undefined, next: { segment: next, offset: SEGMENT_START } };
  }

  #past(segment: number, step: Step): { record: SpoolRecord | undefined; next: Position } {
    if (step.damage) this.damage[step.damage]++;
    return { record: step.record, next: { segment, offset: step.next } };
  }

  /** The segment, ready to be read; undefined when it is gone, set aside, or has no header. */
  #open(segment: number): SegmentFile | undefined {
    if (this.#file?.segment === segment) return this.#file;
    this.#file?.close();
    this.#file = undefined;
    const file = SegmentFile.open(this.#dir, segment);
    const header = file?.header();
    if (header === 'good') {
      this.#file = file;
      return file;
    }
    file?.close();
    if (header === 'foreign') this.#quarantine(segment);
    return undefined;
  }

  #quarantine(segment: number): void {
    const path = join(this.#dir, segmentName(segment));
    renameSync(path, `${path}.quarantined`);
    this.damage.quarantined++;
  }

  #segmentAfter(segment: number, file: SegmentFile | undefined): number | undefined {
    if (existsSync(join(this.#dir, segmentName(segment + 1)))) return segment + 1;
    if (file && ++this.#idleLooks % LOOKS_PER_LISTING !== 0 && !file.deleted) return undefined;
    return this.#segments().find((other) => other > segment);
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // the writer dropped it first
  }
}
