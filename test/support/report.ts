// For tests of the report: an exchange as the data path leaves it, and an OTLP sink that can misbehave.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Attempt, Exchange, Reading } from '../../proxy/exchange.ts';
import type { Logger } from '../../runtime/log.ts';
import { configSchema, type Config } from '../../schemas/config.ts';

export const START_US = 1_763_800_000_000_000;

export function reading(over: Partial<Reading> = {}): Reading {
  return {
    firstTokenUs: 0,
    chunks: 0,
    usage: { input: 400, cacheRead: 100, cacheWrite: 0, output: 60, reasoning: 20 },
    usageSource: 'provider',
    model: 'gpt-5-mini-2025-08-07',
    id: 'chatcmpl-1',
    finishReasons: ['stop'],
    toolsCalled: [],
    systemFingerprint: 'fp_1',
    serviceTier: 'default',
    complete: true,
    error: undefined,
    malformed: 0,
    ...over,
  };
}

export function attempt(over: Partial<Attempt> = {}): Attempt {
  const body = Buffer.from('{"id":"chatcmpl-1","choices":[]}');
  return {
    index: 1,
    spanId: '00f067aa0ba902b7',
    target: { deployment: 'openai', model: 'gpt-5-mini' },
    dialect: 'openai_chat',
    provider: 'openai',
    serverAddress: 'api.openai.com',
    serverPort: 443,
    reason: 'weight 3 of 4',
    startUs: START_US + 150,
    endUs: START_US + 499_000,
    httpStatus: 200,
    errorType: '',
    errorMessage: '',
    upstreamRequestId: 'req_upstream',
    reading: reading(),
    cost: { total: 0.003, input: 0.001, output: 0.002, source: 'list', priceId: 'openai/gpt-5-mini@1' },
    responseBody: [body],
    responseSize: body.length,
    ...over,
  };
}

export function exchange(over: Partial<Exchange> = {}, headers: Readonly<Record<string, string>> = {}): Exchange {
  const request = { headers: { 'user-agent': 'openai-node/7', ...headers }, socket: { remoteAddress: '127.0.0.1' } };
  return {
    request: request as unknown as IncomingMessage,
    response: {} as ServerResponse,
    requestId: 'req_1',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: '',
    startUs: START_US,
    endUs: START_US + 500_000,
    method: 'POST',
    path: '/v1/chat/completions',
    httpRoute: '/v1/chat/completions',
    caller: { keyId: 'search-key', team: 'search', models: [] },
    operation: 'chat',
    dialect: 'openai_chat',
    modelAsked: 'assistant',
    stream: false,
    body: Buffer.from('{"model":"assistant","messages":[]}'),
    json: undefined,
    userId: 'u1',
    sessionId: 's1',
    promptName: '',
    promptVersion: '',
    tags: { feature: 'search' },
    plan: { route: 'assistant', strategy: 'weighted', targets: [], reason: 'weight 3 of 4' },
    skipped: [],
    attempts: [attempt()],
    answering: true,
    cancelled: new AbortController().signal,
    outcome: 'ok',
    httpStatus: 200,
    errorType: '',
    overheadUs: 210,
    ...over,
  };
}

/** The same call under the ids of a number, so that tests can count. */
export function numbered(number: number, over: Partial<Exchange> = {}): Exchange {
  const hex = number.toString(16);
  return exchange({
    requestId: `req_${number}`,
    traceId: `1${hex.padStart(31, '0')}`,
    spanId: `2${hex.padStart(15, '0')}`,
    attempts: [attempt({ spanId: `3${hex.padStart(15, '0')}` })],
    ...over,
  });
}

export function config(collector = 'http://127.0.0.1:1', over: Readonly<Record<string, unknown>> = {}): Config {
  return configSchema.parse({ proxy: { collector, workers: 1 }, ...over });
}

export interface Lines extends Logger {
  readonly lines: string[];
}

/** A log that keeps what was said. */
export function lines(): Lines {
  const lines: string[] = [];
  const say = (message: string, fields: object = {}) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, info: say, warn: say, error: say };
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly flags: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  /** Added by the sink: attributes as plain values, bytes as text. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Verdict {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cut the connection instead of answering; the spans are taken first if `take`. */
  readonly reset?: boolean;
  readonly take?: boolean;
  readonly body?: string;
}

export interface Sink {
  readonly url: string;
  readonly port: number;
  /** Every span that was answered with 200, in the order of arrival. */
  readonly spans: OtlpSpan[];
  /** Milliseconds at which requests came. */
  readonly calls: number[];
  decide: (spans: readonly OtlpSpan[]) => Verdict;
  close(): Promise<void>;
}

/** A real HTTP server that takes OTLP/JSON. */
export async function startSink(port = 0): Promise<Sink> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(Buffer.concat(chunks), request.url ?? '', response));
  });
  const answer = (body: Buffer, url: string, response: ServerResponse) => {
    sink.calls.push(Date.now());
    const spans = url === '/v1/traces' ? flatten(JSON.parse(body.toString())) : [];
    const verdict = sink.decide(spans);
    const status = verdict.status ?? 200;
    if ((status === 200 && !verdict.reset) || verdict.take) sink.spans.push(...spans);
    if (verdict.reset) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json', ...verdict.headers });
    response.end(verdict.body ?? '{}');
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  const sink: Sink = {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    spans: [],
    calls: [],
    decide: () => ({}),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return sink;
}

interface Group {
  readonly resource: { readonly attributes: OtlpSpan['attributes'] };
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
}

function flatten({ resourceSpans }: { resourceSpans: readonly Group[] }): OtlpSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, values: plain(span.attributes), resource: plain(resource.attributes) })),
    ),
  );
}

function plain(attributes: OtlpSpan['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: Readonly<Record<string, unknown>>): unknown {
  if (typeof value['bytesValue'] === 'string') return Buffer.from(value['bytesValue'], 'base64').toString();
  const list = value['arrayValue'] as { values: Readonly<Record<string, unknown>>[] } | undefined;
  return list ? list.values.map(plainValue) : Object.values(value)[0];
}
