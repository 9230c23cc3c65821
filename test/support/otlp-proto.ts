// The OTLP messages of opentelemetry-proto 1.11 as protobufjs wants them, written by hand from the public field
// numbers: an independent encoder for tests of our own reader.

import { Root } from 'protobufjs';

type Field = [type: string, id: number, rule?: 'repeated'];

const message = (fields: Record<string, Field>, oneofs?: Record<string, string[]>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [name, { type, id, ...(rule ? { rule } : {}) }]),
  ),
  ...(oneofs ? { oneofs: Object.fromEntries(Object.entries(oneofs).map(([name, oneof]) => [name, { oneof }])) } : {}),
});

const root = Root.fromJSON({
  nested: {
    AnyValue: message(
      {
        stringValue: ['string', 1],
        boolValue: ['bool', 2],
        intValue: ['int64', 3],
        doubleValue: ['double', 4],
        arrayValue: ['ArrayValue', 5],
        kvlistValue: ['KeyValueList', 6],
        bytesValue: ['bytes', 7],
      },
      {
        value: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
      },
    ),
    ArrayValue: message({ values: ['AnyValue', 1, 'repeated'] }),
    KeyValueList: message({ values: ['KeyValue', 1, 'repeated'] }),
    KeyValue: message({ key: ['string', 1], value: ['AnyValue', 2] }),
    Resource: message({ attributes: ['KeyValue', 1, 'repeated'], droppedAttributesCount: ['uint32', 2] }),
    Scope: message({ name: ['string', 1], version: ['string', 2], attributes: ['KeyValue', 3, 'repeated'] }),
    Status: message({ message: ['string', 2], code: ['int32', 3] }),
    Event: message({
      timeUnixNano: ['fixed64', 1],
      name: ['string', 2],
      attributes: ['KeyValue', 3, 'repeated'],
      droppedAttributesCount: ['uint32', 4],
    }),
    Link: message({
      traceId: ['bytes', 1],
      spanId: ['bytes', 2],
      traceState: ['string', 3],
      attributes: ['KeyValue', 4, 'repeated'],
      flags: ['fixed32', 6],
    }),
    Span: message({
      traceId: ['bytes', 1],
      spanId: ['bytes', 2],
      traceState: ['string', 3],
      parentSpanId: ['bytes', 4],
      name: ['string', 5],
      kind: ['int32', 6],
      startTimeUnixNano: ['fixed64', 7],
      endTimeUnixNano: ['fixed64', 8],
      attributes: ['KeyValue', 9, 'repeated'],
      droppedAttributesCount: ['uint32', 10],
      events: ['Event', 11, 'repeated'],
      droppedEventsCount: ['uint32', 12],
      links: ['Link', 13, 'repeated'],
      droppedLinksCount: ['uint32', 14],
      status: ['Status', 15],
      flags: ['fixed32', 16],
    }),
    ScopeSpans: message({ scope: ['Scope', 1], spans: ['Span', 2, 'repeated'], schemaUrl: ['string', 3] }),
    ResourceSpans: message({
      resource: ['Resource', 1],
      scopeSpans: ['ScopeSpans', 2, 'repeated'],
      schemaUrl: ['string', 3],
    }),
    TracesRequest: message({ resourceSpans: ['ResourceSpans', 1, 'repeated'] }),
    LogRecord: message({
      timeUnixNano: ['fixed64', 1],
      severityNumber: ['int32', 2],
      severityText: ['string', 3],
      body: ['AnyValue', 5],
      attributes: ['KeyValue', 6, 'repeated'],
      flags: ['fixed32', 8],
      traceId: ['bytes', 9],
      spanId: ['bytes', 10],
      observedTimeUnixNano: ['fixed64', 11],
      eventName: ['string', 12],
    }),
    ScopeLogs: message({ scope: ['Scope', 1], logRecords: ['LogRecord', 2, 'repeated'] }),
    ResourceLogs: message({ resource: ['Resource', 1], scopeLogs: ['ScopeLogs', 2, 'repeated'] }),
    LogsRequest: message({ resourceLogs: ['ResourceLogs', 1, 'repeated'] }),
    Metric: message({ name: ['string', 1] }),
    ScopeMetrics: message({ metrics: ['Metric', 2, 'repeated'] }),
    ResourceMetrics: message({ scopeMetrics: ['ScopeMetrics', 2, 'repeated'] }),
    MetricsRequest: message({ resourceMetrics: ['ResourceMetrics', 1, 'repeated'] }),
    PartialSuccess: message({ rejectedSpans: ['int64', 1], errorMessage: ['string', 2] }),
    TracesResponse: message({ partialSuccess: ['PartialSuccess', 1] }),
    RpcStatus: message({ code: ['int32', 1], message: ['string', 2] }),
  },
});

export type OtlpMessage = 'TracesRequest' | 'LogsRequest' | 'MetricsRequest' | 'TracesResponse' | 'RpcStatus';

/** @param value plain object; bytes as Uint8Array, 64-bit integers as number, string or Long */
export function encodeOtlp(type: OtlpMessage, value: object): Buffer {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(value)).finish());
}

/** 64-bit integers come back as strings, bytes as Buffers. */
export function decodeOtlp(type: OtlpMessage, bytes: Uint8Array): Record<string, unknown> {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: String, bytes: Buffer, defaults: false });
}
