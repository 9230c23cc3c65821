// The flat row that one span becomes, in the order of the store's columns, and the payload row beside it.
// Receivers and processors make them, the store writes them, live sends them. Nothing here is nullable: an unknown
// number is 0 with a flag that says so, an unknown name is ''.

import type { ScoreRow } from './score.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanSource = 'gateway' | 'otlp' | 'eval' | 'playground' | 'canary';
export type SpanStatus = 'unset' | 'ok' | 'error';
export type CacheStatus = 'none' | 'exact' | 'semantic';
export type UsageSource = 'provider' | 'estimated' | 'none';

export interface SpanEvent {
  /** Microseconds since 1970. */
  readonly ts: number;
  readonly name: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface SpanLink {
  readonly trace_id: string;
  readonly span_id: string;
}

export interface SpanRow {
  team: string;
  /** Start, microseconds since 1970, clamped to [now - 29 d, now + 10 min]. */
  ts: number;
  /** Arrival at the collector, milliseconds since 1970. */
  ts_received: number;
  /** 32 lower-case hex digits. */
  trace_id: string;
  /** 16 lower-case hex digits. */
  span_id: string;
  /** 16 hex digits, or '' for a root. */
  parent_span_id: string;
  is_root: boolean;
  /** A row of the trace list: a root, or a request that entered through the proxy under a caller's own trace. */
  is_entry: boolean;
  name: string;
  kind: SpanKind;
  /** gen_ai.operation.name: chat, embeddings, execute_tool, invoke_agent ...; '' for a plain span. */
  op: string;
  service: string;
  env: string;
  source: SpanSource;
  provider: string;
  /** Model asked of the provider. */
  model: string;
  /** Model the provider says it used. */
  model_returned: string;
  deployment: string;
  route: string;
  /** Why this target or attempt. */
  reason: string;
  attempt: number;
  prompt_name: string;
  prompt_version: string;
  key_id: string;
  user_id: string;
  session_id: string;
  tags: Record<string, string>;
  status: SpanStatus;
  status_message: string;
  error_type: string;
  http_status: number;
  outcome: string;
  finish_reason: string;
  cache: CacheStatus;
  stream: boolean;
  /** Nanoseconds. */
  duration_ns: number;
  /** Microseconds; 0 where there was no first token. */
  ttft_us: number;
  overhead_us: number;
  /** Total input; the next two are subsets of it. */
  in_tok: number;
  in_cache_read: number;
  in_cache_write: number;
  /** Total output; the next is a subset of it. */
  out_tok: number;
  out_reasoning: number;
  usage_source: UsageSource;
  /** USD; meaningful only where cost_known. */
  cost_usd: number;
  cost_known: boolean;
  price_id: string;
  tools_called: string[];
  /** First 160 characters of the newest input message and of the answer. */
  in_preview: string;
  out_preview: string;
  /** Every other attribute, resource attributes under `resource.`. */
  attrs: Record<string, string>;
  events: SpanEvent[];
  links: SpanLink[];
  /** batch | flex | priority ...; '' for the standard one. */
  service_tier: string;
  /** What is billed at rates of its own, by the names of UsageUnits (schemas/call.ts); only what was used. */
  units: Record<string, number>;
  /** USD that cached input saved; negative where writing the cache cost more. */
  saved_usd: number;
}

export interface IoRow {
  team: string;
  ts: number;
  trace_id: string;
  span_id: string;
  /** JSON of `Conversation` parts (schemas/call.ts): system, messages, tools. '' when nothing was captured. */
  input: string;
  /** JSON of the answer messages. */
  output: string;
  /** Bodies as they passed the proxy, as text; '' for spans that never had one. */
  raw_request: string;
  raw_response: string;
  /** Original sizes in bytes, before capture.max_bytes cut them. */
  request_size: number;
  response_size: number;
}

/** What one OTLP request turns into, and what one store insert takes. */
export interface SpanBatch {
  readonly spans: readonly SpanRow[];
  readonly io: readonly IoRow[];
  readonly scores?: readonly ScoreRow[];
}

/** The same list stands in schemas/sql (is_call). */
const COST_OPS: ReadonlySet<string> = new Set([
  'chat', 'generate_content', 'text_completion', 'embeddings', 'image', 'speech', 'transcription', 'moderation', 'rerank',
  'batch', 'realtime',
]); // prettier-ignore

/** True for the spans that stand for one call to a model: the only ones whose tokens and cost are summed. */
export function isModelCall(span: Pick<SpanRow, 'op' | 'kind'>): boolean {
  return COST_OPS.has(span.op) && span.kind !== 'server';
}
