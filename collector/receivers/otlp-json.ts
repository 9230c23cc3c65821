// OTLP in JSON, with the liberties that senders take: 64-bit integers as numbers or strings, ids in any case, enums by
// number or name, null and "NaN" for doubles, fields nobody knows.

import {
  DecodeError,
  MAX_DEPTH,
  NO_ATTRIBUTES,
  NO_TIME,
  type AttrMap,
  type AttrValue,
  type DecodedEvent,
  type DecodedLink,
  type DecodedLog,
  type DecodedSpan,
  type Instant,
  type Origin,
} from './model.ts';

type Fields = Readonly<Record<string, unknown>>;

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** @throws DecodeError */
export function decodeTraces(body: Buffer): DecodedSpan[] {
  return records(parse(body), ['resourceSpans', 'scopeSpans', 'spans'], span);
}

/** @throws DecodeError */
export function decodeLogs(body: Buffer): DecodedLog[] {
  return records(parse(body), ['resourceLogs', 'scopeLogs', 'logRecords'], log);
}

/** @returns how many metrics the request holds @throws DecodeError */
export function countMetrics(body: Buffer): number {
  return records(parse(body), ['resourceMetrics', 'scopeMetrics', 'metrics'], () => 1).length;
}

function parse(body: Buffer): Fields {
  let parsed: unknown;
  try {
    const text = body.toString('utf8');
    parsed = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    // The engine's own words quote what stands there.
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw new DecodeError(at === undefined ? 'not valid JSON' : `not valid JSON (near character ${at})`);
  }
  return object(parsed, 'the request');
}

type Frame = readonly [resources: string, scopes: string, records: string];

function records<T>(request: Fields, frame: Frame, read: (fields: Fields, origin: Origin) => T): T[] {
  const found: T[] = [];
  for (const resource of objects(request[frame[0]], frame[0])) {
    const attributes = absent(resource['resource'])
      ? undefined
      : object(resource['resource'], 'resource')['attributes'];
    const resourceAttributes = keyValues(attributes, 0);
    for (const scoped of objects(resource[frame[1]], frame[1])) {
      const scope = absent(scoped['scope']) ? {} : object(scoped['scope'], 'scope');
      const origin: Origin = {
        resource: resourceAttributes,
        scopeName: string(scope['name']),
        scopeVersion: string(scope['version']),
      };
      for (const record of objects(scoped[frame[2]], frame[2])) found.push(read(record, origin));
    }
  }
  return found;
}

function span(fields: Fields, origin: Origin): DecodedSpan {
  const status = absent(fields['status']) ? {} : object(fields['status'], 'status');
  return {
    origin,
    traceId: id(fields['traceId']),
    spanId: id(fields['spanId']),
    parentSpanId: parent(id(fields['parentSpanId'])),
    traceState: string(fields['traceState']),
    name: string(fields['name']),
    kind: enumValue(fields['kind'], KINDS),
    start: instant(fields['startTimeUnixNano']),
    end: instant(fields['endTimeUnixNano']),
    attributes: keyValues(fields['attributes'], 0),
    events: fields['events'] === undefined ? [] : objects(fields['events'], 'events').map(event),
    links: fields['links'] === undefined ? [] : objects(fields['links'], 'links').map(link),
    statusCode: enumValue(status['code'], STATUS_CODES),
    statusMessage: string(status['message']),
  };
}

function log(fields: Fields, origin: Origin): DecodedLog {
  return {
    origin,
    traceId: id(fields['traceId']),
    spanId: id(fields['spanId']),
    time: instant(fields['timeUnixNano']),
    observed: instant(fields['observedTimeUnixNano']),
    eventName: string(fields['eventName']),
    body: anyValue(fields['body'], 1),
    attributes: keyValues(fields['attributes'], 0),
  };
}

function event(fields: Fields): DecodedEvent {
  return {
    time: instant(fields['timeUnixNano']),
    name: string(fields['name']),
    attributes: keyValues(fields['attributes'], 0),
  };
}

