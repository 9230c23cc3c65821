// A decoded span as a row: attributes into columns by their names, older names by the dialects, everything else kept
// as text. One look-up an attribute: what a key means is worked out once and remembered.

import { ATTR, SCOPE_PROXY } from '../../schemas/attributes.ts';
import type { SpanEvent, SpanKind, SpanLink, SpanRow, SpanStatus } from '../../schemas/span.ts';
import { validContext, type AttrMap, type AttrValue, type DecodedSpan, type Origin } from '../receivers/model.ts';
import { COLUMNS, type Setter } from './columns.ts';
import { ATTRIBUTE_DIALECTS } from './dialects/index.ts';
import { MAX_ATTRIBUTE, asText, cut, cutMarked, wellFormed } from './text.ts';
import type { Alias, DropReason } from './types.ts';

const UINT32 = 4_294_967_295;
const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: readonly SpanStatus[] = ['unset', 'ok', 'error'];

const MAX_ATTRIBUTES = 256;
const MAX_RESOURCE_ATTRIBUTES = 64;
const MAX_TAGS = 64;
const MAX_EVENTS = 128;
const MAX_LINKS = 128;
const MAX_EVENT_ATTRIBUTES = 64;
const MAX_EVENT_ATTRIBUTE = 16 * 1024;
const MAX_NAME = 1024;
const MAX_KEY = 256;

type Count = (reason: DropReason, amount?: number) => void;

type Meaning =
  | { readonly is: 'content' }
  /** `name` is what it is kept under. */
  | { readonly is: 'column'; readonly name: string; readonly set: Setter }
  | { readonly is: 'alias'; readonly name: string; readonly rank: number; readonly alias: Alias }
  | { readonly is: 'tag' | 'plain'; readonly name: string };

const aliases = ATTRIBUTE_DIALECTS.flatMap((dialect) => dialect.aliases);
const aliasRanks = new Map(aliases.map((alias, rank) => [alias.from, rank]));
const contentKeys = ATTRIBUTE_DIALECTS.flatMap((dialect) => dialect.content);
const contentEvents = new Set(ATTRIBUTE_DIALECTS.flatMap((dialect) => [...dialect.events]));
const CAPTURES: ReadonlySet<string> = new Set([ATTR.CAPTURE_REQUEST, ATTR.CAPTURE_RESPONSE]);

const meanings = new Map<string, Meaning>();
const MAX_MEANINGS = 20_000;

export interface Normalised {
  readonly row: SpanRow;
  /** Some attribute or event holds prompts or answers, or may. */
  readonly content: boolean;
}

/** @param count told of what is cut off */
export function normalise(span: DecodedSpan, received: number, count: Count): Normalised {
  const sender = senderOf(span.origin);
  const row = emptyRow(span, sender, received);
  const later: Meaning[] = [];
  let content = span.events.some((event) => contentEvents.has(event.name));
  let kept = 0;
  for (const [key, value] of span.attributes) {
    const meaning = meaningOf(key);
    if (meaning.is === 'column' && meaning.set(row, value)) continue;
    if (meaning.is === 'alias') later.push(meaning);
    if (meaning.is === 'content') content = true;
    else if (meaning.is === 'tag') putTag(row, meaning.name, value);
    else if (kept++ < MAX_ATTRIBUTES) putAttribute(row, meaning.name, value, count);
  }
  if (kept > MAX_ATTRIBUTES) {
    count('attribute_count', kept - MAX_ATTRIBUTES);
    row.attrs['signalbox.attributes_dropped'] = String(kept - MAX_ATTRIBUTES);
  }
  applyAliases(row, span.attributes, later);
  for (const [key, value] of sender.attributes) row.attrs[key] = value;
  complete(row, span);
  if (span.events.length > 0) row.events = events(span, count);
  if (span.links.length > 0) row.links = links(span, count);
  return { row, content };
}

