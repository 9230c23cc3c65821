// What the cost page says, before any drawing: what a bill can be cut by, a bill from either of two questions, its stack
// over time, its table, and the change against the time before.
import type { CostReport, Series, SeriesBy, SeriesLine } from '../../schemas/api.ts';
import { nextOrder } from './columns.ts';
import { term } from './query.ts';
import type { Plot, PlotLine } from './plot.ts';

export interface Cut {
  readonly value: 'model' | 'provider' | 'route' | 'team' | 'user' | 'tag' | 'prompt' | 'key';
  readonly name: string;
  /** What a line without a value is called. */
  readonly unnamed: string;
  /** How the filtered question calls it; without one the cut knows no filter. */
  readonly series?: SeriesBy;
}

const PROVIDER: Cut = { value: 'provider', name: 'Provider', unnamed: 'no provider', series: 'provider' };

export const CUTS: readonly Cut[] = [
  PROVIDER,
  { value: 'model', name: 'Model', unnamed: 'no model', series: 'model' },
  { value: 'route', name: 'Route', unnamed: 'no route', series: 'route' },
  { value: 'team', name: 'Team', unnamed: 'no team', series: 'team' },
  { value: 'user', name: 'User', unnamed: 'no user', series: 'user' },
  { value: 'tag', name: 'Tag', unnamed: 'not tagged' },
  { value: 'prompt', name: 'Prompt version', unnamed: 'no named prompt' },
  { value: 'key', name: 'Key', unnamed: 'no key', series: 'key' },
];

export function cutOf(value: string | null): Cut {
  return CUTS.find((cut) => cut.value === value) ?? PROVIDER;
}

/** A line of a bill. Under a filter nobody counts cached tokens: null then. */
export interface BillLine {
  /** '' where the calls have no value, null for the smaller groups together. */
  readonly group: string | null;
  readonly calls: number;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly in_cache_read: number | null;
  readonly cost_usd: number | null;
  readonly cache_saved_usd: number | null;
  readonly unpriced: number;
  readonly points: readonly (readonly [time: number, usd: number | null])[];
}

/** A CostReport is one, and two answers of /series make one. */
export interface Bill extends Pick<CostReport, 'from' | 'to' | 'step'> {
  readonly total: BillLine;
  readonly lines: readonly BillLine[];
}

export const BILL_METRICS = ['cost', 'requests', 'input_tokens', 'output_tokens', 'unpriced'] as const;

/** @param whole not grouped. @param parts grouped, at most what the API gives */
export function billOf(whole: Series, parts: Series): Bill {
  const groups = Map.groupBy(parts.series, ({ group }) => group);
  const lines = [...groups].map(([group, found]) => lineOf(group, found));
  const { from, to, step } = whole;
  return { from, to, step, total: lineOf('', whole.series), lines: lines.toSorted(bySize) };
}

const bySize = (a: BillLine, b: BillLine): number => (b.cost_usd ?? -1) - (a.cost_usd ?? -1) || b.calls - a.calls;

function lineOf(group: string, found: readonly SeriesLine[]): BillLine {
  const of = (metric: string): SeriesLine | undefined => found.find((line) => line.metric === metric);
  const sum = (metric: string): number => of(metric)?.total ?? 0;
  return {
    group,
    calls: sum('requests'),
    in_tok: sum('input_tokens'),
    out_tok: sum('output_tokens'),
    in_cache_read: null,
    cost_usd: sum('requests') === 0 ? null : (of('cost')?.total ?? null),
    cache_saved_usd: null,
    unpriced: sum('unpriced'),
    points: of('cost')?.points ?? [],
  };
}

/** Layers of the stack; the rest is one more. */
export const LAYERS = 8;
export const OTHERS = 'all others';

/** The stack over time: the largest lines, and everything else of the whole on top of them. */
export function stackOf({ from, to, step, total, lines }: Bill): Plot {
  const times = total.points.map(([time]) => time);
  const costly = lines.filter(({ group, cost_usd }) => group !== null && (cost_usd ?? 0) > 0);
  const shown = costly.slice(0, costly.length > LAYERS ? LAYERS - 1 : LAYERS).map((line): PlotLine => {
    const at = new Map(line.points);
    const values = times.map((time) => at.get(time) ?? null);
    return { group: line.group ?? '', values, total: line.cost_usd, samples: line.calls };
  });
  const rest = restOf(total, shown);
  return { times, step, from, to, unit: 'usd', lines: rest ? [...shown, rest] : shown };
}

/** Below this share of the whole the difference is rounding. */
const ROUNDING = 1e-6;

