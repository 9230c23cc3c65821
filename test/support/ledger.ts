// The oracle: what the client got, what the provider saw and billed, and what the store says must be one story.
// Every difference is one line; an empty list is the promise kept.

import assert from 'node:assert/strict';
import type { TraceDetail, TraceList, TraceSummary, Series } from '../../schemas/api.ts';
import type { PriceConfig } from '../../schemas/config.ts';
import type { Usage } from '../../schemas/call.ts';
import type { ClientEntry } from './load.ts';
import type { UpstreamCall } from './upstream.ts';

export interface Sides {
  readonly client: readonly ClientEntry[];
  readonly upstream: readonly UpstreamCall[];
  readonly rows: readonly TraceSummary[];
  /** By model as the provider hears it; models without one must be unpriced. */
  readonly prices: Readonly<Record<string, PriceConfig>>;
}

/** Outcomes that a scenario may end in; the first kind of a body decides. Anything not named here ends in `ok`. */
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  'fault-rst-after-3': ['truncated'],
  'fault-fin-mid': ['truncated'],
  'fault-close-mid': ['truncated'],
  'fault-stall': ['truncated'],
  'fault-hang': ['upstream_error'],
  'fault-error-event': ['upstream_error'],
  'fault-empty': ['truncated', 'upstream_error'],
  'fault-html': ['upstream_error'],
};

/** Whole answers that break are known to be broken before anything was sent: both words are true. */
const WHOLE_OUTCOMES: readonly string[] = ['truncated', 'upstream_error'];

