// The filter language of the API, as text and as terms: `model:gpt-5 status:error duration:>2s "free text"`.
import type { TraceSummary } from '../../schemas/api.ts';

export interface Term {
  /** '' for free text. */
  readonly key: string;
  /** '' or one of > >= < <= */
  readonly op: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export const KEYS: readonly { readonly key: string; readonly hint: string }[] = [
  { key: 'model', hint: 'model asked or returned' },
  { key: 'provider', hint: 'openai, anthropic ...' },
  { key: 'status', hint: 'ok, error' },
  { key: 'outcome', hint: 'how the request ended' },
  { key: 'error', hint: 'error type' },
  { key: 'route', hint: 'route name' },
  { key: 'deployment', hint: 'provider in the config' },
  { key: 'team', hint: 'team of the key' },
  { key: 'user', hint: 'user id' },
  { key: 'session', hint: 'session id' },
  { key: 'key', hint: 'key id' },
  { key: 'service', hint: 'who sent the span' },
  { key: 'cache', hint: 'none, exact, semantic' },
  { key: 'duration', hint: '>2s, <500ms' },
  { key: 'ttft', hint: '>800ms' },
  { key: 'cost', hint: '>0.01 (USD)' },
  { key: 'tokens', hint: '>4000' },
  { key: 'tag.', hint: 'a tag of the caller' },
];

const TERM = /(?:([A-Za-z_][\w.-]*):)?(>=|<=|>|<)?(?:"((?:[^"\\]|\\.)*)"?|([^\s"]+))/g;

export function parse(text: string): Term[] {
  return [...text.matchAll(TERM)].map((match) => {
    const [raw, key = '', op = '', quoted, bare] = match;
    const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1');
    // An operator without a key is part of the words.
    const term = key === '' ? { key, op: '', value: op + value } : { key, op, value };
    return { ...term, start: match.index, end: match.index + raw.length };
  });
}

export function quote(value: string): string {
  return /^[^\s"\\:<>]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export function term(key: string, value: string): string {
  return key === '' ? quote(value) : `${key}:${quote(value)}`;
}

function write({ key, op, value }: Term): string {
  return key === '' ? quote(value) : `${key}:${op}${quote(value)}`;
}

export function has(query: string, key: string, value: string): boolean {
  return parse(query).some((term) => term.key === key && term.op === '' && term.value === value);
}

/** The query with this term alone for its key. */
export function withTerm(query: string, key: string, value: string): string {
  const others = parse(query).filter((term) => term.key !== key || term.op !== '');
  return [...others.map(write), term(key, value)].join(' ');
}

export function withoutTerm(query: string, key: string, value: string): string {
  return parse(query)
    .filter((term) => term.key !== key || term.op !== '' || term.value !== value)
    .map(write)
    .join(' ');
}

export function toggle(query: string, key: string, value: string): string {
  return has(query, key, value) ? withoutTerm(query, key, value) : withTerm(query, key, value);
}

export interface Completion {
  readonly kind: 'key' | 'value';
  readonly key: string;
  readonly typed: string;
  readonly start: number;
  readonly end: number;
}

/** What is being written at the caret: a key, or the value of a key. */
export function completionAt(text: string, caret: number): Completion {
  const before = text.slice(0, caret);
  const start = wordStart(before);
  const word = before.slice(start);
  const rest = /^[^\s"]*/.exec(text.slice(caret))?.[0] ?? '';
  const end = caret + rest.length;
  const colon = word.indexOf(':');
  if (colon < 0) return { kind: 'key', key: '', typed: word.replace(/^"/, ''), start, end };
  const typed = word.slice(colon + 1).replace(/^"/, '');
  return { kind: 'value', key: word.slice(0, colon), typed, start: start + colon + 1, end };
}

function wordStart(before: string): number {
  let inQuotes = false;
  let start = 0;
  for (let index = 0; index < before.length; index += 1) {
    const char = before[index];
    if (char === '\\') index += 1;
    else if (char === '"') inQuotes = !inQuotes;
    else if (!inQuotes && char !== undefined && /\s/.test(char)) start = index + 1;
  }
  return start;
}

const SCALE: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function number(value: string): number {
  const match = /^\$?([\d.]+)(us|ms|s|m|h|k)?$/.exec(value);
  if (!match) return Number.NaN;
  const unit = match[2] ?? '';
  return Number(match[1]) * (unit === 'k' ? 1000 : (SCALE[unit] ?? 1));
}

type Field = (trace: TraceSummary) => string | number | readonly string[];

const FIELDS: Readonly<Record<string, Field>> = {
  model: (trace) => trace.models,
  provider: (trace) => trace.providers,
  status: (trace) => (trace.status === 'error' ? 'error' : 'ok'),
  outcome: (trace) => trace.outcome,
  error: (trace) => trace.error_type,
  route: (trace) => trace.route,
  team: (trace) => trace.team,
  user: (trace) => trace.user_id,
  session: (trace) => trace.session_id,
  service: (trace) => trace.service,
  cache: (trace) => trace.cache,
  name: (trace) => trace.name,
  trace: (trace) => trace.trace_id,
  duration: (trace) => trace.duration,
  ttft: (trace) => trace.ttft ?? Number.NaN,
  cost: (trace) => trace.cost_usd ?? Number.NaN,
  tokens: (trace) => trace.in_tok + trace.out_tok,
};

/** Whether a live row passes the filter, as far as a row can tell: keys that it does not carry are left to the server. */
export function matches(trace: TraceSummary, terms: readonly Term[]): boolean {
  return terms.every((term) => {
    if (term.key === '') return contains(trace, term.value.toLowerCase());
    const field = FIELDS[term.key]?.(trace);
    if (field === undefined) return true;
    return typeof field === 'number' ? compare(field, term) : same(field, term.value);
  });
}

function contains(trace: TraceSummary, words: string): boolean {
  return [trace.in_preview, trace.out_preview, trace.name].some((text) => text.toLowerCase().includes(words));
}

function compare(field: number, { op, value }: Term): boolean {
  const limit = number(value);
  if (op === '>') return field > limit;
  if (op === '>=') return field >= limit;
  if (op === '<') return field < limit;
  return op === '<=' ? field <= limit : field === limit;
}

function same(field: string | readonly string[], value: string): boolean {
  const values = typeof field === 'string' ? [field] : field;
  return values.some((one) => one === value || one.endsWith(`/${value}`));
}