function link(fields: Fields): DecodedLink {
  return { traceId: id(fields['traceId']), spanId: id(fields['spanId']) };
}

function object(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new DecodeError(`not an OTLP request: ${name} must be an object`);
}

function objects(value: unknown, name: string): Fields[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) throw new DecodeError(`not an OTLP request: ${name} must be an array`);
  return value.map((each) => object(each, `each of ${name}`));
}

function string(value: unknown): string {
  if (typeof value === 'string') return value;
  if (absent(value)) return '';
  throw new DecodeError('not an OTLP request: text expected where there is none');
}

/** Hex of any length and case; what is not hex (base64, say) stays as it is and is refused as an id later. */
function id(value: unknown): string {
  return string(value).toLowerCase();
}

/** All zero is how some senders write "none". */
function parent(value: string): string {
  return /^0*$/.test(value) ? '' : value;
}

function enumValue(value: unknown, names: readonly string[]): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (absent(value)) return 0;
  const at = names.indexOf(String(value));
  if (at >= 0) return at;
  throw new DecodeError(`not an OTLP request: "${String(value).slice(0, 40)}" is none of ${names.join(', ')}`);
}

function instant(value: unknown): Instant {
  if (absent(value) || value === '') return NO_TIME;
  const digits =
    typeof value === 'number' && value >= 0 && value < 2 ** 64 ? BigInt(Math.floor(value)).toString() : value;
  if (typeof digits !== 'string' || !/^\d{1,30}$/.test(digits)) {
    throw new DecodeError('not an OTLP request: a time must be nanoseconds since 1970');
  }
  return { us: Number(digits.slice(0, -3)), ns: Number(digits.slice(-3)) };
}

function keyValues(value: unknown, depth: number): AttrMap {
  if (absent(value)) return NO_ATTRIBUTES;
  const found = new Map<string, AttrValue>();
  for (const each of objects(value, 'attributes')) found.set(string(each['key']), anyValue(each['value'], depth + 1));
  return found;
}

/** The field that is there decides the type; `{}`, null and unknown fields alone are a value without content. */
function anyValue(value: unknown, depth: number): AttrValue {
  if (absent(value)) return null;
  if (depth > MAX_DEPTH) throw new DecodeError(`a value is nested deeper than ${MAX_DEPTH} levels`);
  const fields = object(value, 'a value');
  for (const name in fields) {
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (read) return read(fields[name], depth);
  }
  return null;
}

const READERS: Readonly<Record<string, (value: unknown, depth: number) => AttrValue>> = {
  stringValue: (value) => string(value),
  boolValue: (value) => value === true || value === 'true',
  intValue: (value) => integer(value),
  doubleValue: (value) => double(value),
  bytesValue: (value) => Buffer.from(string(value), 'base64'),
  arrayValue: (value, depth) =>
    absent(value) ? [] : listOf(object(value, 'arrayValue')['values']).map((each) => anyValue(each, depth + 1)),
  kvlistValue: (value, depth) =>
    absent(value) ? NO_ATTRIBUTES : keyValues(object(value, 'kvlistValue')['values'], depth),
};

function listOf(value: unknown): unknown[] {
  if (absent(value)) return [];
  if (Array.isArray(value)) return value;
  throw new DecodeError('not an OTLP request: values must be an array');
}

function integer(value: unknown): AttrValue {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : null;
  if (absent(value)) return null;
  if (typeof value !== 'string' || !/^[+-]?\d{1,20}$/.test(value)) {
    throw new DecodeError('not an OTLP request: intValue must be a 64-bit integer');
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, BigInt(value));
}

function double(value: unknown): AttrValue {
  if (typeof value === 'number') return value;
  if (absent(value)) return Number.NaN;
  const number = Number(value);
  if (typeof value === 'string' && value.trim() !== '' && (!Number.isNaN(number) || value === 'NaN')) return number;
  throw new DecodeError('not an OTLP request: doubleValue must be a number');
}

function absent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
