// What the parts of the collector know of each other: lives, and the arrows between receiving, queue and store.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Config } from '../schemas/config.ts';
import type { ScoreRow } from '../schemas/score.ts';
import type { IoRow, SpanBatch, SpanRow } from '../schemas/span.ts';

/** A part with a life. close() is idempotent, flushes, and may be called without start(). */
export interface Component {
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Rows of one table as the queue keeps them: blocks of the Native format with the columns of queue/codec. */
export interface EncodedRows {
  readonly rows: number;
  readonly blocks: Buffer;
}

export interface EncodedBatch {
  readonly spans: EncodedRows;
  readonly io: EncodedRows;
  readonly scores: EncodedRows;
}

/** Where the queue puts what it has. An error is retried for ever unless it is a PermanentError. */
export interface StoreWriter {
  /** Idempotent per token: a second insert under the same token, also after a crash, adds nothing. */
  insert(batch: SpanBatch, token: string): Promise<void>;
  /**
   * The same for rows in the queue's own encoding, which saves reading and writing them once more.
   * Where a store has it, the queue calls nothing else.
   */
  insertEncoded?(batch: EncodedBatch, token: string): Promise<void>;
}

/** The rows themselves are at fault (a value no column takes): a retry of the same batch cannot succeed. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** What the table of duplicates is rebuilt from at start: `trace_id + span_id` (48 hex digits) of rows received since. */
export interface RecentSpans {
  recentSpanIds(sinceMs: number): AsyncIterable<string>;
}

/** Batches as they are accepted, before they reach the store. A listener must not block and may drop what it likes. */
export type BatchListener = (batch: SpanBatch) => void;

/** Rows from elsewhere than OTLP: the API's scores, say. */
export interface Submission {
  readonly spans?: readonly SpanRow[];
  readonly io?: readonly IoRow[];
  readonly scores?: readonly ScoreRow[];
}

/** Numbers for GET /status; the same are in /metrics. */
export interface PipelineStatus {
  readonly queue: { records: number; bytes: number; oldest_age: number; max_bytes: number };
  readonly drops: Record<string, number>;
  readonly received: { spans: number; rejected: number; duplicates: number };
}

/** Everything between an OTLP request and the store. */
export interface Pipeline extends Component {
  /**
   * Answers POST /v1/traces, /v1/logs and /v1/metrics. Mount it before anything reads bodies.
   * @returns false, with nothing touched, when the path is none of them
   */
  handleOtlp(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Durable once it returns. @throws SpoolFullError when the queue or the disk is full */
  submit(rows: Submission): void;
  /** @returns what ends the subscription */
  subscribe(listener: BatchListener): () => void;
  status(): PipelineStatus;
  /** False while the queue is at its high-water mark: senders get 503. */
  readonly accepting: boolean;
  /** Settles once everything accepted before the call is in the store (or set aside as poison). */
  flush(): Promise<void>;
}

/** What `createPipeline(options): Pipeline` of pipeline.ts takes. */
export interface PipelineOptions {
  /** A directory of its own: the queue's segments and what was set aside as poison. */
  readonly dir: string;
  readonly store: StoreWriter & RecentSpans;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Overrides of prices, as in the config. */
  readonly prices: Config['prices'];
  /** Bytes of one OTLP request, before and after decompression. */
  readonly maxBody: number;
  /** Bytes of the queue on disk; above it senders get 503. */
  readonly maxDisk: number;
  /** Milliseconds a sender has for its body; 30 s unless given. */
  readonly bodyTimeout?: number;
}
