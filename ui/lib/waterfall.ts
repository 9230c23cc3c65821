// The tree of a trace and its bars on one time axis. Pure: spans in, rows out.
import type { ApiSpan } from '../../schemas/api.ts';

export interface Row {
  readonly span: ApiSpan;
  readonly depth: number;
  readonly children: number;
  /** All spans below it. */
  readonly below: number;
  /** Shares of the axis, 0 to 1. */
  readonly left: number;
  readonly width: number;
  /** Share of the axis at which the first token came. */
  readonly firstToken: number | undefined;
  readonly failed: boolean;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly start: number;
  readonly duration: number;
}

/** Orders spans as a tree by start time. A span whose parent is missing, or that is its own ancestor, is a root. */
export function layout(spans: readonly ApiSpan[]): Layout {
  const start = spans.reduce((least, span) => Math.min(least, span.start), Infinity);
  const end = spans.reduce((most, span) => Math.max(most, span.start + span.duration), -Infinity);
  if (spans.length === 0) return { rows: [], start: 0, duration: 0 };
  const duration = Math.max(end - start, 0.001);
  const byParent = group(spans);
  const rows: Row[] = [];
  const seen = new Set<string>();
  const walk = (roots: readonly ApiSpan[]): void => {
    const stack = roots.map((span) => ({ span, depth: 0 })).reverse();
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, depth } = next;
      if (seen.has(span.span_id)) continue;
      seen.add(span.span_id);
      const children = byParent.get(span.span_id) ?? [];
      rows.push(row({ span, depth, children: children.length }, { start, duration }));
      for (const child of children.toReversed()) stack.push({ span: child, depth: depth + 1 });
    }
  };
  walk(byParent.get('') ?? []);
  walk(spans.filter((span) => !seen.has(span.span_id)).toSorted(byStart));
  return { rows: countBelow(rows), start, duration };
}

function group(spans: readonly ApiSpan[]): Map<string, ApiSpan[]> {
  const ids = new Set(spans.map((span) => span.span_id));
  const byParent = new Map<string, ApiSpan[]>();
  for (const span of spans) {
    const parent = ids.has(span.parent_span_id) ? span.parent_span_id : '';
    const siblings = byParent.get(parent);
    if (siblings) siblings.push(span);
    else byParent.set(parent, [span]);
  }
  for (const siblings of byParent.values()) siblings.sort(byStart);
  return byParent;
}

function byStart(a: ApiSpan, b: ApiSpan): number {
  return a.start - b.start || a.attempt - b.attempt || (a.span_id < b.span_id ? -1 : 1);
}

type Place = Pick<Row, 'span' | 'depth' | 'children'>;

function row(place: Place, axis: { start: number; duration: number }): Row {
  const { span } = place;
  const share = (at: number): number => Math.min(1, Math.max(0, (at - axis.start) / axis.duration));
  const left = share(span.start);
  return {
    ...place,
    below: 0,
    left,
    width: share(span.start + span.duration) - left,
    firstToken: span.ttft === null || span.ttft <= 0 ? undefined : share(span.start + span.ttft),
    failed: span.status === 'error',
  };
}

function countBelow(rows: readonly Row[]): Row[] {
  const counted = rows.map((row) => ({ ...row }));
  const open: { row: Row & { below: number }; index: number }[] = [];
  const close = (depth: number, index: number): void => {
    for (let last = open.at(-1); last !== undefined && last.row.depth >= depth; last = open.at(-1)) {
      last.row.below = index - last.index - 1;
      open.pop();
    }
  };
  counted.forEach((row, index) => {
    close(row.depth, index);
    open.push({ row, index });
  });
  close(0, counted.length);
  return counted;
}

/** The rows left when the spans in `folded` hide what is below them. */
export function unfolded(rows: readonly Row[], folded: ReadonlySet<string>): readonly Row[] {
  if (folded.size === 0) return rows;
  const shown: Row[] = [];
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index];
    if (row === undefined) break;
    shown.push(row);
    if (folded.has(row.span.span_id)) index += row.below;
  }
  return shown;
}

/** Above ten seconds a step is a round part of a minute or an hour. */
const LONG_STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400].map((s) => s * 1000);

/** Round positions on an axis of this length, at most `most` of them, the start left out. */
export function ticks(duration: number, most: number): number[] {
  const rough = duration / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const short = [1, 2, 5, 10].map((by) => by * power);
  const step = (rough > 10_000 ? LONG_STEPS : short).find((size) => size >= rough) ?? rough;
  const marks: number[] = [];
  for (let at = step; at < duration * 0.995; at += step) marks.push(at);
  return marks;
}
