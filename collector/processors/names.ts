// What the name of an attribute means: a column, a tag, content, another sender's name for one of these, or nothing.
// Worked out once a name and remembered, so that names of our own cost one look-up.

import { ATTR } from '../../schemas/attributes.ts';
import type { SpanRow } from '../../schemas/span.ts';
import type { AttrMap, AttrValue } from '../receivers/model.ts';
import { COLUMNS, type Setter } from './columns.ts';
import { ATTRIBUTE_DIALECTS } from './dialects/index.ts';
import { jsonOf } from './dialects/messages.ts';
import { asStrings, asText, cut, wellFormed } from './text.ts';
import type { AttributeDialect, Source } from './types.ts';

const MAX_TAGS = 64;
const MAX_TAG = 1024;
const MAX_KEY = 256;
const MAX_MEANINGS = 20_000;

/** `name` is what the value is kept under. */
export type Meaning = { readonly name: string; readonly foreign?: Foreign } & (
  | { readonly is: 'column'; readonly set: Setter }
  | { readonly is: 'content'; readonly when: readonly string[] | undefined }
  | { readonly is: 'tag' | 'plain' }
);

/** What another sender's name stands for beside itself. */
export interface Foreign {
  readonly from: string;
  readonly ranks: readonly number[];
  /** One tag's name, or '' where the value holds several. */
  readonly tag: string | undefined;
  readonly when: readonly string[] | undefined;
}

interface Alias extends Source {
  readonly to: string;
  readonly when: readonly string[] | undefined;
}

const ranked: readonly Alias[] = ATTRIBUTE_DIALECTS.flatMap(({ aliases, when }) =>
  Object.entries(aliases).flatMap(([to, sources]) =>
    sources.map((source) => ({ to, when, ...(typeof source === 'string' ? { from: source } : source) })),
  ),
);
const ranks = new Map<string, number[]>();
for (const [rank, { from }] of ranked.entries()) ranks.set(from, [...(ranks.get(from) ?? []), rank]);

const callingServers = new Set(ATTRIBUTE_DIALECTS.flatMap((dialect) => dialect.callingServers ?? []));
const CAPTURES: ReadonlySet<string> = new Set([ATTR.CAPTURE_REQUEST, ATTR.CAPTURE_RESPONSE]);

const meanings = new Map<string, Meaning>();

export function meaningOf(key: string): Meaning {
  const known = meanings.get(key);
  if (known) return known;
  const meaning = findMeaning(key);
  if (meanings.size < MAX_MEANINGS) meanings.set(key, meaning);
  return meaning;
}

function findMeaning(key: string): Meaning {
  const set = COLUMNS.get(key);
  if (set) return { is: 'column', name: key, set };
  if (CAPTURES.has(key)) return { is: 'content', name: key, when: undefined };
  if (key.startsWith(ATTR.TAG_PREFIX)) return { is: 'tag', name: nameOf(key.slice(ATTR.TAG_PREFIX.length)) };
  const foreign = foreignOf(key);
  const name = { name: nameOf(key), ...(foreign ? { foreign } : {}) };
  const holders = ATTRIBUTE_DIALECTS.filter((dialect) => holdsContent(dialect, key));
  if (holders.length === 0) return { is: 'plain', ...name };
  const when = holders.some((dialect) => !dialect.when) ? undefined : holders.flatMap((dialect) => dialect.when ?? []);
  return { is: 'content', when, ...name };
}

function holdsContent({ input = [], output = [], content = [] }: AttributeDialect, key: string): boolean {
  const names = [...input, ...output, ...content];
  return names.some((each) => (typeof each === 'string' ? each === key : each.test(key)));
}

function foreignOf(key: string): Foreign | undefined {
  const found = ranks.get(key) ?? [];
  for (const { tags = [], when } of ATTRIBUTE_DIALECTS) {
    const start = tags.find((each) => (each.endsWith('.') ? key.startsWith(each) : key === each));
    if (start !== undefined) return { from: key, ranks: found, tag: nameOf(key.slice(start.length)), when };
  }
  return found.length === 0 ? undefined : { from: key, ranks: found, tag: undefined, when: undefined };
}

/** Whether names of a dialect mean anything on this span. */
export function applies(when: readonly string[] | undefined, all: AttrMap): boolean {
  return when === undefined || when.some((name) => all.has(name));
}

/** Other senders' names fill what the conventions' own names left open; the first alias of a field wins. */
export function applyForeign(row: SpanRow, all: AttrMap, found: readonly Foreign[]): void {
  const filled = new Set<string>();
  const parsed = new Map<string, unknown>();
  for (const rank of found.flatMap((each) => each.ranks).sort((a, b) => a - b)) {
    const alias = ranked[rank];
    if (!alias || all.has(alias.to) || filled.has(alias.to)) continue;
    const value = valueOf(alias, all, parsed);
    if (value !== null && value !== '' && fill(row, alias.to, value)) filled.add(alias.to);
  }
  for (const each of found) putTags(row, all, each);
}

/** Null where it says nothing. */
function valueOf({ from, at, value, when }: Alias, all: AttrMap, parsed: Map<string, unknown>): AttrValue {
  if (!applies(when, all)) return null;
  const given = all.get(from) ?? null;
  if (at === undefined) return value ? value(given, all) : given;
  if (!parsed.has(from)) parsed.set(from, jsonOf(given));
  return leafOf(parsed.get(from), at);
}

function leafOf(value: unknown, path: string): AttrValue {
  let at = value;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return null;
    at = (at as Record<string, unknown>)[name];
  }
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? at : null;
}

function fill(row: SpanRow, name: string, value: AttrValue): boolean {
  const set = COLUMNS.get(name);
  if (set) return set(row, value);
  row.attrs[name] = asText(value);
  return true;
}

/** One tag, or those of a list of labels, of labels with commas between, or of an object. */
function putTags(row: SpanRow, all: AttrMap, { from, tag, when }: Foreign): void {
  if (tag === undefined || !applies(when, all)) return;
  const given = all.get(from) ?? null;
  if (tag !== '') return putTag(row, tag, given);
  for (const [name, value] of pairsOf(jsonOf(given))) if (name !== '') putTag(row, nameOf(name), value);
}

function pairsOf(value: unknown): (readonly [name: string, value: AttrValue])[] {
  if (typeof value === 'string') return value.split(',').map((label) => [label.trim(), 'true']);
  if (Array.isArray(value)) return asStrings(value).map((label) => [label, 'true']);
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return entries.flatMap(([name, each]) => (typeof each === 'object' ? [] : [[name, each as AttrValue] as const]));
}

export function putTag(row: SpanRow, key: string, value: AttrValue): void {
  if (Object.keys(row.tags).length >= MAX_TAGS) return;
  put(row.tags, key, cut(asText(value), MAX_TAG));
}

/** Whether the SERVER spans of a scope are the calls themselves. */
export function isCallingServer(scope: string): boolean {
  return callingServers.has(scope);
}

export const nameOf = (key: string): string => wellFormed(cut(key, MAX_KEY));

/** `__proto__` is a name like any other. */
export function put(into: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') Object.defineProperty(into, name, { value, enumerable: true, configurable: true });
  else into[name] = value;
}
