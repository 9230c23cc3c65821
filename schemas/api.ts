// Requests and answers of the collector's HTTP API (/api/v1) and of /ws/live: the UI's only contract.
// Times in answers are milliseconds since 1970 (fractions where spans need them); durations are milliseconds.
// `from` and `to` take ISO 8601, milliseconds since 1970, or `now-15m`.

import type { CallInput, OutputMessage } from './call.ts';
import type { CacheStatus, SpanEvent, SpanKind, SpanLink, SpanSource, SpanStatus, UsageSource } from './span.ts';

export * from './cost.ts';

/** One row of the trace list: the entry span with the totals of its trace. */
export interface TraceSummary {
  readonly trace_id: string;
  readonly span_id: string;
  readonly start: number;
  readonly duration: number;
  readonly name: string;
  readonly service: string;
  readonly source: SpanSource;
  readonly team: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly route: string;
  readonly providers: readonly string[];
  readonly models: readonly string[];
  readonly status: SpanStatus;
  readonly outcome: string;
  readonly error_type: string;
  readonly http_status: number;
  readonly cache: CacheStatus;
  readonly stream: boolean;
  readonly ttft: number | null;
  readonly spans: number;
  readonly errors: number;
  readonly attempts: number;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly tok_estimated: boolean;
  /** null when no call of the trace has a price; `cost_partial` when only some have. */
  readonly cost_usd: number | null;
  readonly cost_partial: boolean;
  readonly in_preview: string;
  readonly out_preview: string;
}

export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** Pass as `cursor` for the next page; null at the end. */
  readonly next_cursor: string | null;
}

export interface ApiSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly start: number;
  readonly duration: number;
  readonly name: string;
  readonly kind: SpanKind;
  readonly op: string;
  readonly service: string;
  readonly source: SpanSource;
  readonly provider: string;
  readonly model: string;
  readonly model_returned: string;
  readonly deployment: string;
  readonly route: string;
  readonly reason: string;
  readonly attempt: number;
  readonly team: string;
  readonly key_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly status: SpanStatus;
  readonly status_message: string;
  readonly error_type: string;
  readonly http_status: number;
  readonly outcome: string;
  readonly finish_reason: string;
  readonly cache: CacheStatus;
  readonly stream: boolean;
  readonly ttft: number | null;
  readonly overhead: number | null;
  readonly in_tok: number;
  readonly in_cache_read: number;
  readonly in_cache_write: number;
  readonly out_tok: number;
  readonly out_reasoning: number;
  readonly usage_source: UsageSource;
  readonly cost_usd: number | null;
  readonly price_id: string;
  /** USD that cached input saved; negative where writing the cache cost more. */
  readonly saved_usd: number;
  /** batch, flex, priority ...; '' for the standard one. */
  readonly service_tier: string;
  /** What is billed at rates of its own, by the names of UsageUnits (schemas/call.ts). */
  readonly units: Readonly<Record<string, number>>;
  readonly tools_called: readonly string[];
  readonly in_preview: string;
  readonly out_preview: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly attrs: Readonly<Record<string, string>>;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly has_io: boolean;
}

export interface TraceDetail {
  readonly trace_id: string;
  readonly start: number;
  readonly duration: number;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly cost_usd: number | null;
  readonly cost_partial: boolean;
  readonly outcome: string;
  readonly spans: readonly ApiSpan[];
  /** True when the trace has more spans than one answer carries. */
  readonly truncated: boolean;
}

/** GET /traces/{id}/spans/{span_id}/io */
export interface SpanIo {
  readonly input: CallInput | null;
  readonly output: readonly OutputMessage[] | null;
  readonly raw_request: string;
  readonly raw_response: string;
  readonly request_size: number;
  readonly response_size: number;
  /** True when capture.max_bytes cut what is shown. */
  readonly truncated: boolean;
}

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** GET /facets?from&to&q: what the filter bar offers, with counts under the present filter. */
export interface Facets {
  readonly facets: readonly { readonly key: string; readonly values: readonly FacetValue[] }[];
  /** Counts are of what matches among this many newest requests of the window; null: among all of them. */
  readonly newest: number | null;
}

export const METRICS = [
  'requests', 'errors', 'error_rate', 'tokens', 'input_tokens', 'output_tokens', 'cost', 'unpriced',
  'latency_p50', 'latency_p90', 'latency_p95', 'latency_p99', 'ttft_p50', 'ttft_p95', 'tokens_per_second', 'cache_hits',
] as const; // prettier-ignore
export type Metric = (typeof METRICS)[number];

export const SERIES_BY = [
  'model',
  'provider',
  'deployment',
  'route',
  'team',
  'user',
  'key',
  'error',
  'outcome',
  'status',
] as const;
export type SeriesBy = (typeof SERIES_BY)[number];

/** GET /series?metric=a,b&by&step&from&to&q. Points stand at the start of their step; null is a gap, not a zero. */
export interface Series {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly series: readonly SeriesLine[];
}

export interface SeriesLine {
  readonly metric: Metric;
  readonly unit: 'count' | 'ratio' | 'tokens' | 'usd' | 'ms' | 'tokens/s';
  /** Value of the `by` dimension; '' when not grouped. */
  readonly group: string;
  readonly points: readonly (readonly [time: number, value: number | null])[];
  /** Over the whole range, merged from the sketches or sums, not from the points. */
  readonly total: number | null;
  /** How many requests or calls stand behind it. */
  readonly samples: number;
}

/** What a person needs for a call that works. */
export interface FirstCall {
  /** The proxy's base URL. */
  readonly url: string;
  readonly model: string;
  readonly key_needed: boolean;
}

export interface Status {
  readonly version: string;
  readonly uptime: number;
  readonly store: {
    readonly mode: 'embedded' | 'server';
    readonly ok: boolean;
    readonly message: string;
    readonly disk_bytes: number;
    readonly rows: number;
    readonly parts: number;
  };
  readonly queue: {
    readonly records: number;
    readonly bytes: number;
    readonly oldest_age: number;
    readonly max_bytes: number;
  };
  /** What was lost or set aside, by reason: here since the start, and (`proxy_...`) in the proxies that report here. */
  readonly drops: Readonly<Record<string, number>>;
  readonly received: { readonly spans: number; readonly rejected: number; readonly duplicates: number };
  readonly live: { readonly clients: number; readonly dropped: number };
  /** Where a first call can be sent, as far as the collector's config tells. */
  readonly proxy: FirstCall;
}

export type LiveMessage =
  | { readonly type: 'hello'; readonly version: string }
  | { readonly type: 'trace'; readonly trace: TraceSummary }
  | { readonly type: 'dropped'; readonly count: number };

/** application/problem+json */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly request_id: string;
}
