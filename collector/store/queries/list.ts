// The trace list: newest requests first, one line a trace, whatever the filter.

import type { TraceSummary } from '../../../schemas/api.ts';
import type { StoreClient } from '../client.ts';
import { at, entryConditions, type Filter, type Range } from '../filter.ts';
import { sql } from '../sql.ts';
import { traceBounds } from './bounds.ts';
import { partsOf, SUMMARY_COLUMNS, summaryOf, type SummaryRow } from './summary.ts';

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

interface Found extends Position {
  readonly newest: boolean;
}

/** A first look at the newest hour answers most questions; each further look is at eight times as much. */
const FIRST_LOOK_US = 3_600_000_000;
const LOOK_FACTOR = 8;

export async function listTraces(store: StoreClient, question: ListQuestion): Promise<ListAnswer> {
  const found = await findEntries(store, question);
  const page = found.slice(0, question.limit);
  const rows = await summaries(
    store,
    page.map((entry) => entry.trace_id),
  );
  const shown = page.filter((entry) => entry.newest);
  const traces = shown.flatMap((entry) => {
    const row = rows.get(entry.trace_id);
    return row ? [summaryOf(row)] : [];
  });
  const last = page.at(-1);
  return { traces, next: found.length > question.limit && last ? { ts: last.ts, trace_id: last.trace_id } : undefined };
}

/** One more than asked for, so that the end is known. */
async function findEntries(store: StoreClient, question: ListQuestion): Promise<Found[]> {
  const { range, after, limit } = question;
  const end = after ? Math.min(range.to, after.ts + 1) : range.to;
  const found: Found[] = [];
  let to = end;
  for (let look = FIRST_LOOK_US; to > range.from && found.length <= limit; look *= LOOK_FACTOR) {
    const from = Math.max(range.from, end - look);
    found.push(...(await lookAt(store, question, { from, to }, found)));
    to = from;
  }
  return markNewest(store, question, found);
}

// oxlint-disable-next-line max-params -- a window of the question above
async function lookAt(store: StoreClient, question: ListQuestion, window: Range, found: Found[]): Promise<Found[]> {
  const { after, filter, limit } = question;
  const behind = after ? sql`AND (ts, trace_id) < (${at(after.ts)}, ${idLiteral(after.trace_id)})` : sql``;
  const others = found.length > 0 ? sql`AND trace_id NOT IN ${found.map((entry) => entry.trace_id)}` : sql``;
  const rows = await store.query<{
    start_us: number;
    trace_id: string;
  }>(sql`SELECT toUnixTimestamp64Micro(ts) AS start_us, trace_id FROM trace_parts
    WHERE ${entryConditions(filter, window)} ${behind} ${others}
    ORDER BY has_entry DESC, ts DESC, trace_id DESC LIMIT 1 BY trace_id LIMIT ${limit + 1 - found.length}`);
  return rows.map(({ start_us, trace_id }) => ({ ts: start_us, trace_id, newest: true }));
}

const idLiteral = (traceId: string) => sql`toFixedString(${traceId}, 32)`;

/** A trace with several requests was already shown where its newest matching one stands. */
async function markNewest(store: StoreClient, question: ListQuestion, found: Found[]): Promise<Found[]> {
  const { after, range, filter } = question;
  if (!after || found.length === 0) return found;
  const ids = found.map((entry) => entry.trace_id);
  const newer = await store.query<{ trace_id: string }>(sql`SELECT DISTINCT trace_id FROM trace_parts
    WHERE ${entryConditions(filter, { from: after.ts, to: range.to })} AND trace_id IN ${ids}
    AND (ts, trace_id) >= (${at(after.ts)}, ${idLiteral(after.trace_id)})`);
  const seen = new Set(newer.map((row) => row.trace_id));
  return found.map((entry) => ({ ...entry, newest: !seen.has(entry.trace_id) }));
}

async function summaries(store: StoreClient, ids: readonly string[]): Promise<Map<string, SummaryRow>> {
  const bounds = await traceBounds(store, ids);
  if (bounds.length === 0) return new Map();
  const rows = await store.query<SummaryRow>(
    sql`SELECT ${SUMMARY_COLUMNS} FROM trace_parts AS p WHERE ${partsOf(bounds)} GROUP BY trace_id`,
  );
  return new Map(rows.map((row) => [row.trace_id, row]));
}
