// The columns of a list of traces: what they are called, how wide, what they say and how they sort. Which of them are
// shown, in which order and width, is one URL parameter: `start,model:180,duration`.
import type { TraceSummary } from '../../schemas/api.ts';
import { count, duration, money, NONE } from './format.ts';
import { errorWords, outcomeWords } from './story.ts';

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly width: number;
  readonly number?: boolean;
  /** Takes the space that is left. */
  readonly grows?: boolean;
  readonly text: (trace: TraceSummary) => string;
  readonly sort: (trace: TraceSummary) => number | string;
}

export const COLUMNS: readonly Column[] = [
  { id: 'start', title: 'Time', width: 96, text: ({ start }) => String(start), sort: ({ start }) => start },
  { id: 'outcome', title: 'Outcome', width: 104, text: outcomeText, sort: outcomeText },
  { id: 'model', title: 'Model', width: 144, text: ({ models }) => models.join(', '), sort: ({ models }) => models[0] ?? '' },
  { id: 'request', title: 'Request', width: 140, grows: true, text: requestText, sort: requestText },
  { id: 'answer', title: 'Answer', width: 140, grows: true, text: (trace) => trace.out_preview, sort: (trace) => trace.out_preview },
  { id: 'route', title: 'Route', width: 84, text: ({ route }) => route, sort: ({ route }) => route },
  { id: 'team', title: 'Team', width: 80, text: ({ team }) => team, sort: ({ team }) => team },
  { id: 'user', title: 'User', width: 96, text: (trace) => trace.user_id, sort: (trace) => trace.user_id },
  { id: 'session', title: 'Session', width: 110, text: (trace) => trace.session_id, sort: (trace) => trace.session_id },
  { id: 'service', title: 'Service', width: 110, text: ({ service }) => service, sort: ({ service }) => service },
  { id: 'name', title: 'Name', width: 190, text: ({ name }) => name, sort: ({ name }) => name },
  { id: 'spans', title: 'Spans', width: 64, number: true, text: ({ spans }) => count(spans), sort: ({ spans }) => spans },
  { id: 'attempts', title: 'Calls', width: 60, number: true, text: ({ attempts }) => count(attempts), sort: ({ attempts }) => attempts },
  { id: 'duration', title: 'Duration', width: 76, number: true, text: (trace) => duration(trace.duration), sort: (trace) => trace.duration },
  { id: 'ttft', title: 'TTFT', width: 68, number: true, text: ({ ttft }) => duration(ttft), sort: ({ ttft }) => ttft ?? -1 },
  { id: 'tokens', title: 'Tokens', width: 68, number: true, text: tokensText, sort: tokens },
  { id: 'cost', title: 'Cost', width: 76, number: true, text: costText, sort: (trace) => trace.cost_usd ?? -1 },
]; // prettier-ignore

export const DEFAULT_COLUMNS = 'start,outcome,model,request,duration,ttft,tokens,cost';

export interface Placed {
  readonly column: Column;
  readonly width: number;
}

/** The columns of a URL parameter; unknown ones are left out, and nothing usable means the default. */
export function placed(parameter: string): readonly Placed[] {
  const found = parameter.split(',').flatMap((part) => {
    const [id, width] = part.split(':');
    const column = COLUMNS.find((one) => one.id === id);
    if (!column) return [];
    const wanted = Number(width);
    return [{ column, width: wanted >= 40 && wanted <= 800 ? wanted : column.width }];
  });
  return found.length > 0 ? found : placed(DEFAULT_COLUMNS);
}

export function parameterOf(columns: readonly Placed[]): string {
  const text = columns.map(({ column, width }) =>
    width === column.width ? column.id : `${column.id}:${Math.round(width)}`,
  );
  return text.join(',') === DEFAULT_COLUMNS ? '' : text.join(',');
}

export function template(columns: readonly Placed[]): string {
  return columns.map(({ column, width }) => (column.grows ? `minmax(${width}px, 1fr)` : `${width}px`)).join(' ');
}

/** `-duration` is descending. Equal rows keep their order. */
export function sorted(traces: readonly TraceSummary[], order: string): readonly TraceSummary[] {
  const column = COLUMNS.find(({ id }) => id === order.replace('-', ''));
  if (!column) return traces;
  const sign = order.startsWith('-') ? -1 : 1;
  return traces.toSorted((a, b) => {
    const [left, right] = [column.sort(a), column.sort(b)];
    return left === right ? 0 : (left < right ? -1 : 1) * sign;
  });
}

/** Largest first, then smallest first, then the natural order again. */
export function nextOrder(order: string, id: string): string {
  if (order === `-${id}`) return id;
  return order === id ? '' : `-${id}`;
}

function outcomeText({ status, error_type, outcome }: TraceSummary): string {
  if (status === 'error') return errorWords(error_type) || outcomeWords(outcome || 'error');
  return outcome === '' || outcome === 'ok' ? 'ok' : outcomeWords(outcome);
}

function requestText({ in_preview, name }: TraceSummary): string {
  return in_preview || name;
}

function tokens({ in_tok, out_tok }: TraceSummary): number {
  return in_tok + out_tok;
}

function tokensText(trace: TraceSummary): string {
  const sum = tokens(trace);
  return sum === 0 ? NONE : `${trace.tok_estimated ? '~' : ''}${count(sum)}`;
}

function costText({ cost_usd, cost_partial, attempts }: TraceSummary): string {
  if (cost_usd === null) return attempts === 0 ? NONE : 'unpriced';
  return `${cost_partial ? '≥' : ''}${money(cost_usd)}`;
}
