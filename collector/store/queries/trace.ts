// One whole trace by its id: the index says when, then the spans of that time.

import type { ApiSpan, TraceDetail } from '../../../schemas/api.ts';
import type { SpanRow } from '../../../schemas/span.ts';
import type { StoreClient } from '../client.ts';
import { at } from '../filter.ts';
import { sql, Sql } from '../sql.ts';
import { traceBounds, type TraceBounds } from './bounds.ts';
import { partsOf, SUMMARY_COLUMNS, summaryOf, type SummaryRow } from './summary.ts';

const MAX_SPANS = 20_000;

type StoredSpan = Omit<SpanRow, 'ts' | 'ts_received' | 'events' | 'links' | 'is_root' | 'is_entry' | 'env'> & {
  readonly start_us: number;
  readonly events: string;
  readonly links: string;
  readonly has_io: boolean;
};

const COLUMNS = new Sql(
  `trace_id, span_id, parent_span_id, toUnixTimestamp64Micro(ts) AS start_us, duration_ns, name, kind, op, service, source,
  provider, model, model_returned, deployment, route, reason, attempt, team, key_id, user_id, session_id, status,
  status_message, error_type, http_status, outcome, finish_reason, cache, stream, ttft_us, overhead_us, in_tok,
  in_cache_read, in_cache_write, out_tok, out_reasoning, usage_source, cost_usd, cost_known, price_id, saved_usd, service_tier, units, tools_called,
  in_preview, out_preview, tags, attrs, events, links`,
);

/** undefined when there is no such trace (or no longer). */
export async function traceById(store: StoreClient, traceId: string): Promise<TraceDetail | undefined> {
  const [bounds] = await traceBounds(store, [traceId]);
  if (!bounds) return undefined;
  const where = whereTrace(bounds);
  const [spans, io, totals] = await Promise.all([
    store.query<StoredSpan>(
      sql`SELECT ${COLUMNS} FROM spans WHERE ${where} ORDER BY ts, span_id LIMIT ${MAX_SPANS + 1}`,
    ),
    store.query<{ span_id: string }>(sql`SELECT span_id FROM span_io WHERE ${where}`),
    store.query<SummaryRow>(
      sql`SELECT ${SUMMARY_COLUMNS} FROM trace_parts AS p WHERE ${partsOf([bounds])} GROUP BY trace_id`,
    ),
  ]);
  if (spans.length === 0) return undefined;
  const withIo = new Set(io.map((row) => row.span_id));
  const shown = spans.slice(0, MAX_SPANS).map((span) => apiSpan(span, withIo.has(span.span_id)));
  const start = Math.min(...shown.map((span) => span.start));
  const end = Math.max(...shown.map((span) => span.start + span.duration));
  return {
    trace_id: traceId,
    start,
    duration: end - start,
    ...totalsOf(totals[0]),
    spans: shown,
    truncated: spans.length > MAX_SPANS,
  };
}

function totalsOf(
  sums: SummaryRow | undefined,
): Pick<TraceDetail, 'in_tok' | 'out_tok' | 'cost_usd' | 'cost_partial' | 'outcome'> {
  if (!sums) return { in_tok: 0, out_tok: 0, cost_usd: null, cost_partial: false, outcome: '' };
  const { in_tok, out_tok, cost_usd, cost_partial, outcome } = summaryOf(sums);
  return { in_tok, out_tok, cost_usd, cost_partial, outcome };
}

/** Rows of one trace in spans and span_io, by the prefix of their key. */
export function whereTrace(bounds: TraceBounds): Sql {
  return sql`toStartOfFiveMinutes(ts) >= toStartOfFiveMinutes(${at(bounds.t0)}) AND ts >= ${at(bounds.t0)}
    AND ts <= ${at(bounds.t1)} AND trace_id = ${bounds.trace_id}`;
}

function apiSpan(span: StoredSpan, hasIo: boolean): ApiSpan {
  const { start_us, duration_ns, ttft_us, overhead_us, cost_usd, cost_known, events, links, ...same } = span;
  return {
    ...same,
    start: start_us / 1000,
    duration: duration_ns / 1e6,
    ttft: ttft_us > 0 ? ttft_us / 1000 : null,
    overhead: overhead_us > 0 ? overhead_us / 1000 : null,
    cost_usd: cost_known ? cost_usd : null,
    events: JSON.parse(events || '[]') as ApiSpan['events'],
    links: JSON.parse(links || '[]') as ApiSpan['links'],
    has_io: hasIo,
  };
}
