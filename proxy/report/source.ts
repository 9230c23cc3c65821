// One worker's spool as the reporter reads it: finished requests in batches, and the requests that have begun and not
// ended. Those are known again after a restart of the reporter: the segments since the oldest of them are kept and
// read anew, or, once that gets long, since a checkpoint that holds them.

import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBefore, segmentName, segmentsOf, type Position, type SpoolRecord } from '../../runtime/spool/format.ts';
import { SpoolReader, type SpoolBatch } from '../../runtime/spool/reader.ts';
import { KIND, decodeBegin, decodeEnd, peekSpanId, type BeginRecord, type EndRecord } from './record.ts';
import { PAYLOADS_DIR, SPANS_DIR } from './recorder.ts';
import type { Bodies } from './spans.ts';

export interface Finished {
  readonly ends: readonly EndRecord[];
  /** Records that could not be read. */
  readonly unreadable: number;
}

interface Begun {
  readonly record: BeginRecord;
  readonly at: Position;
}

/** About a begin and an end record for each of 512 requests. */
const LIMITS = { maxRecords: 1024, maxBytes: 4 * 1024 * 1024 };
/** Segments that are kept for a restart before a checkpoint makes them superfluous. */
const KEPT_SEGMENTS = 2;
const GONE = '.gone';

export class Source {
  /** True for the directory of a worker: other things may lie beside them. */
  static isAt(dir: string): boolean {
    return !dir.endsWith(GONE) && existsSync(join(dir, SPANS_DIR));
  }

  /** Finishes what remove() did not come to the end of. */
  static removeLeftovers(parent: string): void {
    for (const name of readdirSync(parent)) {
      if (name.endsWith(GONE)) rmSync(join(parent, name), { recursive: true, force: true });
    }
  }

  readonly writerId: string;
  readonly #dir: string;
  readonly #spans: SpoolReader;
  readonly #payloads: SpoolReader;
  readonly #begun = new Map<string, Begun>();
  #checkpoint: Position | undefined;
  #batch: SpoolBatch | undefined;
  #ends: readonly EndRecord[] = [];

  constructor(dir: string, writerId: string) {
    this.writerId = writerId;
    this.#dir = dir;
    this.#spans = new SpoolReader(join(dir, SPANS_DIR));
    this.#payloads = new SpoolReader(join(dir, PAYLOADS_DIR));
    this.#restore();
  }

  /** The next finished requests; undefined when there is nothing new. The same again until commit(). */
  take(): Finished | undefined {
    this.#batch = this.#spans.take(LIMITS);
    if (!this.#batch) return undefined;
    const records = this.#batch.records.filter(({ kind }) => kind === KIND.END);
    this.#ends = records.flatMap(({ data }) => decodeEnd(data) ?? []);
    return { ends: this.#ends, unreadable: records.length - this.#ends.length };
  }

  /** Redacted bodies; undefined when none were captured or the spool had to drop them. */
  bodies({ capture }: EndRecord): Bodies | undefined {
    if (!capture?.payload) return undefined;
    const data = this.#payloads.readAt(capture.payload.at)?.data;
    const { requestBytes } = capture.payload;
    return data && { request: data.subarray(0, requestBytes), response: data.subarray(requestBytes) };
  }

  /** The requests of the last take() are safe at the collector. */
  commit(): void {
    if (!this.#batch) return;
    const ended = new Set(this.#ends.map(({ spanId }) => spanId));
    for (const record of this.#batch.records) {
      // Most requests end in the batch they begin in.
      if (record.kind === KIND.BEGIN && !ended.has(peekSpanId(record.data))) this.#begin(record);
    }
    for (const spanId of ended) this.#begun.delete(spanId);
    this.#spans.commit(this.#batch, this.#keep(this.#batch.to));
    const last = this.#ends.findLast(({ capture }) => capture?.payload)?.capture?.payload;
    if (last) this.#payloads.trim(last.at);
    this.#batch = undefined;
    this.#ends = [];
    const { position } = this.#spans;
    if (position.segment - this.#keep(position).segment >= KEPT_SEGMENTS) this.#save(position);
  }

  /** The worker is gone: what is torn at the end of its spool stays so. */
  seal(): void {
    this.#spans.seal();
  }

  /** Requests without an end, oldest first. */
  get begun(): readonly BeginRecord[] {
    return Array.from(this.#begun.values(), ({ record }) => record);
  }

  /** When the worker last wrote, in microseconds since 1970: the last moment it is known to have lived. */
  get lastWriteUs(): number {
    const dir = join(this.#dir, SPANS_DIR);
    const last = segmentsOf(readdirSync(dir)).at(-1);
    if (last === undefined) return 0;
    return Math.round((statSync(join(dir, segmentName(last)), { throwIfNoEntry: false })?.mtimeMs ?? 0) * 1000);
  }

  /** Bytes that are still to be sent, bodies apart. */
  backlog(): number {
    return this.#spans.backlog();
  }

  /** Records and segments that were lost to damage or overflow. */
  get lost(): number {
    const { corrupt, quarantined, missing, torn } = this.#spans.damage;
    return corrupt + quarantined + missing + torn;
  }

  close(): void {
    this.#spans.close();
    this.#payloads.close();
  }

  /** Nothing of this worker is needed any more. */
  remove(): void {
    this.close();
    // Away in one step: half a spool would be read as if it were a whole one.
    renameSync(this.#dir, this.#dir + GONE);
    rmSync(this.#dir + GONE, { recursive: true, force: true });
  }

  #begin({ data, at }: SpoolRecord): void {
    const record = decodeBegin(data);
    if (record) this.#begun.set(record.spanId, { record, at });
  }

  /** From here on the spool must stay readable, to know after a restart what has begun. */
  #keep(position: Position): Position {
    const [oldest] = this.#begun.values();
    const keep = this.#checkpoint ?? oldest?.at ?? position;
    return isBefore(keep, position) ? keep : position;
  }

  #save(at: Position): void {
    const path = join(this.#dir, 'begun.json');
    writeFileSync(`${path}.new`, JSON.stringify({ at, begun: [...this.#begun.values()] }));
    renameSync(`${path}.new`, path);
    this.#checkpoint = at;
    this.#spans.trim(at);
  }

  #restore(): void {
    try {
      const saved = JSON.parse(readFileSync(join(this.#dir, 'begun.json'), 'utf8')) as { at: Position; begun: Begun[] };
      for (const begun of saved.begun) this.#begun.set(begun.record.spanId, begun);
      this.#checkpoint = saved.at;
    } catch {
      // there was no need for one yet
    }
    for (const record of this.#spans.history(this.#checkpoint)) {
      if (record.kind === KIND.BEGIN) this.#begin(record);
      else if (record.kind === KIND.END) this.#begun.delete(decodeEnd(record.data)?.spanId ?? '');
    }
  }
}
