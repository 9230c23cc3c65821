// What stands between the receivers and the store: processors, duplicates, the durable queue and its writer. A slice of
// spans goes all the way in one turn of the event loop, so that two copies of a span cannot pass each other.

import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../runtime/log.ts';
import type { ScoreRow } from '../schemas/score.ts';
import type { IoRow, SpanBatch, SpanRow } from '../schemas/span.ts';
import type { BatchListener, Component, PipelineOptions, PipelineStatus, Submission } from './component.ts';
import { Losses } from './losses.ts';
import { createProcessors } from './processors/index.ts';
import { readLog } from './processors/logs.ts';
import { encodeBatch } from './queue/codec.ts';
import { Duplicates } from './queue/duplicates.ts';
import { dropsOf, ingestMetrics, type IngestMetrics } from './queue/metrics.ts';
import { Wal } from './queue/wal.ts';
import { QueueWriter } from './queue/writer.ts';
import { invalidSpan, type DecodedLog, type DecodedSpan } from './receivers/model.ts';
import type { OtlpSink, Refused } from './receivers/otlp-http.ts';

/** How far back the table of duplicates reaches at start; longer than senders keep trying. */
const REMEMBER_MS = 2 * 3_600_000;
const REMEMBER_IDS = 1_000_000;
/** Above this share of the queue's disk senders are told to wait, so that what is on its way still fits. */
const HIGH_WATER = 0.95;

/** Spans dealt with in one turn of the event loop. */
const SLICE = 1000;

const NONE_REFUSED: Refused = { rejected: 0, message: '' };
const NOTHING: SpanBatch = { spans: [], io: [], scores: [] };

export class Ingest implements Component, OtlpSink {
  readonly metrics: IngestMetrics;
  readonly #options: PipelineOptions;
  readonly #wal: Wal;
  readonly #writer: QueueWriter;
  readonly #duplicates = new Duplicates();
  readonly #losses = new Losses();
  readonly #process: ReturnType<typeof createProcessors>;
  readonly #listeners = new Set<BatchListener>();
  #open = false;

