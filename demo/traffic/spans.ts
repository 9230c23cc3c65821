// Spans as an application would send them: OTLP/JSON by plain HTTP, in batches.

import { request } from 'undici';

export type AttributeValue = string | number | boolean | readonly string[] | Uint8Array | undefined;

export interface DemoSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Message of the failure; undefined when it went well. */
  readonly error?: string | undefined;
  readonly service: string;
  readonly scope: string;
}

const KINDS = { internal: 1, server: 2, client: 3 } as const;

/** Milliseconds to the decimal nanoseconds of OTLP/JSON. */
function nanos(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  return `${whole}${String(Math.floor((milliseconds - whole) * 1e6)).padStart(6, '0')}`;
}

function anyValue(value: Exclude<AttributeValue, undefined>): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
}

function attributes(values: DemoSpan['attributes']): unknown[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

const otlpSpan = (span: DemoSpan) => ({
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId,
  name: span.name,
  kind: KINDS[span.kind],
  startTimeUnixNano: nanos(span.start),
  endTimeUnixNano: nanos(span.end),
  attributes: attributes(span.attributes),
  status: span.error === undefined ? {} : { code: 2, message: span.error },
});

/** One OTLP/JSON request body. */
export function otlpBody(spans: readonly DemoSpan[]): string {
  const groups = Map.groupBy(spans, (span) => `${span.service}\n${span.scope}`);
  const resourceSpans = [...groups.values()].map((group) => ({
    resource: { attributes: attributes({ 'service.name': group[0]?.service, 'deployment.environment.name': 'demo' }) },
    scopeSpans: [{ scope: { name: group[0]?.scope }, spans: group.map(otlpSpan) }],
  }));
  return JSON.stringify({ resourceSpans });
}

/** Sends one batch and waits until the collector has it. */
export async function sendSpans(collector: string, spans: readonly DemoSpan[]): Promise<void> {
  const { statusCode, body } = await request(`${collector}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: otlpBody(spans),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`the collector answered ${statusCode} to ${spans.length} spans`);
}
