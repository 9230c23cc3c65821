// How rows stand in the queue and go to the store: blocks of the Native format, made once, on arrival. Queue and store
// pass the bytes on; blocks behind one another are again what the engine reads.

import type { ScoreRow } from '../../schemas/score.ts';
import type { IoRow, SpanBatch, SpanRow } from '../../schemas/span.ts';
import type { EncodedBatch, EncodedRows } from '../component.ts';
import { readBlocks, writeBlock, type NativeTable } from './native.ts';
import {
  choice,
  countMap,
  f64,
  flag,
  json,
  micros,
  millis,
  text,
  textMap,
  u16,
  u32,
  u64,
  u8,
  usd,
  word,
  words,
} from './types.ts';

const SOURCES = ['gateway', 'otlp', 'eval', 'playground', 'canary'];

export const SPANS: NativeTable<SpanRow> = {
  guard: 'trace_id',
  columns: {
    team: word, ts: micros, ts_received: millis, trace_id: text, span_id: text, parent_span_id: text, is_root: flag,
    is_entry: flag, name: word, kind: choice(['internal', 'server', 'client', 'producer', 'consumer']), op: word,
    service: word, env: word, source: choice(SOURCES), provider: word, model: word, model_returned: word,
    deployment: word, route: word, reason: text, attempt: u8, prompt_name: word, prompt_version: word, key_id: word,
    user_id: text, session_id: text, tags: textMap, status: choice(['unset', 'ok', 'error']), status_message: text,
    error_type: word, http_status: u16, outcome: word, finish_reason: word,
    cache: choice(['none', 'exact', 'semantic']), stream: flag, duration_ns: u64, ttft_us: u64, overhead_us: u32,
    in_tok: u32, in_cache_read: u32, in_cache_write: u32, out_tok: u32, out_reasoning: u32,
    usage_source: choice(['none', 'estimated', 'provider']), cost_usd: usd, cost_known: flag, price_id: word,
    tools_called: words, in_preview: text, out_preview: text, attrs: textMap, events: json, links: json,
    service_tier: word, units: countMap, saved_usd: f64,
  },
}; // prettier-ignore

export const IO: NativeTable<IoRow> = {
  guard: 'trace_id',
  columns: {
    team: word, ts: micros, trace_id: text, span_id: text, input: text, output: text, raw_request: text,
    raw_response: text, request_size: u64, response_size: u64,
  },
}; // prettier-ignore

export const SCORES: NativeTable<ScoreRow> = {
  guard: 'source',
  columns: {
    team: word, ts: micros, score_id: text, trace_id: text, span_id: text, name: word, source: text, value: f64,
    has_value: flag, label: text, comment: text, response_id: text,
  },
}; // prettier-ignore

const EMPTY: EncodedRows = { rows: 0, blocks: Buffer.alloc(0) };

/** Turns rows into what queue and store pass on. */
export function encodeBatch(batch: SpanBatch): EncodedBatch {
  return {
    spans: encodeRows(batch.spans, SPANS),
    io: encodeRows(batch.io, IO),
    scores: encodeRows(batch.scores ?? [], SCORES),
  };
}

/** The rows again: for a store that takes rows, and for people. */
export function decodeBatch(batch: EncodedBatch): Required<SpanBatch> {
  return {
    spans: readBlocks(batch.spans.blocks, SPANS),
    io: readBlocks(batch.io.blocks, IO),
    scores: readBlocks(batch.scores.blocks, SCORES),
  };
}

/** One batch out of many, in order. */
export function joinBatches(batches: readonly EncodedBatch[]): EncodedBatch {
  const join = (table: keyof EncodedBatch): EncodedRows => ({
    rows: batches.reduce((sum, batch) => sum + batch[table].rows, 0),
    blocks: Buffer.concat(batches.map((batch) => batch[table].blocks)),
  });
  return { spans: join('spans'), io: join('io'), scores: join('scores') };
}

export function countRows(batch: EncodedBatch): number {
  return batch.spans.rows + batch.io.rows + batch.scores.rows;
}

/** Rows `from` to `to` of a batch, counted through its tables in order: how a batch is halved to find a bad row. */
export function sliceBatch(batch: EncodedBatch, from: number, to: number): EncodedBatch {
  const { spans, io } = batch;
  const table = <Row>(encoded: EncodedRows, native: NativeTable<Row>, before: number): EncodedRows => {
    const first = Math.max(0, from - before);
    const end = Math.min(encoded.rows, to - before);
    if (end <= first) return EMPTY;
    if (end - first === encoded.rows) return encoded;
    return encodeRows(readBlocks(encoded.blocks, native).slice(first, end), native);
  };
  return {
    spans: table(spans, SPANS, 0),
    io: table(io, IO, spans.rows),
    scores: table(batch.scores, SCORES, spans.rows + io.rows),
  };
}

function encodeRows<Row>(rows: readonly Row[], table: NativeTable<Row>): EncodedRows {
  return rows.length === 0 ? EMPTY : { rows: rows.length, blocks: writeBlock(rows, table) };
}
