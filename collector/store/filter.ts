// The conditions a person can put on traces, and their SQL. The language itself is in collector/api/query.ts; here is
// what each key means: on which column it looks, in the rows of requests (trace_parts) and in the rows of calls (spans).

import { join, sql, Sql } from './sql.ts';

export type Comparison = '=' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'is'; readonly key: string; readonly values: readonly string[]; readonly negated: boolean }
  | {
      readonly kind: 'compare';
      readonly key: string;
      readonly comparison: Comparison;
      /** In the key's own unit: ns, us, USD, a plain number. Several with '=' mean one of them. */
      readonly values: readonly number[];
      readonly negated: boolean;
    }
  | { readonly kind: 'text'; readonly text: string; readonly negated: boolean };

/** All of them hold. */
export type Filter = readonly Condition[];

export interface KeySpec {
  readonly kind: 'text' | 'choice' | 'number' | 'flag' | 'id';
  /** In trace_parts. */
  readonly entry: string;
  /** An array over the calls of the request: matches when one element does. */
  readonly list?: boolean;
  /** A sum over calls, which may stand in several rows of a trace. */
  readonly total?: boolean;
  /** In spans, on the row of a call; absent where a call has no such thing. */
  readonly call?: string;
  readonly choices?: readonly string[];
  /** What one written unit is in the column's: a duration in ms, say, is 1e6 ns. */
  readonly unit?: 'duration_ns' | 'duration_us' | 'usd' | 'count';
  readonly summary: string;
}

const text = (entry: string, summary: string, call: string = entry): KeySpec => ({
  kind: 'text',
  entry,
  call,
  summary,
});
const list = (entry: string, call: string, summary: string): KeySpec => ({
  kind: 'text', entry, call, list: true, summary,
}); // prettier-ignore
const total = (entry: string, call: string, summary: string): KeySpec => ({
  kind: 'number', entry, call, total: true, unit: 'count', summary,
}); // prettier-ignore

export const KEYS = {
  model: list('models', 'model', 'model asked of a provider'),
  provider: list('providers', 'provider', 'provider called'),
  deployment: list('deployments', 'deployment', 'deployment called'),
  op: list('ops', 'op', 'operation: chat, embeddings, execute_tool ...'),
  prompt: list('prompts', 'prompt_name', 'name of the prompt'),
  finish: list('finishes', 'finish_reason', 'finish reason of an answer'),
  route: text('route', 'route'),
  team: text('team', 'team'),
  user: text('user_id', 'user'),
  session: text('session_id', 'session'),
  key: text('key_id', 'Signalbox key'),
  service: text('service', 'service.name of the sender'),
  name: text('name', 'name of the request'),
  error: text('error_type', 'error type'),
  outcome: { kind: 'text', entry: 'outcome', summary: 'how the request ended' },
  status: {
    kind: 'choice', entry: "if(failed, 'error', 'ok')", call: "if(failed, 'error', 'ok')",
    choices: ['ok', 'error'], summary: 'error, or ok for everything else',
  },
  source: {
    kind: 'choice', entry: 'toString(source)', call: 'toString(source)',
    choices: ['gateway', 'otlp', 'eval', 'playground', 'canary'], summary: 'where the trace comes from',
  },
  cache: {
    kind: 'choice', entry: 'toString(cache)', call: 'toString(cache)', choices: ['none', 'exact', 'semantic'],
    summary: 'answered from the cache',
  },
  stream: { kind: 'flag', entry: 'stream', call: 'stream', summary: 'true or false' },
  http: { kind: 'number', entry: 'http_status', call: 'http_status', unit: 'count', summary: 'HTTP status' },
  duration: { kind: 'number', entry: 'duration_ns', call: 'duration_ns', unit: 'duration_ns', summary: 'duration: 2s, 250ms' },
  ttft: { kind: 'number', entry: 'ttft_us', call: 'ttft_us', unit: 'duration_us', summary: 'time to first token: 800ms' },
  cost: { ...total('cost_usd', 'cost_usd', 'cost in USD'), unit: 'usd' },
  tokens: total('in_tok + out_tok', 'in_tok + out_tok', 'tokens, in and out'),
  in: total('in_tok', 'in_tok', 'input tokens'),
  out: total('out_tok', 'out_tok', 'output tokens'),
  trace: { kind: 'id', entry: 'trace_id', call: 'trace_id', summary: 'trace id' },
} as const satisfies Record<string, KeySpec>; // prettier-ignore

