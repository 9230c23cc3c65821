// The OpenTelemetry SDK, held so that it makes exactly the spans we describe: with the ids, times and resources that
// the records carry, none sampled away, none changed by the user's OTEL_* variables.

import {
  ROOT_CONTEXT,
  SamplingDecision,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  context,
  createTraceState,
  diag,
  propagation,
  trace,
  type Attributes,
  type Context,
  type HrTime,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { forgetEnvironment } from '../../runtime/environment.ts';
import { SCOPE_PROXY } from '../../schemas/attributes.ts';
import type { ReadableSpan } from './exporter.ts';
import type { RequestSpans, SpanData } from './spans.ts';

type Resource = ReadableSpan['resource'];
/**
 * A span that nobody else sees yet. The SDK has one resource for all its spans; these get their worker's. And it checks
 * and copies each attribute by itself, at a third of what the whole span costs; these are known to be good.
 */
type OwnSpan = Omit<ReadableSpan, 'resource' | 'attributes'> & Pick<Mutable, 'resource' | 'attributes'>;
type Mutable = { -readonly [Key in keyof ReadableSpan]: ReadableSpan[Key] };

export interface TracingOptions {
  readonly version: string | undefined;
  readonly environment: string | undefined;
  /** What the SDK has to say: a partial success, for example. */
  readonly warn: (message: string) => void;
}

/** One at a time in a process: the SDK registers itself globally. */
export class Tracing {
  readonly #sdk: NodeSDK;
  readonly #tracer;
  readonly #ids = { traceId: '', spanId: '' };
  readonly #resources = new Map<string, Resource>();
  #ended: OwnSpan[] = [];

  constructor({ version, environment, warn }: TracingOptions) {
    forgetEnvironment('OTEL_');
    const silent = () => {};
    const say = (...words: unknown[]) => warn(words.join(' '));
    diag.setLogger({ error: say, warn: say, info: silent, debug: silent, verbose: silent });
    const attributes = {
      'service.name': 'signalbox-proxy',
      ...(version === undefined ? {} : { 'service.version': version }),
      ...(environment === undefined ? {} : { 'deployment.environment.name': environment }),
    };
    const collect = {
      onStart: silent,
      onEnd: (span: OwnSpan) => void this.#ended.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    this.#sdk = new NodeSDK({
      resourceDetectors: [{ detect: () => ({ attributes }) }],
      idGenerator: { generateTraceId: () => this.#ids.traceId, generateSpanId: () => this.#ids.spanId },
      sampler: { shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }), toString: () => 'all' },
      spanProcessors: [collect],
      textMapPropagator: null,
      metricReaders: [],
      logRecordProcessors: [],
    });
    this.#sdk.start();
    this.#tracer = trace.getTracer(SCOPE_PROXY, version);
  }

  /** The spans of one request, ready to be sent in the name of the worker that served it. */
  spans(request: RequestSpans, writerId: string): ReadableSpan[] {
    this.#ended = [];
    const server = this.#span(request.traceId, parentOf(request), request.server);
    for (const client of request.clients) this.#span(request.traceId, server, client);
    for (const span of this.#ended) span.resource = this.#resource(span.resource, writerId);
    return this.#ended;
  }

  async close(): Promise<void> {
    await this.#sdk.shutdown();
    for (const api of [trace, context, propagation, diag]) api.disable();
  }

  #span(traceId: string, parent: Context, data: SpanData): Context {
    this.#ids.traceId = traceId;
    this.#ids.spanId = data.spanId;
    const kind = data.kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT;
    const span = this.#tracer.startSpan(data.name, { kind, startTime: hrTime(data.startUs) }, parent);
    if (data.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: data.error });
    span.end(hrTime(data.endUs));
    const own = this.#ended.at(-1);
    if (own) own.attributes = data.attributes as Attributes;
    return trace.setSpan(parent, span);
  }

  /** One reporter speaks for many workers: each is an instance of its own. */
  #resource(base: Resource, writerId: string): Resource {
    const known = this.#resources.get(writerId);
    if (known) return known;
    if (this.#resources.size > 1000) this.#resources.clear();
    const attributes = { ...base.attributes, 'service.instance.id': writerId };
    const resource: Resource = {
      attributes,
      merge: (other) => other ?? resource,
      getRawAttributes: () => Object.entries(attributes),
    };
    this.#resources.set(writerId, resource);
    return resource;
  }
}

function parentOf({ traceId, parentSpanId, traceState }: RequestSpans): Context {
  if (parentSpanId === '') return ROOT_CONTEXT;
  const parent = { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  const state = traceState === '' ? {} : { traceState: createTraceState(traceState) };
  return trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext({ ...parent, ...state }));
}

function hrTime(us: number): HrTime {
  const seconds = Math.floor(us / 1e6);
  return [seconds, Math.round(us - seconds * 1e6) * 1000];
}
