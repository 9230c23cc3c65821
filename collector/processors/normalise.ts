// A decoded span as a row: attributes into columns by their names, older and other names by the dialects, everything
// else kept as text.

import { ATTR, SCOPE_PROXY } from '../../schemas/attributes.ts';
import type { SpanEvent, SpanKind, SpanLink, SpanRow, SpanStatus } from '../../schemas/span.ts';
import { validContext, type AttrValue, type DecodedSpan, type Origin } from '../receivers/model.ts';
import { ATTRIBUTE_DIALECTS } from './dialects/index.ts';
import { operationOf } from './dialects/operations.ts';
import { applies, applyForeign, isCallingServer, meaningOf, nameOf, put, putTag, type Foreign } from './names.ts';
import { MAX_ATTRIBUTE, asText, cut, cutMarked, wellFormed } from './text.ts';
import type { DropReason } from './types.ts';

const UINT32 = 4_294_967_295;
const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: readonly SpanStatus[] = ['unset', 'ok', 'error'];

const MAX_ATTRIBUTES = 256;
const MAX_RESOURCE_ATTRIBUTES = 64;
const MAX_EVENTS = 128;
const MAX_LINKS = 128;
const MAX_EVENT_ATTRIBUTES = 64;
const MAX_EVENT_ATTRIBUTE = 16 * 1024;
const MAX_NAME = 1024;

type Count = (reason: DropReason, amount?: number) => void;

const contentEvents = new Set(ATTRIBUTE_DIALECTS.flatMap((dialect) => [...(dialect.events ?? [])]));

export interface Normalised {
  readonly row: SpanRow;
  /** Some attribute or event holds prompts or answers, or may. */
  readonly content: boolean;
}

/** @param count told of what is cut off */
export function normalise(span: DecodedSpan, received: number, count: Count): Normalised {
  const sender = senderOf(span.origin);
  const row = emptyRow(span, sender, received);
  const foreign: Foreign[] = [];
  let content = span.events.some((event) => contentEvents.has(event.name));
  let kept = 0;
  for (const [key, value] of span.attributes) {
    const meaning = meaningOf(key);
    if (meaning.is === 'column' && meaning.set(row, value)) continue;
    if (meaning.foreign) foreign.push(meaning.foreign);
    if (meaning.is === 'content' && applies(meaning.when, span.attributes)) content = true;
    else if (meaning.is === 'tag') putTag(row, meaning.name, value);
    else if (kept++ < MAX_ATTRIBUTES) putAttribute(row, meaning.name, value, count);
  }
  if (kept > MAX_ATTRIBUTES) tellDropped(row, kept - MAX_ATTRIBUTES, count);
  if (foreign.length > 0) applyForeign(row, span.attributes, foreign);
  for (const [key, value] of sender.attributes) row.attrs[key] = value;
  complete(row, span);
  addDetails(row, span, count);
  return { row, content };
}

function addDetails(row: SpanRow, span: DecodedSpan, count: Count): void {
  if (span.events.length > 0) row.events = events(span, count);
  if (span.links.length > 0) row.links = links(span, count);
}

function tellDropped(row: SpanRow, dropped: number, count: Count): void {
  count('attribute_count', dropped);
  row.attrs['signalbox.attributes_dropped'] = String(dropped);
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

// oxlint-disable-next-line max-params -- the hot path: no object for four words
function putAttribute(row: SpanRow, key: string, value: AttrValue, count: Count): void {
  if (typeof value === 'string' && value.length > MAX_ATTRIBUTE) count('attribute_length');
  put(row.attrs, key, asText(value));
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
  if (row.source !== 'gateway') completeForeign(row, span, counted);
  if (row.status === 'error' && row.error_type === '') row.error_type = exceptionType(span);
}

/** What other senders say in other words, or leave to be understood. */
function completeForeign(row: SpanRow, { origin }: DecodedSpan, counted: boolean): void {
  if (row.op === '' && row.provider !== '' && row.model !== '' && counted) row.op = 'chat';
  else row.op = operationOf(row.op);
  if (row.kind === 'server' && counted && isCallingServer(origin.scopeName)) row.kind = 'client';
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