function restOf(total: BillLine, shown: readonly PlotLine[]): PlotLine | undefined {
  const sum = (of: (line: PlotLine) => number | null | undefined): number =>
    shown.reduce((all, line) => all + (of(line) ?? 0), 0);
  const whole = total.cost_usd ?? 0;
  const usd = whole - sum((line) => line.total);
  if (usd <= whole * ROUNDING) return undefined;
  const values = total.points.map(([, value], index) => {
    const rest = (value ?? 0) - sum((line) => line.values[index]);
    return rest > whole * ROUNDING ? rest : null;
  });
  return { group: OTHERS, values, total: usd, samples: total.calls - sum(({ samples }) => samples) };
}

/** The stretch of as many whole steps just before, and how many: the step that is under way has no equal to compare with. */
export function before({ from, step, total }: Bill, now: number): { from: number; to: number; steps: number } {
  const steps = total.points.filter(([time]) => time + step <= now).length;
  return { from: from - steps * step, to: from, steps };
}

/** What the first steps cost together; null when no cost is known of any. */
export function sumOf(points: BillLine['points'], steps: number): number | null {
  const known = points.slice(0, steps).flatMap(([, usd]) => usd ?? []);
  return known.length === 0 ? null : known.reduce((sum, usd) => sum + usd, 0);
}

export interface Column {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly of: (line: BillLine, total: BillLine) => number | null;
}

const ratio = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole;

/** The numbers of the table. */
export const COLUMNS: readonly Column[] = [
  { id: 'cost', name: 'Cost', title: 'of the calls that have a price', of: (line) => line.cost_usd },
  { id: 'share', name: 'Share', title: 'of the whole cost', of: (line, total) => ratio(line.cost_usd, total.cost_usd) },
  { id: 'calls', name: 'Calls', title: 'calls of models', of: (line) => line.calls },
  { id: 'each', name: 'Per call', title: 'cost of a call that has a price', of: (line) => ratio(line.cost_usd, line.calls - line.unpriced) },
  { id: 'in', name: 'Input', title: 'input tokens', of: (line) => line.in_tok },
  { id: 'out', name: 'Output', title: 'output tokens', of: (line) => line.out_tok },
  { id: 'cached', name: 'Cached', title: 'share of the input that was read from the provider\'s cache', of: (line) => ratio(line.in_cache_read, line.in_tok) },
  { id: 'saved', name: 'Saved', title: 'what cached input would have cost more as fresh input, less what writing the cache cost', of: (line) => line.cache_saved_usd },
]; // prettier-ignore

/** In the order of a URL parameter such as `-calls`; the line of all others stays last. */
export function ranked({ lines, total }: Bill, order: string): readonly BillLine[] {
  const column = COLUMNS.find(({ id }) => id === order.replace('-', '')) ?? COLUMNS[0];
  const sign = order === '' || order.startsWith('-') ? -1 : 1;
  const value = (line: BillLine): number => column?.of(line, total) ?? -Infinity;
  const rest = lines.filter(({ group }) => group === null);
  const named = lines.filter(({ group }) => group !== null);
  return [...named.toSorted((a, b) => Math.sign(value(a) - value(b)) * sign), ...rest];
}

/** The next order of a click on a head: largest first is what the table begins with. */
export function orderAfter(order: string, id: string): string {
  const next = nextOrder(order === '' ? '-cost' : order, id);
  return next === '-cost' ? '' : next;
}

/** The condition that leads to the traces of a line; undefined where no filter can say it. */
export function conditionOf(cut: Cut, tag: string, group: string | null): string | undefined {
  if (group === null || group === OTHERS) return undefined;
  if (cut.value === 'tag') return term(`tag.${tag}`, group);
  // Traces know the name of a prompt and not its version.
  if (cut.value === 'prompt') return term('prompt', group.replace(/@[^@]*$/, ''));
  // Such a call is in no list of models or providers that a filter could ask for.
  return group === '' && (cut.value === 'model' || cut.value === 'provider') ? undefined : term(cut.value, group);
}

/** A spreadsheet takes these for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function field(value: string | number | null): string {
  if (typeof value === 'number') return String(value);
  const text = value ?? '';
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The table with unrounded numbers; what nobody knows is an empty field, not a zero. RFC 4180. */
export function csvOf(by: string, { lines, total }: Bill): string {
  const head = [
    by, 'cost_usd', 'share', 'calls', 'input_tokens', 'output_tokens', 'cached_input_tokens', 'cache_saved_usd', 'unpriced_calls',
  ]; // prettier-ignore
  const rows = lines.map((line) => [
    line.group ?? OTHERS, line.cost_usd, ratio(line.cost_usd, total.cost_usd), line.calls, line.in_tok, line.out_tok,
    line.in_cache_read, line.cache_saved_usd, line.unpriced,
  ]); // prettier-ignore
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
