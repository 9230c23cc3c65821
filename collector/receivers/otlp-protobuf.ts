// OTLP in protobuf: ExportTraceServiceRequest, ExportLogsServiceRequest and the count of an ExportMetricsServiceRequest.
// Field numbers are those of opentelemetry-proto 1.11; fields not named here are skipped.

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
import { WireReader } from './wire.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @throws DecodeError */
export function decodeTraces(body: Buffer): DecodedSpan[] {
  const spans: DecodedSpan[] = [];
  eachRecord(new WireReader(body), (reader, origin) => spans.push(span(reader, origin)));
  return spans;
}

/** @throws DecodeError */
export function decodeLogs(body: Buffer): DecodedLog[] {
  const logs: DecodedLog[] = [];
  eachRecord(new WireReader(body), (reader, origin) => logs.push(log(reader, origin)));
  return logs;
}

/** @returns how many metrics the request holds @throws DecodeError */
export function countMetrics(body: Buffer): number {
  let count = 0;
  eachRecord(new WireReader(body), (reader) => {
    fields(reader, () => reader.skip());
    count++;
  });
  return count;
}

/** Calls `read` inside the current message, once a field; what it does not read it must skip. */
function fields(reader: WireReader, read: () => void): void {
  const outer = reader.enter();
  while (reader.next()) read();
  reader.leave(outer);
}

/** Traces, logs and metrics share their frame: request 1 = [resource 1, scoped 2 = [scope 1, record 2]]. */
function eachRecord(reader: WireReader, take: (reader: WireReader, origin: Origin) => void): void {
  while (reader.next()) {
    if (reader.field !== 1) reader.skip();
    else resourceRecords(reader, take);
  }
}

/** A resource may stand behind its records: then those are read again, once it is known. */
function resourceRecords(reader: WireReader, take: (reader: WireReader, origin: Origin) => void): void {
  const origin: Mutable<Origin> = { resource: NO_ATTRIBUTES, scopeName: '', scopeVersion: '' };
  const scoped: Buffer[] = [];
  fields(reader, () => {
    if (reader.field === 1) origin.resource = attributesOf(reader);
    else if (reader.field === 2) scoped.push(reader.bytes());
    else reader.skip();
  });
  for (const bytes of scoped) scopeRecords(bytes, origin, take);
}

function scopeRecords(bytes: Buffer, resource: Origin, take: (reader: WireReader, origin: Origin) => void): void {
  const origin: Mutable<Origin> = { ...resource };
  const ahead = new WireReader(bytes);
  while (ahead.next()) {
    if (ahead.field === 1) scope(ahead, origin);
    else ahead.skip();
  }
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.field === 2) take(reader, origin);
    else reader.skip();
  }
}

/** Resource: its attributes are field 1. */
function attributesOf(reader: WireReader): AttrMap {
  const attributes = new Map<string, AttrValue>();
  fields(reader, () => {
    if (reader.field === 1) keyValue(reader, attributes, 0);
    else reader.skip();
  });
  return attributes;
}

function scope(reader: WireReader, origin: Mutable<Origin>): void {
  fields(reader, () => {
    if (reader.field === 1) origin.scopeName = reader.word();
    else if (reader.field === 2) origin.scopeVersion = reader.word();
    else reader.skip();
  });
}

// oxlint-disable-next-line complexity -- one case a field of the message
function span(reader: WireReader, origin: Origin): DecodedSpan {
  const attributes = new Map<string, AttrValue>();
  const events: DecodedEvent[] = [];
  const links: DecodedLink[] = [];
  const found: Mutable<DecodedSpan> = {
    origin,
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    name: '',
    kind: 0,
    start: NO_TIME,
    end: NO_TIME,
    attributes,
    events,
    links,
    statusCode: 0,
    statusMessage: '',
  };
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1: found.traceId = reader.hex(); break;
      case 2: found.spanId = reader.hex(); break;
      case 3: found.traceState = reader.string(); break;
      case 4: found.parentSpanId = parent(reader.hex()); break;
      case 5: found.name = reader.word(); break;
      case 6: found.kind = reader.uint(); break;
      case 7: found.start = reader.time(); break;
      case 8: found.end = reader.time(); break;
      case 9: keyValue(reader, attributes, 0); break;
      case 11: events.push(event(reader)); break;
      case 13: links.push(link(reader)); break;
      case 15: status(reader, found); break;
      default: reader.skip();
    } // prettier-ignore
  }
  reader.leave(outer);
  return found;
}