/** Reads every entry row of a span of time, page by page. */
export async function readRows(collectorUrl: string, from: number, to: number): Promise<TraceSummary[]> {
  const rows: TraceSummary[] = [];
  let cursor: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({ from: String(from), to: String(to), limit: '200' });
    if (cursor !== null) query.set('cursor', cursor);
    const page: TraceList = await getJson(`${collectorUrl}/api/v1/traces?${query}`);
    rows.push(...page.traces);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

export function readTrace(collectorUrl: string, traceId: string): Promise<TraceDetail> {
  return getJson(`${collectorUrl}/api/v1/traces/${traceId}`);
}

export interface TotalsQuestion {
  readonly from: number;
  readonly to: number;
  /** Whole minutes are answered by the rollups, anything finer by the spans. */
  readonly step?: string;
  readonly q?: string;
}

/** Totals of metrics over a span of time. */
export async function readTotals(
  collectorUrl: string,
  metrics: readonly string[],
  { from, to, step = '1m', q = '' }: TotalsQuestion,
): Promise<Record<string, number>> {
  const query = new URLSearchParams({ metric: metrics.join(','), from: String(from), to: String(to), step, q });
  const series: Series = await getJson(`${collectorUrl}/api/v1/series?${query}`);
  return Object.fromEntries(series.series.map((line) => [line.metric, line.total ?? 0]));
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

/** Rows in all, and none twice: by trace and by request. */
export function duplicates(rows: readonly TraceSummary[]): string[] {
  const problems: string[] = [];
  for (const field of ['session_id', 'span_id'] as const) {
    const seen = new Set<string>();
    for (const row of rows) {
      if (seen.has(row[field])) problems.push(`${field} ${row[field]} has two rows`);
      seen.add(row[field]);
    }
  }
  for (const row of rows) {
    if (row.spans !== row.attempts + 1)
      problems.push(`${row.session_id}: ${row.spans} spans for ${row.attempts} attempts`);
  }
  return problems;
}

/** The whole comparison. */
export function compare({ client, upstream, rows, prices }: Sides): string[] {
  const problems = duplicates(rows);
  const entries = new Map(client.map((entry) => [entry.id, entry]));
  const callsById = Map.groupBy(upstream, (call) => call.id);
  const rowsById = new Map(rows.map((row) => [row.session_id, row]));
  for (const id of [...callsById.keys(), ...rowsById.keys()]) {
    if (!entries.has(id)) problems.push(`${id}: known upstream or in the store, but no client asked`);
  }
  for (const entry of client) {
    const row = rowsById.get(entry.id);
    const calls = callsById.get(entry.id) ?? [];
    if (row === undefined) problems.push(`${entry.id}: no row (${entry.model}, status ${entry.status} ${entry.error})`);
    else
      for (const problem of compareOne(entry, calls, row))
        problems.push(`${entry.id} (${describe(entry)}): ${problem}`);
    if (row !== undefined)
      problems.push(...compareMoney(entry, { calls, row, prices }).map((problem) => `${entry.id}: ${problem}`));
  }
  return problems;
}

function describe(entry: ClientEntry): string {
  return `${entry.dialect}${entry.stream ? ' stream' : ''} ${entry.model}`;
}

function* compareOne(entry: ClientEntry, calls: readonly UpstreamCall[], row: TraceSummary): Generator<string> {
  const last = calls.at(-1);
  if (row.attempts !== calls.length) yield `${row.attempts} attempts in the store, ${calls.length} calls upstream`;
  if (entry.status !== 0 && row.http_status !== entry.status) yield `status ${entry.status}, stored ${row.http_status}`;
  const trace = entry.headers['x-signalbox-trace-id'];
  if (entry.status !== 0 && trace !== row.trace_id) yield `trace ${String(trace)}, stored ${row.trace_id}`;
  if (row.stream !== entry.stream) yield `stream ${entry.stream}, stored ${row.stream}`;
  if (last === undefined) return yield 'no call upstream';
  yield* compareOutcome(entry, last, row);
  yield* compareTokens(entry, calls, row);
  if (last.end === 'ended' && entry.whole && !isReplaced(entry, last)) yield* compareBytes(entry, last);
}

/** Answers that are none: the caller gets an error of ours in its own dialect instead. */
function isReplaced(entry: ClientEntry, { scenario }: UpstreamCall): boolean {
  if (scenario === 'fault-malformed') return !entry.stream;
  return scenario === 'fault-empty' || scenario === 'fault-html';
}

function* compareOutcome(entry: ClientEntry, last: UpstreamCall, row: TraceSummary): Generator<string> {
  const expected = expectedOutcomes(entry, last);
  if (!expected.includes(row.outcome)) yield `outcome ${row.outcome}, expected ${expected.join(' or ')}`;
  if (!entry.whole && entry.abortAfterMs === undefined && entry.status === 200 && !entry.stream) yield entry.error;
}

function expectedOutcomes(entry: ClientEntry, last: UpstreamCall): readonly string[] {
  if (entry.abortAfterMs !== undefined) return entry.whole ? ['ok'] : ['client_cancelled'];
  if (last.status >= 400) return ['upstream_error'];
  const named = OUTCOMES[last.scenario] ?? ['ok'];
  if (last.scenario === 'fault-malformed' && !entry.stream) return ['ok', ...WHOLE_OUTCOMES];
  if (last.scenario === 'fault-error-event' && !entry.stream) return ['ok'];
  return entry.stream || named.includes('ok') ? named : WHOLE_OUTCOMES;
}

function* compareTokens(entry: ClientEntry, calls: readonly UpstreamCall[], row: TraceSummary): Generator<string> {
  const told = calls.filter((call) => call.usageSent && call.end === 'ended' && !isReplaced(entry, call));
  const worked = calls.filter((call) => call.billed !== undefined);
  if (told.length === worked.length && (entry.whole || worked.length === 0)) {
    const billed = total(told.flatMap((call) => call.billed ?? []));
    if (row.in_tok !== billed.input) yield `${row.in_tok} input tokens, billed ${billed.input}`;
    if (row.out_tok !== billed.output) yield `${row.out_tok} output tokens, billed ${billed.output}`;
    if (row.tok_estimated) yield 'the tokens are marked as estimated, but the provider told';
  } else if (isHalfTold(entry, row)) {
    if (!row.tok_estimated) yield 'the provider did not tell all tokens, but the row is not marked as estimated';
    if (row.in_tok === 0) yield 'the provider worked, but the row has no input tokens';
  }
}

/** The provider worked and the caller got of it, but not the numbers: an estimate, never a silent zero. */
function isHalfTold(entry: ClientEntry, row: TraceSummary): boolean {
  return row.outcome === 'ok' || (entry.stream && entry.bytes > 0);
}

function total(usages: readonly Usage[]): { input: number; output: number } {
  return {
    input: usages.reduce((sum, usage) => sum + usage.input, 0),
    output: usages.reduce((sum, usage) => sum + usage.output, 0),
  };
}

function* compareBytes(entry: ClientEntry, last: UpstreamCall): Generator<string> {
  const hidden = entry.dialect === 'openai_chat' && entry.stream && !entry.includeUsage;
  const expected = hidden ? last.sha256WithoutUsage : last.sha256;
  if (entry.sha256 !== expected)
    yield `other bytes than the provider sent (${entry.bytes} of ${last.bytes}): ${entry.tail.slice(-120)}`;
}

interface Billed {
  readonly calls: readonly UpstreamCall[];
  readonly row: TraceSummary;
  readonly prices: Sides['prices'];
}

function compareMoney(entry: ClientEntry, { calls, row, prices }: Billed): string[] {
  const told = calls.filter((call) => call.usageSent && call.end === 'ended' && !isReplaced(entry, call));
  if (told.length === 0 || told.length !== calls.filter((call) => call.billed !== undefined).length) return [];
  let expected = 0;
  for (const call of told) {
    const price = prices[call.model];
    if (price === undefined) return row.cost_usd === null ? [] : [`cost ${row.cost_usd} for a model without a price`];
    if (call.billed !== undefined) expected += costByHand(price, call.billed);
  }
  if (row.outcome === 'client_cancelled') return [];
  const off = Math.abs((row.cost_usd ?? Number.NaN) - expected);
  return off <= 2e-9 * Math.max(1, told.length) ? [] : [`cost ${row.cost_usd}, by hand ${expected}`];
}

function costByHand(price: PriceConfig, usage: Usage): number {
  assert.ok(!Array.isArray(price), 'the ledger knows prices without dates');
  const { input: rate = 0, output = 0, cache_read: read = rate, cache_write: write = rate } = price;
  const fresh = usage.input - usage.cacheRead - usage.cacheWrite;
  return (fresh * rate + usage.cacheRead * read + usage.cacheWrite * write + usage.output * output) / 1e6;
}
