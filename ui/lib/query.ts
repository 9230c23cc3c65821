// The filter language of the API, as text and as terms: `model:gpt-5 status:error duration:>2s "free text"`.
import type { TraceSummary } from '../../schemas/api.ts';

export interface Term {
  /** '' for free text. */
  readonly key: string;
  /** '' or one of > >= < <= */
  readonly op: string;
  readonly value: string;
  readonly negated: boolean;
  /** As it was written. */
  readonly raw: string;
}

export const KEYS: readonly { readonly key: string; readonly hint: string }[] = [
  { key: 'model', hint: 'model asked of a provider' },
  { key: 'status', hint: 'ok, error' },
  { key: 'error', hint: 'error type' },
  { key: 'duration', hint: '>2s, <500ms' },
  { key: 'provider', hint: 'openai, anthropic ...' },
  { key: 'route', hint: 'route name' },
  { key: 'team', hint: 'team of the key' },
  { key: 'user', hint: 'user id' },
  { key: 'cost', hint: '>0.01 (USD)' },
  { key: 'ttft', hint: 'time to first token, >800ms' },
  { key: 'tokens', hint: 'in and out, >4000' },
  { key: 'in', hint: 'input tokens' },
  { key: 'out', hint: 'output tokens' },
  { key: 'outcome', hint: 'how the request ended' },
  { key: 'http', hint: 'HTTP status, >=500' },
  { key: 'finish', hint: 'stop, length, tool_calls' },
  { key: 'deployment', hint: 'provider in the config' },
  { key: 'session', hint: 'session id' },
  { key: 'key', hint: 'Signalbox key' },
  { key: 'service', hint: 'who sent the span' },
  { key: 'source', hint: 'gateway, otlp ...' },
  { key: 'cache', hint: 'none, exact, semantic' },
  { key: 'stream', hint: 'true, false' },
  { key: 'op', hint: 'chat, embeddings ...' },
  { key: 'prompt', hint: 'name of the prompt' },
  { key: 'name', hint: 'name of the request' },
  { key: 'trace', hint: 'trace id' },
  { key: 'tag.', hint: 'a tag of the caller' },
  { key: 'attr.', hint: 'an attribute of any span' },
];

const TERM = /(-)?(?:([A-Za-z_][\w.-]*):)?(>=|<=|>|<)?(?:"((?:[^"\\]|\\.)*)"?|([^\s"]+))/g;

export function parse(text: string): Term[] {
  return [...text.matchAll(TERM)].map((match) => {
    const [raw, minus = '', key = '', op = '', quoted, bare] = match;
    const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1');
    const negated = minus !== '';
    // An operator without a key is part of the words.
    return key === '' ? { key, op: '', value: op + value, negated, raw } : { key, op, value, negated, raw };
  });
}

export function quote(value: string): string {
  return /^[^\s"\\:<>]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export function term(key: string, value: string): string {
  return key === '' ? quote(value) : `${key}:${quote(value)}`;
}

function isTerm(term: Term, key: string, value?: string): boolean {
  const sameValue = value === undefined || term.value === value;
  return term.key === key && term.op === '' && !term.negated && sameValue;
}

export function has(query: string, key: string, value: string): boolean {
  return parse(query).some((term) => isTerm(term, key, value));
}

/** The query with this term alone for its key. */
export function withTerm(query: string, key: string, value: string): string {
  const others = parse(query).filter((term) => !isTerm(term, key));
  return [...others.map(({ raw }) => raw), term(key, value)].join(' ');
}

export function withoutTerm(query: string, key: string, value: string): string {
  const left = parse(query).filter((term) => !isTerm(term, key, value));
  return left.map(({ raw }) => raw).join(' ');
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
  in: (trace) => trace.in_tok,
  out: (trace) => trace.out_tok,
  http: (trace) => trace.http_status,
  source: (trace) => trace.source,
  stream: (trace) => String(trace.stream),
};

/** Keys of a filter that a row of the list does not carry. */
export function unknownKeys(terms: readonly Term[]): string[] {
  return [...new Set(terms.filter(unknown).map(({ key }) => key))];
}

/** Whether a live row passes the filter, as far as a row can tell: keys that it does not carry are passed over. */
export function matches(trace: TraceSummary, terms: readonly Term[]): boolean {
  return terms.every((term) => unknown(term) || term.negated !== holds(trace, term));
}

function unknown({ key }: Term): boolean {
  return key !== '' && FIELDS[key] === undefined;
}

function holds(trace: TraceSummary, term: Term): boolean {
  if (term.key === '') return contains(trace, term.value.toLowerCase());
  const field = FIELDS[term.key]?.(trace);
  if (field === undefined) return false;
  return typeof field === 'number' ? compare(field, term) : same(field, term.value);
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