function emptyRow(span: DecodedSpan, sender: Sender, received: number): SpanRow {
  const { start, end, origin } = span;
  const gateway = origin.scopeName === SCOPE_PROXY;
  const kind = KINDS[span.kind] ?? 'internal';
  return {
    team: 'default',
    ts: start.us,
    ts_received: received,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    is_root: span.parentSpanId === '',
    is_entry: span.parentSpanId === '' || (gateway && kind === 'server'),
    name: wellFormed(cut(span.name, MAX_NAME)),
    kind,
    op: '',
    service: sender.service,
    env: sender.env,
    source: gateway ? 'gateway' : 'otlp',
    provider: '',
    model: '',
    model_returned: '',
    deployment: '',
    route: '',
    reason: '',
    attempt: 0,
    prompt_name: '',
    prompt_version: '',
    key_id: '',
    user_id: '',
    session_id: '',
    tags: {},
    status: STATUSES[span.statusCode] ?? 'unset',
    status_message: wellFormed(cutMarked(span.statusMessage, MAX_EVENT_ATTRIBUTE)),
    error_type: '',
    http_status: 0,
    outcome: '',
    finish_reason: '',
    cache: 'none',
    stream: false,
    duration_ns: (end.us - start.us) * 1000 + (end.ns - start.ns),
    ttft_us: 0,
    overhead_us: 0,
    ...noUsage(),
    tools_called: [],
    in_preview: '',
    out_preview: '',
    attrs: {},
    events: [],
    links: [],
  };
}

function noUsage() {
  return {
    in_tok: 0,
    in_cache_read: 0,
    in_cache_write: 0,
    out_tok: 0,
    out_reasoning: 0,
    units: {},
    usage_source: 'none',
    service_tier: '',
    cost_usd: 0,
    cost_known: false,
    price_id: '',
    saved_usd: 0,
  } as const;
}

function meaningOf(key: string): Meaning {
  const known = meanings.get(key);
  if (known) return known;
  const meaning = findMeaning(key);
  if (meanings.size < MAX_MEANINGS) meanings.set(key, meaning);
  return meaning;
}

function findMeaning(key: string): Meaning {
  const set = COLUMNS.get(key);
  if (set) return { is: 'column', name: key, set };
  const rank = aliasRanks.get(key);
  const alias = rank === undefined ? undefined : aliases[rank];
  if (rank !== undefined && alias) return { is: 'alias', name: key, rank, alias };
  if (CAPTURES.has(key)) return { is: 'content' };
  if (contentKeys.some((each) => (typeof each === 'string' ? each === key : each.test(key)))) return { is: 'content' };
  if (key.startsWith(ATTR.TAG_PREFIX)) return { is: 'tag', name: nameOf(key.slice(ATTR.TAG_PREFIX.length)) };
  return { is: 'plain', name: nameOf(key) };
}

/** Older names fill what the conventions' own names left open; the first alias of a field wins. */
function applyAliases(row: SpanRow, all: AttrMap, found: Meaning[]): void {
  const filled = new Set<string>();
  for (const meaning of found.sort((a, b) => rankOf(a) - rankOf(b))) {
    if (meaning.is !== 'alias') continue;
    const { from, to, value: convert } = meaning.alias;
    if (all.has(to) || filled.has(to)) continue;
    const given = all.get(from) ?? null;
    const value = convert ? convert(given, all) : given;
    if (value !== null && fill(row, to, value)) filled.add(to);
  }
}

function fill(row: SpanRow, name: string, value: AttrValue): boolean {
  const set = COLUMNS.get(name);
  if (set) return set(row, value);
  row.attrs[name] = asText(value);
  return true;
}

function rankOf(meaning: Meaning): number {
  return meaning.is === 'alias' ? meaning.rank : 0;
}

// oxlint-disable-next-line max-params -- the hot path: no object for four words
function putAttribute(row: SpanRow, key: string, value: AttrValue, count: Count): void {
  if (typeof value === 'string' && value.length > MAX_ATTRIBUTE) count('attribute_length');
  put(row.attrs, key, asText(value));
}

