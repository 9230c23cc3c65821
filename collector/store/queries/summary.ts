// A trace in one line, from the rows that its batches left in trace_parts.

import type { TraceSummary } from '../../../schemas/api.ts';
import type { CacheStatus, SpanSource, SpanStatus } from '../../../schemas/span.ts';
import { sql, Sql } from '../sql.ts';

/** What both the store's answer and a live batch are brought into. Times in microseconds, durations in nanoseconds. */
export interface SummaryRow {
  readonly trace_id: string;
  readonly span_id: string;
  readonly start_us: number;
  readonly duration_ns: number;
  readonly name: string;
  readonly service: string;
  readonly source: SpanSource;
  readonly team: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly route: string;
  readonly status: SpanStatus;
  readonly failed: boolean;
  readonly outcome: string;
  readonly error_type: string;
  readonly http_status: number;
  readonly cache: CacheStatus;
  readonly stream: boolean;
  readonly ttft_us: number;
  readonly in_preview: string;
  readonly out_preview: string;
  readonly providers: readonly string[];
  readonly models: readonly string[];
  readonly spans: number;
  readonly errors: number;
  readonly calls: number;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly estimated: number;
  readonly cost_usd: number;
  readonly priced: number;
  readonly unpriced: number;
}

const ENTRY_FIELDS = [
  'span_id', 'duration_ns', 'name', 'service', 'source', 'team', 'user_id', 'session_id', 'route', 'status', 'failed',
  'outcome', 'error_type', 'http_status', 'cache', 'stream', 'ttft_us', 'in_preview', 'out_preview',
]; // prettier-ignore

const SUMS = ['spans', 'errors', 'calls', 'in_tok', 'out_tok', 'estimated', 'cost_usd', 'priced', 'unpriced'];

/** Columns of a SummaryRow over trace_parts grouped by trace_id: the root speaks for the trace, else its first request. */
export const SUMMARY_COLUMNS: Sql = new Sql(
  [
    'trace_id',
    'argMinIf(toUnixTimestamp64Micro(p.ts), (NOT p.is_root, p.ts), p.has_entry) AS start_us',
    ...ENTRY_FIELDS.map((field) => `argMinIf(p.${field}, (NOT p.is_root, p.ts), p.has_entry) AS ${field}`),
    ...SUMS.map((field) => `sum(p.${field}) AS ${field}`),
    'groupUniqArrayArray(p.providers) AS providers',
    'groupUniqArrayArray(p.models) AS models',
  ].join(', '),
);

/** The same over one row of trace_parts: the whole story of a trace that is one request in one batch. */
export const ENTRY_COLUMNS: Sql = new Sql(
  ['trace_id', 'toUnixTimestamp64Micro(ts) AS start_us', ...ENTRY_FIELDS, ...SUMS, 'providers', 'models'].join(', '),
);

export function summaryOf(row: SummaryRow): TraceSummary {
  return {
    trace_id: row.trace_id,
    span_id: row.span_id,
    start: row.start_us / 1000,
    duration: row.duration_ns / 1e6,
    name: row.name,
    service: row.service,
    source: row.source,
    team: row.team,
    user_id: row.user_id,
    session_id: row.session_id,
    route: row.route,
    providers: row.providers.toSorted(),
    models: row.models.toSorted(),
    status: row.failed ? 'error' : row.status,
    outcome: row.outcome,
    error_type: row.error_type,
    http_status: row.http_status,
    cache: row.cache,
    stream: row.stream,
    ttft: row.ttft_us > 0 ? row.ttft_us / 1000 : null,
    spans: row.spans,
    errors: row.errors,
    attempts: row.calls,
    in_tok: row.in_tok,
    out_tok: row.out_tok,
    tok_estimated: row.estimated > 0,
    cost_usd: row.priced > 0 ? row.cost_usd : null,
    cost_partial: row.priced > 0 && row.unpriced > 0,
    in_preview: row.in_preview,
    out_preview: row.out_preview,
  };
}

/** Where traces lie, by their ids: literal bounds for every further question about them. */
export function partsOf(bounds: readonly { trace_id: string; t0: number; t1: number }[]): Sql {
  const each = bounds.map(
    ({ trace_id, t0, t1 }) =>
      sql`(p.trace_id = ${trace_id} AND p.ts >= fromUnixTimestamp64Micro(${t0}, 'UTC') AND p.ts <= fromUnixTimestamp64Micro(${t1}, 'UTC'))`,
  );
  return new Sql(`p.has_entry IN (true, false) AND (${each.map((part) => part.text).join(' OR ')})`);
}
