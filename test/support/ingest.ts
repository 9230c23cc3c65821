// The collector's way in over a real HTTP server, with a store that keeps rows in memory and may be told to misbehave.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PipelineOptions, RecentSpans, StoreWriter } from '../../collector/component.ts';
import { createPipeline } from '../../collector/pipeline.ts';
import { Metrics } from '../../runtime/metrics.ts';
import type { ScoreRow } from '../../schemas/score.ts';
import type { IoRow, SpanBatch, SpanRow } from '../../schemas/span.ts';

export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A store in memory that keeps each token once, as the real one does. */
export class MemoryStore implements StoreWriter, RecentSpans {
  readonly tokens = new Set<string>();
  readonly spans: SpanRow[] = [];
  readonly io: IoRow[] = [];
  readonly scores: ScoreRow[] = [];
  attempts = 0;
  /** Called before each insert; throws to refuse it. */
  before: (batch: SpanBatch, token: string) => void | Promise<void> = () => undefined;

  async insert(batch: SpanBatch, token: string): Promise<void> {
    this.attempts++;
    await this.before(batch, token);
    // Like the store, which gives each table a token of its own.
    for (const table of ['spans', 'io', 'scores'] as const) this.#keep(table, batch[table] ?? [], `${token}/${table}`);
  }

  async *recentSpanIds(): AsyncIterable<string> {
    for (const row of this.spans) yield row.trace_id + row.span_id;
  }

  #keep(table: 'spans' | 'io' | 'scores', rows: readonly unknown[], token: string): void {
    if (rows.length === 0 || this.tokens.has(token)) return;
    this.tokens.add(token);
    (this[table] as unknown[]).push(...rows);
  }
}

export interface IngestFixture extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: MemoryStore;
  readonly pipeline: ReturnType<typeof createPipeline>;
  readonly metrics: Metrics;
  readonly dir: string;
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Response>;
  json(path: string, body: unknown): Promise<Response>;
}

/** Everything is freed when the fixture is disposed. */
export async function startIngest(options: Partial<PipelineOptions> = {}): Promise<IngestFixture> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'signalbox-ingest-'));
  const store = (options.store as MemoryStore | undefined) ?? new MemoryStore();
  const metrics = new Metrics();
  const maxBody = 64 * 1024 * 1024;
  const base = { dir, store, metrics, log: silent, prices: {}, maxBody, maxDisk: 256 * 1024 * 1024 };
  const pipeline = createPipeline({ ...base, ...options });
  await pipeline.start();
  const server = createServer((request, response) => {
    void pipeline.handleOtlp(request, response).then((handled) => {
      if (!handled) response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body), headers });
  return {
    url,
    port,
    store,
    pipeline,
    metrics,
    dir,
    post,
    json: (path, body) => post(path, JSON.stringify(body), { 'content-type': 'application/json' }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await pipeline.close();
      if (!options.dir) rmSync(dir, { recursive: true, force: true });
    },
  };
}

let spanCount = 0;

/** A small valid OTLP/JSON span with ids of its own. */
export function otlpSpan(fields: Record<string, unknown> = {}): Record<string, unknown> {
  spanCount++;
  const now = Date.now();
  return {
    traceId: `a${spanCount.toString(16).padStart(31, '0')}`,
    spanId: `b${spanCount.toString(16).padStart(15, '0')}`,
    name: 'work',
    kind: 1,
    startTimeUnixNano: `${now - 5}000000`,
    endTimeUnixNano: `${now}000000`,
    ...fields,
  };
}

export function otlpRequest(spans: readonly unknown[], scopeName = 'test'): Record<string, unknown> {
  return { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: scopeName }, spans }] }] };
}

/** OTLP/JSON attributes out of a plain object. */
export function otlpAttributes(values: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

function otlpValue(value: unknown): Record<string, unknown> {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } };
  return { kvlistValue: { values: otlpAttributes(value as Record<string, unknown>) } };
}
