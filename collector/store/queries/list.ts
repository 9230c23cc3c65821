// The trace list: newest requests first, one line a trace, whatever the filter.

import type { TraceSummary } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { at, entryConditions, type Filter, type Range } from '../filter.ts';
import { sql } from '../sql.ts';
import { traceBounds } from './bounds.ts';
import { ENTRY_COLUMNS, partsOf, SUMMARY_COLUMNS, summaryOf, type SummaryRow } from './summary.ts';

/** A place in the list: behind the request that started then. */
export interface Position {
  readonly ts: number;
  readonly trace_id: string;
}

export interface ListQuestion {
  readonly range: Range;
  readonly filter: Filter;
  readonly limit: number;
  readonly after?: Position | undefined;
}

export interface ListAnswer {
  readonly traces: readonly TraceSummary[];
  readonly next: Position | undefined;
}

/** A first look at the newest hour answers most questions, a second one at a day most others; a third sees weeks. */
const FIRST_LOOK_US = 3_600_000_000;
const LOOK_FACTOR = 24;
/** Rows read beyond the page, for traces that stand in several. */
const SPARE = 10;

export async function listTraces(store: StoreClient, question: ListQuestion): Promise<ListAnswer> {
  const found = await findEntries(store, question);
  const page = found.slice(0, question.limit);
  const [shown, whole] = await Promise.all([notShownBefore(store, question, page), wholeTraces(store, page)]);
  const traces = page
    .filter((entry) => shown(entry.trace_id))
    .map((entry) => summaryOf(whole.get(entry.trace_id) ?? entry));
  const last = page.at(-1);
  const more = found.length > question.limit && last;
  return { traces, next: more ? { ts: last.start_us, trace_id: last.trace_id } : undefined };
}

/** The newest matching request of each trace, one trace more than asked for, so that the end is known. */
async function findEntries(store: StoreClient, question: ListQuestion): Promise<SummaryRow[]> {
  const { range, limit } = question;
  const found = new Map<string, SummaryRow>();
  let after = question.after;
  let end = after ? Math.min(range.to, after.ts + 1) : range.to;
  let look = FIRST_LOOK_US;
  while (end > range.from && found.size <= limit) {
    const wanted = limit + 1 - found.size + SPARE;
    const from = Math.max(range.from, end - look);
    const rows = await lookAt(store, question, { range: { from, to: end }, after, wanted });
    for (const row of rows) if (!found.has(row.trace_id)) found.set(row.trace_id, row);
    const last = rows.length < wanted ? undefined : rows.at(-1);
    // A full answer leaves the rest of the window to the next look, an empty one widens it.
    if (last) [after, end] = [{ ts: last.start_us, trace_id: last.trace_id }, last.start_us + 1];
    else [end, look] = [from, look * LOOK_FACTOR];
  }
  return [...found.values()];
}

interface Look {
  readonly range: Range;
  readonly after: Position | undefined;
  readonly wanted: number;
}

function lookAt(store: StoreClient, question: ListQuestion, look: Look): Promise<SummaryRow[]> {
  const { range, after, wanted } = look;
  const behind = after ? sql`AND (ts, trace_id) < (${at(after.ts)}, ${idLiteral(after.trace_id)})` : sql``;
  return store.query<SummaryRow>(sql`SELECT ${ENTRY_COLUMNS} FROM trace_parts
    WHERE ${entryConditions(question.filter, range)} ${behind}
    ORDER BY has_entry DESC, ts DESC, trace_id DESC LIMIT ${wanted}`);
}

const idLiteral = (traceId: string) => sql`toFixedString(${traceId}, 32)`;

/** A trace with several requests was already shown on the page where its newest matching one stands. */
async function notShownBefore(
  store: StoreClient,
  question: ListQuestion,
  page: readonly SummaryRow[],
): Promise<(traceId: string) => boolean> {
  const { after, range, filter } = question;
  if (!after || page.length === 0) return () => true;
  const ids = page.map((entry) => entry.trace_id);
  const newer = await store.query<{ trace_id: string }>(sql`SELECT DISTINCT trace_id FROM trace_parts
    WHERE ${entryConditions(filter, { from: after.ts, to: range.to })} AND trace_id IN ${ids}
    AND (ts, trace_id) >= (${at(after.ts)}, ${idLiteral(after.trace_id)})`);
  const seen = new Set(newer.map((row) => row.trace_id));
  return (traceId) => !seen.has(traceId);
}

/** The totals of those traces that are more than their row says: several requests, or spans in several batches. */
async function wholeTraces(store: StoreClient, page: readonly SummaryRow[]): Promise<Map<string, SummaryRow>> {
  const own = new Map(page.map((entry) => [entry.trace_id, entry.spans]));
  const bounds = await traceBounds(store, [...own.keys()]);
  const wider = bounds.filter((trace) => trace.spans > (own.get(trace.trace_id) ?? 0));
  if (wider.length === 0) return new Map();
  const rows = await store.query<SummaryRow>(
    sql`SELECT ${SUMMARY_COLUMNS} FROM trace_parts AS p WHERE ${partsOf(wider)} GROUP BY trace_id`,
  );
  return new Map(rows.map((row) => [row.trace_id, row]));
}
