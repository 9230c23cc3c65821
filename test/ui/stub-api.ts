// A small real HTTP and WebSocket server with the collector's API over generated traffic. The UI tests run against it;
// for development: `node test/ui/stub-api.ts 4319` and `SIGNALBOX_UI_API=http://127.0.0.1:4319 vite ui`.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import type {
  ApiSpan,
  Facets,
  LiveMessage,
  Metric,
  Problem,
  Series,
  SeriesLine,
  Status,
  TraceSummary,
} from '../../schemas/api.ts';
import { resolve as resolveRange } from '../../ui/lib/range.ts';
import { matches, parse } from '../../ui/lib/query.ts';
import { cost, prices, providers, type Asked } from './stub-money.ts';
import { ioOf, oneRequest, traffic, type Made } from './stub-data.ts';

export type Mode = 'full' | 'empty' | 'failing' | 'locked';

export interface Stub {
  readonly url: string;
  mode: Mode;
  close(): Promise<void>;
}

const CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.woff2': 'font/woff2',
}; // prettier-ignore

const MINUTE = 60_000;
const STEP: Readonly<Record<string, number>> = { m: MINUTE, h: 60 * MINUTE, d: 1440 * MINUTE };

export async function startStub({
  port = 0,
  size = 4000,
  dist = join(import.meta.dirname, '../../ui/dist'),
} = {}): Promise<Stub> {
  const made = traffic(Date.now(), size);
  const byId = new Map(made.map((one) => [one.summary.trace_id, one]));
  let mode: Mode = 'full';
  const world = (): World => ({ made: mode === 'empty' ? [] : made, byId: mode === 'empty' ? new Map() : byId, mode });
  const server = createServer((request, response) => {
    void handle({ request, response, dist }, world());
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (mode === 'failing' || mode === 'locked') socket.destroy();
    else sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request));
  });
  sockets.on('connection', (ws) => {
    const send = (message: LiveMessage): void => ws.send(JSON.stringify(message));
    send({ type: 'hello', version: '0.1.0' });
    if (mode === 'empty') return;
    let seed = 1000;
    const timer = setInterval(() => {
      seed += 1;
      send({ type: 'trace', trace: oneRequest(seed, Date.now() - 1500).summary });
      if (seed % 40 === 0) send({ type: 'dropped', count: 3 });
    }, 150);
    ws.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
    },
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

interface World {
  readonly made: readonly Made[];
  readonly byId: ReadonlyMap<string, Made>;
  readonly mode: Mode;
}

interface Talk {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly dist: string;
}

async function handle({ request, response, dist }: Talk, world: World): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://stub');
  if (!url.pathname.startsWith('/api/')) return serveFile(response, url.pathname, dist);
  const path = url.pathname.slice('/api/v1'.length);
  if (path === '/session') return answer(response, 204, undefined);
  if (world.mode === 'failing') {
    return problem(response, {
      status: 503,
      title: 'The store is not ready',
      detail: 'The embedded engine is still starting. Wait a moment; see the collector log if it lasts.',
    });
  }
  if (world.mode === 'locked') {
    return problem(response, { status: 401, title: 'A key is needed', detail: 'Send the admin key.' });
  }
  const body = resource(path, url.searchParams, world);
  if (body === undefined) {
    return problem(response, {
      status: 404,
      title: 'No such trace',
      detail: 'It may be older than the retention, or not have arrived yet. Check the id.',
    });
  }
  answer(response, 200, body);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

function problem(response: ServerResponse, given: Pick<Problem, 'status' | 'title' | 'detail'>): void {
  const body: Problem = { type: 'about:blank', request_id: 'req_5f2c91', ...given };
  response.writeHead(given.status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function serveFile(response: ServerResponse, path: string, dist: string): Promise<void> {
  const file = normalize(path).replace(/^(\.\.[/\\])+/, '');
  const name = extname(file) === '' ? '/index.html' : file;
  try {
    const bytes = await readFile(join(dist, name));
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': CSP,
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end('not found');
  }
}

function resource(path: string, query: URLSearchParams, world: World): unknown {
  const [, kind, id, , span] = path.split('/');
  if (kind === 'status') return status(world);
  if (kind === 'facets') return facets(chosen(query, world));
  if (kind === 'series') return series(query, world);
  if (kind === 'cost') return cost(world.made, query.get('by') ?? 'model', asked(query));
  if (kind === 'providers') return providers(world.made, asked(query));
  if (kind === 'prices') {
    const limit = Number(query.get('limit') ?? 200);
    return prices(world.made, { q: query.get('q') ?? '', limit, asked: asked(query) });
  }
  if (kind !== 'traces') return undefined;
  if (id === undefined) return page(query, world);
  const detail = world.byId.get(id)?.detail;
  if (span === undefined || detail === undefined) return detail;
  const one = detail.spans.find(({ span_id }) => span_id === span);
  return one && ioOf(one);
}

function windowOf(query: URLSearchParams): { from: number; to: number } {
  return resolveRange({ from: query.get('from') ?? 'now-1h', to: query.get('to') ?? '' }, Date.now());
}

function stepOf(query: URLSearchParams): number {
  const text = query.get('step') ?? '1m';
  return Number(text.slice(0, -1)) * (STEP[text.slice(-1)] ?? MINUTE);
}

function asked(query: URLSearchParams): Asked {
  return { ...windowOf(query), step: stepOf(query) };
}

function chosen(query: URLSearchParams, { made }: World): readonly Made[] {
  const { from, to } = windowOf(query);
  const terms = parse(query.get('q') ?? '');
  return made.filter(({ summary }) => summary.start >= from && summary.start < to && matches(summary, terms));
}

function page(query: URLSearchParams, world: World): { traces: readonly TraceSummary[]; next_cursor: string | null } {
  const all = chosen(query, world);
  const at = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? 50);
  const next = at + limit;
  return {
    traces: all.slice(at, next).map(({ summary }) => summary),
    next_cursor: next < all.length ? String(next) : null,
  };
}

function facets(made: readonly Made[]): Facets {
  const of = (key: string, values: (trace: TraceSummary) => readonly string[]): Facets['facets'][number] => {
    const counts = new Map<string, number>();
    for (const { summary } of made)
      for (const value of values(summary)) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
    return { key, values: [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count) };
  };
  return {
    facets: [
      of('status', (trace) => [trace.status === 'error' ? 'error' : 'ok']),
      of('model', (trace) => trace.models),
      of('provider', (trace) => trace.providers),
      of('route', (trace) => [trace.route]),
      of('team', (trace) => [trace.team]),
      of('error', (trace) => [trace.error_type]),
      of('service', (trace) => [trace.service]),
      of('outcome', (trace) => [trace.outcome]),
    ],
    newest: null,
  };
}

const UNITS: Readonly<Partial<Record<Metric, SeriesLine['unit']>>> = {
  error_rate: 'ratio', tokens: 'tokens', input_tokens: 'tokens', output_tokens: 'tokens', cost: 'usd', latency_p50: 'ms', latency_p90: 'ms',
  latency_p95: 'ms', latency_p99: 'ms', ttft_p50: 'ms', ttft_p95: 'ms', tokens_per_second: 'tokens/s',
}; // prettier-ignore

function quantile(values: readonly number[], q: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
}

function measure(metric: Metric, traces: readonly TraceSummary[]): number | null {
  const sum = (of: (trace: TraceSummary) => number): number => traces.reduce((total, trace) => total + of(trace), 0);
  const errors = traces.filter(({ status }) => status === 'error').length;
  if (metric === 'requests') return traces.length;
  if (metric === 'errors') return errors;
  if (metric === 'tokens') return sum((trace) => trace.in_tok + trace.out_tok);
  if (metric === 'input_tokens') return sum((trace) => trace.in_tok);
  if (metric === 'output_tokens') return sum((trace) => trace.out_tok);
  if (metric === 'cost') return sum((trace) => trace.cost_usd ?? 0);
  if (metric === 'unpriced') return traces.filter((trace) => trace.cost_usd === null).length;
  if (traces.length === 0) return null;
  if (metric === 'error_rate') return errors / traces.length;
  const q = Number(metric.slice(-2)) / 100;
  if (metric.startsWith('latency'))
    return quantile(
      traces.map(({ duration }) => duration),
      q,
    );
  return quantile(
    traces.flatMap(({ ttft }) => ttft ?? []),
    q,
  );
}

const GROUP: Readonly<Record<string, (trace: TraceSummary) => readonly string[]>> = {
  model: (trace) => trace.models,
  provider: (trace) => trace.providers,
  route: (trace) => [trace.route],
  team: (trace) => [trace.team],
  error: (trace) => (trace.error_type ? [trace.error_type] : []),
};

function series(query: URLSearchParams, world: World): Series {
  const { from, to } = windowOf(query);
  const step = stepOf(query);
  const by = GROUP[query.get('by') ?? ''];
  const groups = new Map<string, TraceSummary[]>(by ? [] : [['', []]]);
  for (const { summary } of chosen(query, world)) {
    for (const name of by ? by(summary) : ['']) {
      const list = groups.get(name);
      if (list) list.push(summary);
      else groups.set(name, [summary]);
    }
  }
  const first = Math.floor(from / step) * step;
  const times = Array.from({ length: Math.ceil((to - first) / step) }, (_, index) => first + index * step);
  const metrics = (query.get('metric') ?? 'requests').split(',') as Metric[];
  const lines = [...groups].flatMap(([group, traces]) => {
    const buckets = Map.groupBy(traces, ({ start }) => Math.floor(start / step) * step);
    return metrics.map((metric): SeriesLine => ({
      metric,
      unit: UNITS[metric] ?? 'count',
      group,
      points: times.map((time) => [time, measure(metric, buckets.get(time) ?? [])] as const),
      total: measure(metric, traces),
      samples: traces.length,
    }));
  });
  return { from, to, step, series: lines };
}

function status({ made }: World): Status {
  const spans = made.reduce((sum, { detail }) => sum + (detail.spans as readonly ApiSpan[]).length, 0);
  return {
    version: '0.1.0',
    uptime: 3_723_000,
    store: { mode: 'embedded', ok: true, message: '', disk_bytes: 48_211_004, rows: spans, parts: 14 },
    queue: { records: 3, bytes: 18_211, oldest_age: 410, max_bytes: 1_073_741_824 },
    drops: { live_slow_client: 12, payload_spool_full: 0, rows_quarantined: 0, queue_full: 0 },
    received: { spans, rejected: 0, duplicates: 2 },
    live: { clients: 1, dropped: 12 },
    proxy: { url: 'http://127.0.0.1:8080', model: 'simulated/sim-small', key_needed: false },
  };
}

if (process.argv[1] === import.meta.filename) {
  const stub = await startStub({ port: Number(process.argv[2] ?? 4319) });
  console.log(`stub API at ${stub.url}`);
}