function putTag(row: SpanRow, key: string, value: AttrValue): void {
  if (Object.keys(row.tags).length >= MAX_TAGS) return;
  put(row.tags, key, cut(asText(value), MAX_NAME));
}

const nameOf = (key: string): string => wellFormed(cut(key, MAX_KEY));

/** `__proto__` is a name like any other. */
function put(into: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') Object.defineProperty(into, name, { value, enumerable: true, configurable: true });
  else into[name] = value;
}

interface Sender {
  readonly service: string;
  readonly env: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

/** All spans of one scope share their resource, so it is read once. */
const senders = new WeakMap<Origin, Sender>();

function senderOf(origin: Origin): Sender {
  const known = senders.get(origin);
  if (known) return known;
  const { resource } = origin;
  const text = (key: string) => cut(asText(resource.get(key) ?? ''), MAX_NAME);
  const sender = {
    service: text('service.name') || 'unknown_service',
    env: text('deployment.environment.name') || text('deployment.environment'),
    attributes: [...resource]
      .filter(([key]) => key !== 'service.name' && !key.startsWith('deployment.environment'))
      .slice(0, MAX_RESOURCE_ATTRIBUTES)
      .map(([key, value]) => [`resource.${nameOf(key)}`, asText(value)] as const),
  };
  senders.set(origin, sender);
  return sender;
}

/** What follows from several attributes together. */
function complete(row: SpanRow, span: DecodedSpan): void {
  completeUsage(row);
  const counted = row.in_tok > 0 || row.out_tok > 0 || Object.keys(row.units).length > 0;
  if (counted && !span.attributes.has(ATTR.USAGE_SOURCE)) row.usage_source = 'provider';
  if (row.op === '' && row.provider !== '' && row.model !== '' && counted) row.op = 'chat';
  if (row.status === 'error' && row.error_type === '') row.error_type = exceptionType(span);
}

/** Parts of the usage are never more than their whole. */
function completeUsage(row: SpanRow): void {
  // Anthropic's own count leaves cached tokens out, and some senders pass it on as it is.
  if (row.in_tok < row.in_cache_read + row.in_cache_write) {
    row.in_tok = Math.min(UINT32, row.in_tok + row.in_cache_read + row.in_cache_write);
  }
  row.in_cache_write = Math.min(row.in_cache_write, row.in_tok - row.in_cache_read);
  row.out_reasoning = Math.min(row.out_reasoning, row.out_tok);
}

function exceptionType(span: DecodedSpan): string {
  const exception = span.events.findLast((event) => event.name === 'exception');
  return cut(asText(exception?.attributes.get('exception.type') ?? ''), MAX_NAME);
}

function events(span: DecodedSpan, count: Count): SpanEvent[] {
  const plain = span.events.filter((event) => !contentEvents.has(event.name));
  if (plain.length > MAX_EVENTS) count('event_count', plain.length - MAX_EVENTS);
  return plain.slice(0, MAX_EVENTS).map(({ time, name, attributes }) => {
    const attrs: Record<string, string> = {};
    for (const [key, value] of [...attributes].slice(0, MAX_EVENT_ATTRIBUTES))
      put(attrs, nameOf(key), cutMarked(asText(value), MAX_EVENT_ATTRIBUTE));
    return { ts: time.us, name: wellFormed(cut(name, MAX_NAME)), attrs };
  });
}

function links(span: DecodedSpan, count: Count): SpanLink[] {
  const valid = span.links.filter(validContext);
  const dropped = span.links.length - Math.min(valid.length, MAX_LINKS);
  if (dropped > 0) count('link_count', dropped);
  return valid.slice(0, MAX_LINKS).map(({ traceId, spanId }) => ({ trace_id: traceId, span_id: spanId }));
}
