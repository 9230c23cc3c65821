// The OpenTelemetry SDK's own exporters against the collector: JSON, protobuf and gzip of one trace are the same rows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SpanKind, SpanStatusCode, TraceFlags, trace, ROOT_CONTEXT } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SpanRow } from '../../schemas/span.ts';
import { startIngest, type IngestFixture } from '../support/ingest.ts';

async function madeSpans() {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'shop',
      'deployment.environment.name': 'test',
      'host.name': 'h',
    }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
  });
  const tracer = provider.getTracer('app', '1.2.3');
  const root = tracer.startSpan('POST /ask', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
  const inside = trace.setSpan(ROOT_CONTEXT, root);
  const call = tracer.startSpan(
    'chat gpt-5-mini',
    {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-5-mini',
        'gen_ai.request.temperature': 1,
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.response.time_to_first_chunk': 0.125,
        'gen_ai.usage.input_tokens': 1024,
        'gen_ai.usage.output_tokens': 33,
        'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'grüß dich 😀' }] }] as never,
        'app.nan': Number.NaN,
        'app.big': Number.MAX_SAFE_INTEGER,
        'app.negative': -42,
        'app.bytes': new Uint8Array([0, 1, 255]) as never,
      },
      links: [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED } }],
    },
    inside,
  );
  call.addEvent('first token', { at: 1 });
  call.recordException(new TypeError('boom'));
  call.setStatus({ code: SpanStatusCode.ERROR, message: 'it failed' });
  call.end();
  root.end();
  await provider.forceFlush();
  const spans = memory.getFinishedSpans();
  await provider.shutdown();
  return spans;
}

async function storedRows(send: (ingest: IngestFixture) => Promise<unknown>): Promise<[SpanRow[], string[]]> {
  await using ingest = await startIngest();
  await send(ingest);
  await ingest.pipeline.flush();
  assert.equal(ingest.pipeline.status().received.rejected, 0);
  const rows = ingest.store.spans.map((row) => ({ ...row, ts_received: 0 }));
  return [rows.sort((a, b) => a.name.localeCompare(b.name)), ingest.store.io.map((row) => row.input)];
}

test('JSON and protobuf, plain and gzip, by serialiser and by exporter, are equal rows', async () => {
  const spans = await madeSpans();
  assert.equal(spans.length, 2);
  const json = Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []);
  const protobuf = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []);
  const posts = [
    [json, 'application/json', ''],
    [gzipSync(json), 'application/json', 'gzip'],
    [protobuf, 'application/x-protobuf', ''],
    [gzipSync(protobuf), 'application/x-protobuf', 'gzip'],
  ] as const;
  const all: [SpanRow[], string[]][] = [];
  for (const [body, type, encoding] of posts) {
    const headers = { 'content-type': type, ...(encoding === '' ? {} : { 'content-encoding': encoding }) };
    all.push(
      await storedRows(async (ingest) => {
        assert.equal((await ingest.post('/v1/traces', body, headers)).status, 200);
      }),
    );
  }
  for (const compression of ['none', 'gzip'] as const) {
    all.push(
      await storedRows(async (ingest) => {
        const exporter = new OTLPTraceExporter({ url: `${ingest.url}/v1/traces`, compression: compression as never });
        const result = await new Promise<{ code: number }>((resolve) => exporter.export([...spans], resolve));
        assert.equal(result.code, 0);
        await exporter.shutdown();
      }),
    );
  }
  const [first, ...others] = all;
  for (const other of others) assert.deepEqual(other, first);

  const [call, root] = first?.[0] ?? [];
  assert.equal(call?.name, 'chat gpt-5-mini');
  assert.equal(root?.name, 'POST /ask');
});

test('the row says what the SDK was told', async () => {
  const spans = await madeSpans();
  const body = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []);
  const [[call, root], [input]] = await storedRows((ingest) =>
    ingest.post('/v1/traces', body, { 'content-type': 'application/x-protobuf' }),
  );
  assert.ok(call && root);
  const sdk = spans.find((span) => span.name === 'chat gpt-5-mini');
  assert.equal(call.trace_id, sdk?.spanContext().traceId);
  assert.equal(call.parent_span_id, root.span_id);
  assert.deepEqual([root.kind, call.kind, root.is_root, call.is_root], ['server', 'client', true, false]);
  assert.deepEqual([call.service, call.env, call.attrs['resource.host.name']], ['shop', 'test', 'h']);
  assert.deepEqual([call.in_tok, call.out_tok, call.ttft_us, call.finish_reason], [1024, 33, 125_000, 'stop']);
  assert.deepEqual([call.status, call.status_message, call.error_type], ['error', 'it failed', 'TypeError']);
  assert.deepEqual(
    call.events.map((event) => event.name),
    ['first token', 'exception'],
  );
  assert.deepEqual(call.links, [{ trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) }]);
  assert.equal(call.attrs['app.negative'], '-42');
  assert.equal(call.attrs['app.big'], '9007199254740991');
  assert.equal(call.attrs['app.nan'], 'NaN');
  assert.match(input ?? '', /grüß dich 😀/);
  assert.equal(call.in_preview, 'grüß dich 😀');
});
