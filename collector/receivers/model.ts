// What both OTLP encodings are decoded into: spans and log records with their resource and scope, attributes typed.

/** An attribute's value. Integers that a double cannot hold are bigint; null is an AnyValue without content. */
export type AttrValue = string | number | bigint | boolean | null | Uint8Array | readonly AttrValue[] | AttrMap;

/** A Map and not an object: a key may be `__proto__`. The last of two equal keys wins. */
export type AttrMap = ReadonlyMap<string, AttrValue>;

/** A time, exact to the nanosecond: whole microseconds since 1970 and what is left. */
export interface Instant {
  readonly us: number;
  /** 0 to 999 nanoseconds. */
  readonly ns: number;
}

/** Who sent it: shared by all records of one scope. */
export interface Origin {
  readonly resource: AttrMap;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

export interface DecodedEvent {
  readonly time: Instant;
  readonly name: string;
  readonly attributes: AttrMap;
}

export interface DecodedLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** Ids are lower-case hex of whatever length was sent; invalidSpan() judges them. */
export interface DecodedSpan {
  readonly origin: Origin;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  readonly kind: number;
  readonly start: Instant;
  readonly end: Instant;
  readonly attributes: AttrMap;
  readonly events: readonly DecodedEvent[];
  readonly links: readonly DecodedLink[];
  /** 0 unset, 1 ok, 2 error */
  readonly statusCode: number;
  readonly statusMessage: string;
}

export interface DecodedLog {
  readonly origin: Origin;
  readonly traceId: string;
  readonly spanId: string;
  readonly time: Instant;
  readonly observed: Instant;
  readonly eventName: string;
  readonly body: AttrValue;
  readonly attributes: AttrMap;
}

/** The bytes are not what their content type says. The message tells where it went wrong. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Deeper values than this are refused in both encodings. */
export const MAX_DEPTH = 64;

export const NO_TIME: Instant = { us: 0, ns: 0 };
export const NO_ATTRIBUTES: AttrMap = new Map();

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/** Why a span cannot be kept, or undefined when it can. */
export function invalidSpan(span: DecodedSpan): string | undefined {
  if (!TRACE_ID.test(span.traceId)) return 'trace id is not 16 bytes or all zero';
  if (!SPAN_ID.test(span.spanId)) return 'span id is not 8 bytes or all zero';
  if (span.parentSpanId !== '' && !/^[0-9a-f]{16}$/.test(span.parentSpanId)) return 'parent span id is not 8 bytes';
  if (span.name === '') return 'name is missing';
  return undefined;
}

export function validContext(ids: { readonly traceId: string; readonly spanId: string }): boolean {
  return TRACE_ID.test(ids.traceId) && SPAN_ID.test(ids.spanId);
}