/** All zero is how some senders write "none". */
function parent(id: string): string {
  return /^0*$/.test(id) ? '' : id;
}

function status(reader: WireReader, found: Mutable<DecodedSpan>): void {
  fields(reader, () => {
    if (reader.field === 2) found.statusMessage = reader.string();
    else if (reader.field === 3) found.statusCode = reader.uint();
    else reader.skip();
  });
}

function event(reader: WireReader): DecodedEvent {
  const attributes = new Map<string, AttrValue>();
  let time: Instant = NO_TIME;
  let name = '';
  fields(reader, () => {
    if (reader.field === 1) time = reader.time();
    else if (reader.field === 2) name = reader.word();
    else if (reader.field === 3) keyValue(reader, attributes, 0);
    else reader.skip();
  });
  return { time, name, attributes };
}

function link(reader: WireReader): DecodedLink {
  let traceId = '';
  let spanId = '';
  fields(reader, () => {
    if (reader.field === 1) traceId = reader.hex();
    else if (reader.field === 2) spanId = reader.hex();
    else reader.skip();
  });
  return { traceId, spanId };
}

function log(reader: WireReader, origin: Origin): DecodedLog {
  const attributes = new Map<string, AttrValue>();
  const found: Mutable<DecodedLog> = {
    origin,
    traceId: '',
    spanId: '',
    time: NO_TIME,
    observed: NO_TIME,
    eventName: '',
    body: null,
    attributes,
  };
  fields(reader, () => {
    switch (reader.field) {
      case 1: found.time = reader.time(); break;
      case 5: found.body = anyValue(reader, 1); break;
      case 6: keyValue(reader, attributes, 0); break;
      case 9: found.traceId = reader.hex(); break;
      case 10: found.spanId = reader.hex(); break;
      case 11: found.observed = reader.time(); break;
      case 12: found.eventName = reader.word(); break;
      default: reader.skip();
    } // prettier-ignore
  });
  return found;
}

function keyValue(reader: WireReader, into: Map<string, AttrValue>, depth: number): void {
  let key = '';
  let value: AttrValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) key = reader.word();
    else if (reader.field === 2) value = anyValue(reader, depth + 1);
    else reader.skip();
  }
  reader.leave(outer);
  into.set(key, value);
}

function anyValue(reader: WireReader, depth: number): AttrValue {
  if (depth > MAX_DEPTH) throw new DecodeError(`a value is nested deeper than ${MAX_DEPTH} levels`);
  let value: AttrValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1: value = reader.string(); break;
      case 2: value = reader.uint() !== 0; break;
      case 3: value = reader.int64(); break;
      case 4: value = reader.double(); break;
      case 5: value = list(reader, depth); break;
      case 6: value = tree(reader, depth); break;
      case 7: value = reader.bytes(); break;
      default: reader.skip();
    } // prettier-ignore
  }
  reader.leave(outer);
  return value;
}

function list(reader: WireReader, depth: number): AttrValue[] {
  const values: AttrValue[] = [];
  fields(reader, () => {
    if (reader.field === 1) values.push(anyValue(reader, depth + 1));
    else reader.skip();
  });
  return values;
}

function tree(reader: WireReader, depth: number): AttrMap {
  const values = new Map<string, AttrValue>();
  fields(reader, () => {
    if (reader.field === 1) keyValue(reader, values, depth);
    else reader.skip();
  });
  return values;
}
