// The durable queue between receiving and storing: runtime/spool with rows as its records. What append() took survives
// kill -9 at the next instant; what the store took is forgotten.
//
//   record  6 x u32 LE (rows and bytes of spans, io, scores) · their blocks (codec.ts)

import { mkdirSync, readdirSync } from 'node:fs';
import { SEGMENT_START, segmentsOf, type SpoolRecord } from '../../runtime/spool/format.ts';
import { SpoolReader, type SpoolBatch, type SpoolDamage, type SpoolLimits } from '../../runtime/spool/reader.ts';
import { SegmentFile } from '../../runtime/spool/segment.ts';
import { SpoolWriter } from '../../runtime/spool/writer.ts';
import type { EncodedBatch, EncodedRows } from '../component.ts';
import { countRows, joinBatches, SPANS } from './codec.ts';
import { readBlocks } from './native.ts';

/** 1 were rows as lines of JSON. */
const ROWS = 2;
const HEADER_BYTES = 24;
const SEGMENT_BYTES = 64 * 1024 * 1024;

export interface WalBatch {
  readonly rows: EncodedBatch;
  /** The same for the same rows, also after a crash; no other batch of any queue has it. */
  readonly token: string;
  readonly spool: SpoolBatch;
}

interface Pending {
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export class Wal {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #writer: SpoolWriter;
  readonly #reader: SpoolReader;
  /** One entry a record that is not yet in the store, oldest first. */
  #pending: Pending[] = [];
  #pendingRows = 0;
  #backlog = 0;

  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    mkdirSync(dir, { recursive: true });
    this.#reader = new SpoolReader(dir);
    const segmentBytes = Math.min(SEGMENT_BYTES, Math.max(64 * 1024, Math.floor(maxBytes / 8)));
    this.#writer = new SpoolWriter({ dir, segmentBytes, maxBytes, overflow: 'refuse' });
    this.#backlog = this.#reader.backlog();
  }

  /** @throws SpoolFullError when the queue or the disk is full; nothing was kept then */
  append(batch: EncodedBatch): void {
    const rows = countRows(batch);
    if (rows === 0) return;
    const { spans, io, scores } = batch;
    const header = Buffer.alloc(HEADER_BYTES);
    for (const [at, table] of [spans, io, scores].entries()) {
      header.writeUInt32LE(table.rows, at * 8);
      header.writeUInt32LE(table.blocks.length, at * 8 + 4);
    }
    this.#writer.append(ROWS, [header, spans.blocks, io.blocks, scores.blocks]);
    this.#backlog += HEADER_BYTES + spans.blocks.length + io.blocks.length + scores.blocks.length;
    this.#push({ rows, since: Date.now() });
  }

  /** The oldest rows, claimed: until commit() the same batch comes again, also after a crash. */
  take(limits: SpoolLimits): WalBatch | undefined {
    const spool = this.#reader.take(limits);
    if (!spool) {
      this.#reader.rest();
      this.#pending = [];
      this.#pendingRows = 0;
      this.#backlog = 0;
      return undefined;
    }
    const parts = spool.records.flatMap((record) => readRecord(record) ?? []);
    return { rows: joinBatches(parts), token: spool.token, spool };
  }

  commit(batch: WalBatch): void {
    this.#reader.commit(batch.spool);
    const done = this.#pending.splice(0, batch.spool.records.length);
    this.#pendingRows -= done.reduce((sum, each) => sum + each.rows, 0);
    this.#backlog = this.#reader.backlog();
  }

  /** Rows that are not yet in the store. */
  get pendingRows(): number {
    return this.#pendingRows;
  }

  get status(): { records: number; bytes: number; oldest_age: number; max_bytes: number } {
    const oldest = this.#pending[0];
    return {
      records: this.#pendingRows,
      bytes: this.#backlog,
      oldest_age: oldest ? Math.max(0, Date.now() - oldest.since) : 0,
      max_bytes: this.#maxBytes,
    };
  }

  /** Damage found and stepped over: torn tails, flipped bytes, foreign files. */
  get damage(): SpoolDamage {
    return this.#reader.damage;
  }

  /** Calls `found` with the id of every span that waits from an earlier life. Once, before anything is taken. */
  scan(found: (id: string) => void): void {
    const from = this.#reader.position;
    for (const segment of segmentsOf(readdirSync(this.#dir))) {
      if (segment < from.segment) continue;
      const file = SegmentFile.open(this.#dir, segment);
      if (file?.header() === 'good')
        this.#scanSegment(file, segment === from.segment ? from.offset : SEGMENT_START, found);
      file?.close();
    }
  }

  close(): void {
    this.#writer.close();
    this.#reader.close();
  }

  #push(entry: Pending): void {
    this.#pending.push(entry);
    this.#pendingRows += entry.rows;
  }

  #scanSegment(file: SegmentFile, from: number, found: (id: string) => void): void {
    for (let step = file.step(from, true); step; step = file.step(step.next, true)) {
      const batch = step.record && readRecord(step.record);
      if (!batch) continue;
      let since = Date.now();
      for (const span of readBlocks(batch.spans.blocks, SPANS, ['ts_received', 'trace_id', 'span_id'])) {
        since = Math.min(since, span.ts_received);
        found(span.trace_id + span.span_id);
      }
      this.#push({ rows: countRows(batch), since });
    }
  }
}

/** Undefined for a record of another version: it is stepped over, its checksum was right. */
function readRecord({ kind, data }: SpoolRecord): EncodedBatch | undefined {
  if (kind !== ROWS || data.length < HEADER_BYTES) return undefined;
  let at = HEADER_BYTES;
  const table = (index: number): EncodedRows => {
    const rows = data.readUInt32LE(index * 8);
    const end = at + data.readUInt32LE(index * 8 + 4);
    const blocks = data.subarray(at, end);
    at = end;
    return { rows, blocks };
  };
  const batch = { spans: table(0), io: table(1), scores: table(2) };
  return at === data.length ? batch : undefined;
}
