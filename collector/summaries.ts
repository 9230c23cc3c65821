// The lines that live shows for a batch: its requests with the totals of the calls that came with them. The same as
// the store says of the batch (the view trace_parts_mv of schemas/sql), before it is stored.

import type { TraceSummary } from '../schemas/api.ts';
import { isModelCall, type SpanBatch, type SpanRow } from '../schemas/span.ts';
import { summaryOf } from './store/queries/summary.ts';

const BAD_OUTCOMES: ReadonlySet<string> = new Set(['upstream_error', 'truncated', 'gateway_error', 'crashed']);

export function summariesOf(batch: SpanBatch): TraceSummary[] {
  const traces = new Map<string, SpanRow[]>();
  for (const span of batch.spans) {
    const spans = traces.get(span.trace_id);
    if (spans) spans.push(span);
    else traces.set(span.trace_id, [span]);
  }
  return [...traces.values()].flatMap((spans) => {
    const entries = spans.filter((span) => span.is_entry);
    const [entry] = entries.sort((a, b) => Number(b.is_root) - Number(a.is_root) || a.ts - b.ts);
    return entry ? [summarise(entry, spans)] : [];
  });
}

function summarise(entry: SpanRow, spans: readonly SpanRow[]): TraceSummary {
  const calls = spans.filter((span) => isModelCall(span));
  const priced = calls.filter((call) => call.cost_known);
  return summaryOf({
    ...entry,
    start_us: entry.ts,
    failed: hasFailed(entry),
    ttft_us: firstToken(entry, calls),
    in_preview: entry.in_preview || (calls.find((call) => call.in_preview !== '')?.in_preview ?? ''),
    out_preview: entry.out_preview || (calls.findLast((call) => call.out_preview !== '')?.out_preview ?? ''),
    providers: distinct(calls.map((call) => call.provider)),
    models: distinct(calls.map((call) => call.model)),
    spans: spans.length,
    errors: spans.filter(hasFailed).length,
    calls: calls.length,
    in_tok: sum(calls, (call) => call.in_tok),
    out_tok: sum(calls, (call) => call.out_tok),
    estimated: calls.filter((call) => call.usage_source === 'estimated').length,
    cost_usd: sum(priced, (call) => call.cost_usd),
    priced: priced.length,
    unpriced: calls.filter((call) => !call.cost_known && call.in_tok + call.out_tok > 0).length,
  });
}

function hasFailed(span: SpanRow): boolean {
  return span.status === 'error' || BAD_OUTCOMES.has(span.outcome);
}

/** Microseconds from the start of the request to the first token of any of its calls. */
function firstToken(entry: SpanRow, calls: readonly SpanRow[]): number {
  const moments = [entry, ...calls].filter((span) => span.ttft_us > 0).map((span) => span.ts + span.ttft_us);
  return moments.length > 0 ? Math.max(0, Math.min(...moments) - entry.ts) : 0;
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== '').sort();
}

function sum(calls: readonly SpanRow[], read: (call: SpanRow) => number): number {
  return calls.reduce((total, call) => total + read(call), 0);
}