/** The meaning of a key; `tag.NAME` and `attr.NAME` are text keys of their own. */
export function keySpec(key: string): KeySpec | undefined {
  if (key.startsWith('tag.')) return text('', 'tag');
  if (key.startsWith('attr.')) return text('', 'attribute of any span');
  return Object.hasOwn(KEYS, key) ? (KEYS as Record<string, KeySpec>)[key] : undefined;
}

/** Microseconds since 1970, from inclusive, to exclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Calls of a request may start this much later than it. */
const TRACE_SPREAD_US = 86_400_000_000;

export const at = (micros: number): Sql => sql`fromUnixTimestamp64Micro(${Math.round(micros)}, 'UTC')`;
export const within = (range: Range): Sql => sql`ts >= ${at(range.from)} AND ts < ${at(range.to)}`;
/** Where the calls of a range's requests can lie. */
export const spread = (range: Range): Range => ({ from: range.from, to: range.to + TRACE_SPREAD_US });

/** For rows of trace_parts that are entries. */
export function entryConditions(filter: Filter, range: Range): Sql {
  const parts = filter.map((condition) => negate(condition, entryCondition(condition, range)));
  return join([sql`has_entry`, within(range), ...parts], 'AND');
}

/** For rows of spans that are calls. */
export function callConditions(filter: Filter, range: Range): Sql {
  const parts = filter.map((condition) => negate(condition, callCondition(condition, range)));
  return join([sql`is_call`, within(range), ...parts], 'AND');
}

function negate(condition: Condition, test: Sql): Sql {
  return condition.negated ? sql`NOT (${test})` : sql`(${test})`;
}

function entryCondition(condition: Condition, range: Range): Sql {
  if (condition.kind === 'text') return sql`trace_id IN (${textMatches(condition.text, range)})`;
  if (condition.key.startsWith('attr.')) {
    const test = textTest(sql`attrs[${condition.key.slice(5)}]`, valuesOf(condition));
    return sql`trace_id IN (SELECT trace_id FROM spans WHERE ${within(spread(range))} AND ${test})`;
  }
  const spec = specOf(condition.key);
  if (condition.key.startsWith('tag.')) return textTest(sql`tags[${condition.key.slice(4)}]`, valuesOf(condition));
  const column = new Sql(spec.entry);
  const own = test(spec, column, condition);
  if (!spec.list && !spec.total) return own;
  const loose = sql`FROM trace_parts WHERE NOT has_entry AND calls > 0 AND ${within(spread(range))}`;
  if (spec.list) return sql`${own} OR trace_id IN (SELECT trace_id ${loose} AND ${own})`;
  const summed = test(spec, new Sql(spec.entry.replace(/\w+_(?:tok|usd)/g, 'sum($&)')), condition);
  return sql`(calls > 0 AND ${own}) OR trace_id IN (SELECT trace_id ${loose} GROUP BY trace_id HAVING ${summed})`;
}

function callCondition(condition: Condition, range: Range): Sql {
  if (condition.kind === 'text') return sql`trace_id IN (${textMatches(condition.text, range)})`;
  if (condition.key.startsWith('attr.')) return textTest(sql`attrs[${condition.key.slice(5)}]`, valuesOf(condition));
  if (condition.key.startsWith('tag.')) return textTest(sql`tags[${condition.key.slice(4)}]`, valuesOf(condition));
  const spec = specOf(condition.key);
  if (spec.call !== undefined) return test({ ...spec, list: false }, new Sql(spec.call), condition);
  const entries = { from: range.from - TRACE_SPREAD_US, to: range.to };
  return sql`trace_id IN (SELECT trace_id FROM trace_parts WHERE has_entry AND ${within(entries)}
    AND ${test(spec, new Sql(spec.entry), condition)})`;
}

