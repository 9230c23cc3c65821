// The answers of the API as zod schemas: the OpenAPI document is made from them, tests hold answers against them,
// and the compiler holds them against schemas/api.ts.

import { z } from 'zod';
import type {
  Facets,
  Problem,
  Series,
  SpanIo,
  Status,
  TraceDetail,
  TraceList,
  TraceSummary,
} from '../../schemas/api.ts';
import { METRICS } from '../../schemas/api.ts';

const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const spanId = z.string().regex(/^[0-9a-f]{16}$/);
const count = z.int().min(0);
const source = z.enum(['gateway', 'otlp', 'eval', 'playground', 'canary']);
const status = z.enum(['unset', 'ok', 'error']);
const cache = z.enum(['none', 'exact', 'semantic']);
const time = z.number().describe('milliseconds since 1970');
const duration = z.number().min(0).describe('milliseconds');
const usd = z.number().min(0).nullable().describe('US dollars; null when no call has a price');
const strings = z.array(z.string());
const texts = z.record(z.string(), z.string());

export const traceSummary = z.strictObject({
  trace_id: traceId,
  span_id: spanId,
  start: time,
  duration,
  name: z.string(),
  service: z.string(),
  source,
  team: z.string(),
  user_id: z.string(),
  session_id: z.string(),
  route: z.string(),
  providers: strings,
  models: strings,
  status,
  outcome: z.string(),
  error_type: z.string(),
  http_status: count,
  cache,
  stream: z.boolean(),
  ttft: duration.nullable(),
  spans: count,
  errors: count,
  attempts: count,
  in_tok: count,
  out_tok: count,
  tok_estimated: z.boolean(),
  cost_usd: usd,
  cost_partial: z.boolean(),
  in_preview: z.string(),
  out_preview: z.string(),
}) satisfies z.ZodType<TraceSummary>;

export const traceList = z.strictObject({
  traces: z.array(traceSummary),
  next_cursor: z.string().nullable(),
}) satisfies z.ZodType<TraceList>;

const span = z.strictObject({
  trace_id: traceId,
  span_id: spanId,
  parent_span_id: z.string(),
  start: time,
  duration,
  name: z.string(),
  kind: z.enum(['internal', 'server', 'client', 'producer', 'consumer']),
  op: z.string(),
  service: z.string(),
  source,
  provider: z.string(),
  model: z.string(),
  model_returned: z.string(),
  deployment: z.string(),
  route: z.string(),
  reason: z.string(),
  attempt: count,
  team: z.string(),
  key_id: z.string(),
  user_id: z.string(),
  session_id: z.string(),
  status,
  status_message: z.string(),
  error_type: z.string(),
  http_status: count,
  outcome: z.string(),
  finish_reason: z.string(),
  cache,
  stream: z.boolean(),
  ttft: duration.nullable(),
  overhead: duration.nullable(),
  in_tok: count,
  in_cache_read: count,
  in_cache_write: count,
  out_tok: count,
  out_reasoning: count,
  usage_source: z.enum(['provider', 'estimated', 'none']),
  cost_usd: usd,
  price_id: z.string(),
  saved_usd: z.number(),
  service_tier: z.string(),
  units: z.record(z.string(), z.number()),
  tools_called: strings,
  in_preview: z.string(),
  out_preview: z.string(),
  tags: texts,
  attrs: texts,
  events: z.array(z.strictObject({ ts: z.number(), name: z.string(), attrs: texts })),
  links: z.array(z.strictObject({ trace_id: z.string(), span_id: z.string() })),
  has_io: z.boolean(),
});

export const traceDetail = z.strictObject({
  trace_id: traceId,
  start: time,
  duration,
  in_tok: count,
  out_tok: count,
  cost_usd: usd,
  cost_partial: z.boolean(),
  outcome: z.string(),
  spans: z.array(span),
  truncated: z.boolean(),
}) satisfies z.ZodType<TraceDetail>;

// The parts of a message are those of schemas/call.ts; a reader takes the types it knows.
const parts = z.array(z.looseObject({ type: z.string() }));
const message = z.looseObject({ role: z.string(), parts });
const conversation = z.looseObject({ system: parts, messages: z.array(message), tools: z.array(z.looseObject({})) });

export const spanIo = z.strictObject({
  input: z
    .custom<SpanIo['input']>((value) => conversation.nullable().safeParse(value).success)
    .describe('system, messages, tools'),
  output: z
    .custom<SpanIo['output']>((value) => z.array(message).nullable().safeParse(value).success)
    .describe('messages'),
  raw_request: z.string(),
  raw_response: z.string(),
  request_size: count,
  response_size: count,
  truncated: z.boolean(),
}) satisfies z.ZodType<SpanIo>;

export const facetList = z.strictObject({
  facets: z.array(z.strictObject({ key: z.string(), values: z.array(z.strictObject({ value: z.string(), count })) })),
  newest: count.nullable().describe('counted among this many newest requests of the window; null: among all of them'),
}) satisfies z.ZodType<Facets>;

export const seriesAnswer = z.strictObject({
  from: time,
  to: time,
  step: z.number().min(1).describe('milliseconds'),
  series: z.array(
    z.strictObject({
      metric: z.enum(METRICS),
      unit: z.enum(['count', 'ratio', 'tokens', 'usd', 'ms', 'tokens/s']),
      group: z.string(),
      points: z.array(z.tuple([z.number(), z.number().nullable()])).describe('[time, value]; null is a gap'),
      total: z.number().nullable().describe('over the whole range'),
      samples: count,
    }),
  ),
}) satisfies z.ZodType<Series>;

export const statusAnswer = z.strictObject({
  version: z.string(),
  uptime: z.number().min(0).describe('milliseconds'),
  store: z.strictObject({
    mode: z.enum(['embedded', 'server']),
    ok: z.boolean(),
    message: z.string(),
    disk_bytes: count,
    rows: count,
    parts: count,
  }),
  queue: z.strictObject({ records: count, bytes: count, oldest_age: z.number().min(0), max_bytes: count }),
  drops: z.record(z.string(), count),
  received: z.strictObject({ spans: count, rejected: count, duplicates: count }),
  live: z.strictObject({ clients: count, dropped: count }),
  proxy: z.strictObject({ url: z.string(), model: z.string(), key_needed: z.boolean() }),
}) satisfies z.ZodType<Status>;

export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  request_id: z.string(),
}) satisfies z.ZodType<Problem>;