  constructor(options: PipelineOptions) {
    const { dir, log, metrics, prices, store, maxDisk } = options;
    this.#options = options;
    this.#wal = new Wal(join(dir, 'queue'), maxDisk);
    this.metrics = ingestMetrics(metrics, this.#wal);
    this.#writer = new QueueWriter({
      wal: this.#wal,
      store,
      log,
      quarantine: join(dir, 'quarantine'),
      onStored: (rows) => this.metrics.stored.add(rows),
      onRetry: () => this.metrics.retries.add(),
      onQuarantined: (rows) => this.metrics.quarantined.add(rows),
    });
    this.#process = createProcessors({
      prices,
      count: (reason, amount = 1) => this.metrics.trimmed.add(amount, { reason }),
      now: Date.now,
    });
  }

  /** Learns again which spans were received lately; only then is anything taken. */
  async start(): Promise<void> {
    this.#wal.scan((id) => this.#duplicates.add(id));
    try {
      let left = REMEMBER_IDS;
      for await (const id of this.#options.store.recentSpanIds(Date.now() - REMEMBER_MS)) {
        this.#duplicates.add(id);
        if (--left === 0) break;
      }
    } catch (error) {
      this.#options.log.warn('recent span ids could not be read; a sender that repeats itself may be counted twice', {
        error: messageOf(error),
      });
    }
    this.#writer.start();
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#writer.close();
    this.#wal.close();
  }

  get accepting(): boolean {
    const { bytes, max_bytes } = this.#wal.status;
    return this.#open && bytes < max_bytes * HIGH_WATER;
  }

  /** In slices, so that a large request does not keep everybody else waiting; a repeated one goes on where it was cut. */
  async spans(decoded: readonly DecodedSpan[]): Promise<Refused> {
    const reasons = new Map<string, number>();
    for (let from = 0; from < decoded.length; from += SLICE) {
      if (from > 0) await setImmediate();
      this.#slice(decoded.slice(from, from + SLICE).filter((span) => valid(span, reasons)));
    }
    for (const [reason, count] of reasons) this.metrics.rejected.add(count, { reason });
    return refusal(reasons);
  }

  logs(decoded: readonly DecodedLog[]): Refused {
    const now = Date.now();
    const scores: ScoreRow[] = [];
    const io: IoRow[] = [];
    for (const log of decoded) {
      if (this.#losses.take(log)) continue;
      const rows = readLog(log, now);
      if ('ignored' in rows) this.metrics.ignoredLogs.add(1, { reason: rows.ignored });
      else if ('score' in rows) scores.push(rows.score);
      else io.push(rows.io);
    }
    this.submit({ io, scores });
    return NONE_REFUSED;
  }

  metricsCounted(count: number): void {
    this.metrics.ignoredMetrics.add(count);
  }

  submit(rows: Submission): void {
    const spans = this.#fresh(rows.spans ?? [], spanId);
    const io = this.#fresh(rows.io ?? [], payloadId);
    this.#accept({ ...NOTHING, ...rows, spans, io });
    for (const row of io) this.#duplicates.add(payloadId(row));
  }

  subscribe(listener: BatchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): PipelineStatus {
    const { received, rejected, duplicates } = this.metrics;
    return {
      queue: this.#wal.status,
      drops: { ...dropsOf(this.metrics, this.#wal), ...this.#losses.all },
      received: { spans: received.total, rejected: rejected.total, duplicates: duplicates.total },
    };
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  #slice(decoded: readonly DecodedSpan[]): void {
    const spans: SpanRow[] = [];
    const io: IoRow[] = [];
    for (const span of this.#withoutDuplicates(decoded)) {
      const item = this.#process(span);
      spans.push(item.row);
      if (item.io) io.push(item.io);
    }
    this.#accept({ spans, io });
  }

  #withoutDuplicates(decoded: readonly DecodedSpan[]): DecodedSpan[] {
    const fresh = this.#fresh(decoded, (span) => span.traceId + span.spanId);
    if (fresh.length < decoded.length) this.metrics.duplicates.add(decoded.length - fresh.length);
    return fresh;
  }

  /** Those whose ids are neither known nor twice among them. */
  #fresh<T>(all: readonly T[], idOf: (each: T) => string): T[] {
    const here = new Set<string>();
    return all.filter((each) => {
      const id = idOf(each);
      if (here.has(id) || this.#duplicates.has(id)) return false;
      here.add(id);
      return true;
    });
  }

  /** Durable first, remembered second, told third. @throws SpoolFullError */
  #accept(batch: SpanBatch): void {
    const scores = batch.scores ?? [];
    if (batch.spans.length + batch.io.length + scores.length === 0) return;
    this.#wal.append(encodeBatch(batch));
    for (const row of batch.spans) this.#duplicates.add(spanId(row));
    this.metrics.received.add(batch.spans.length);
    this.metrics.scores.add(scores.length);
    this.#writer.notify();
    for (const listener of this.#listeners) this.#tell(listener, batch);
  }

  #tell(listener: BatchListener, batch: SpanBatch): void {
    try {
      listener(batch);
    } catch (error) {
      this.#options.log.error('a listener to new spans failed', { error: messageOf(error) });
    }
  }
}

function spanId(row: { readonly trace_id: string; readonly span_id: string }): string {
  return row.trace_id + row.span_id;
}

/** Payloads that come without their span are known under ids of their own. */
function payloadId(row: IoRow): string {
  return `io${spanId(row)}`;
}

function valid(span: DecodedSpan, reasons: Map<string, number>): boolean {
  const reason = invalidSpan(span);
  if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return reason === undefined;
}

function refusal(reasons: ReadonlyMap<string, number>): Refused {
  if (reasons.size === 0) return NONE_REFUSED;
  const rejected = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  const message = [...reasons].map(([reason, count]) => `${count}: ${reason}`).join('; ');
  return { rejected, message: `${rejected} spans were refused (${message})` };
}