function specOf(key: string): KeySpec {
  const spec = keySpec(key);
  if (!spec) throw new RangeError(`there is no key "${key}"`);
  return spec;
}

function valuesOf(condition: Condition): readonly string[] {
  return condition.kind === 'is' ? condition.values : [];
}

function test(spec: KeySpec, column: Sql, condition: Condition): Sql {
  if (condition.kind === 'compare') {
    const { comparison, values } = condition;
    const first = values[0] ?? 0;
    if (comparison === '=')
      return sql`${column} IN (${join(
        values.map((value) => sql`${value}`),
        ',',
      )})`;
    return sql`${column} ${new Sql(comparison)} ${first}`;
  }
  const values = valuesOf(condition);
  if (spec.kind === 'flag') return sql`${column} = ${values[0] === 'true'}`;
  return spec.list ? listTest(column, values) : textTest(column, values);
}

function textTest(column: Sql, values: readonly string[]): Sql {
  const plain = values.filter((value) => !isPattern(value)).map(unescape);
  const patterns = values.filter(isPattern).map((value) => sql`${column} LIKE ${like(value)}`);
  const some =
    plain.length > 0
      ? [
          sql`${column} IN (${join(
            plain.map((value) => sql`${value}`),
            ',',
          )})`,
        ]
      : [];
  return sql`(${join([...some, ...patterns], 'OR')})`;
}

function listTest(column: Sql, values: readonly string[]): Sql {
  const plain = values.filter((value) => !isPattern(value)).map(unescape);
  const patterns = values.filter(isPattern).map((value) => sql`arrayExists(x -> x LIKE ${like(value)}, ${column})`);
  const some = plain.length > 0 ? [sql`hasAny(${column}, ${plain})`] : [];
  return sql`(${join([...some, ...patterns], 'OR')})`;
}

/** In a value `*` stands for any characters; the language marks a literal one as `\*`. */
const isPattern = (value: string): boolean => /(?<!\\)\*/.test(value);
export const isPlain = (value: string): boolean => !value.includes('*');
const unescape = (value: string): string => value.replaceAll('\\*', '*');

function like(value: string): string {
  return value
    .split(/(\\\*|\*)/)
    .map((part) => (part === '*' ? '%' : (part === '\\*' ? '*' : part).replace(/[\\%_]/g, '\\$&')))
    .join('');
}

/** Ids of the traces whose prompts, answers or previews hold the words (and the phrase, where there is more to it). */
function textMatches(phrase: string, range: Range): Sql {
  const words = phrase.toLowerCase().match(/[a-z0-9\u0080-\u{10ffff}]+/gu) ?? [];
  const isWords = words.join(' ') === phrase.toLowerCase().trim();
  const isAscii = !/[^\u0020-\u007e]/.test(phrase);
  const found = (column: Sql, index: Sql): Sql => {
    const exact = sql`positionCaseInsensitiveUTF8(${column}, ${phrase}) > 0`;
    if (!isAscii || words.length === 0) return exact; // the index does not cut such scripts into words
    const indexed = sql`hasAllTokens(${index}, ${words})`;
    return isWords && words.length === 1 ? indexed : sql`(${indexed} AND ${exact})`;
  };
  const preview = sql`concat(in_preview, ' ', out_preview)`;
  const time = within(spread(range));
  return join(
    [
      sql`SELECT trace_id FROM span_io PREWHERE ${found(sql`input`, sql`lower(input)`)} WHERE ${time}`,
      sql`SELECT trace_id FROM span_io PREWHERE ${found(sql`output`, sql`lower(output)`)} WHERE ${time}`,
      sql`SELECT trace_id FROM trace_parts PREWHERE ${found(preview, sql`lower(${preview})`)} WHERE ${time}`,
    ],
    'UNION ALL',
  );
}
