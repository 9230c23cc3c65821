// The collector's one port: OTLP in, the API, the live socket, the UI, health and metrics. Express only where a
// framework pays (the API); OTLP bodies are never seen by it, and its own error pages never leave the house.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import express from 'express';
import type { Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { ApiContext } from './api/resource.ts';
import { apiRouter } from './api/router.ts';
import { sessionRoute } from './api/session.ts';
import type { Pipeline } from './component.ts';
import { Guard } from './guard.ts';
import { errorHandler, pathOf, plain, refuse, SECURITY_HEADERS } from './http.ts';
import type { Live } from './live.ts';
import { StaticFiles } from './static.ts';

export interface ServerOptions {
  readonly listen: string;
  readonly hosts: readonly string[];
  readonly adminKey: string | undefined;
  readonly uiDir: string;
  readonly version: string;
  readonly pipeline: Pipeline;
  readonly live: Live;
  readonly api: ApiContext;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** False while starting, draining, or when the queue takes nothing. */
  readonly ready: () => boolean;
}

export interface CollectorServer {
  readonly url: string;
  close(): Promise<void>;
}

const LIVE_PATH = '/ws/live';
const OTLP_PATHS: ReadonlySet<string> = new Set(['/v1/traces', '/v1/logs', '/v1/metrics']);
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const DRAIN_MS = 5_000;

export async function startServer(options: ServerOptions): Promise<CollectorServer> {
  const guard = new Guard(options);
  const app = application(options, guard);
  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 120_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 5_000 },
    (request, response) => void dispatch(options, guard, { request, response, app }),
  );
  server.maxHeadersCount = 256;
  server.on('upgrade', (request, socket, head) => upgrade(options, guard, { request, socket, head }));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  const url = await listen(server, options.listen);
  return { url, close: () => closeServer(server, options.live) };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly app: (request: IncomingMessage, response: ServerResponse) => void;
}

async function dispatch(options: ServerOptions, guard: Guard, { request, response, app }: Exchange): Promise<void> {
  response.setHeader('x-request-id', randomUUID());
  const path = pathOf(request);
  try {
    const refusal = guard.origin(request);
    if (path === undefined) refuse(response, 400, 'the path is malformed');
    else if (refusal) refuse(response, refusal.status, refusal.detail);
    else if (OTLP_PATHS.has(path) && !guard.mayIngest(request)) refuse(response, 401, NEEDS_KEY);
    else if (!(await options.pipeline.handleOtlp(request, response))) app(request, response);
  } catch (error) {
    options.log.error('a request failed', { path: path ?? '', name: error instanceof Error ? error.name : '' });
    if (!response.headersSent) refuse(response, 500, 'the request could not be answered; the log has the reason');
    else response.destroy();
  }
}

const NEEDS_KEY = 'this needs the admin key: Authorization: Bearer KEY';

/** Everything but OTLP. */
function application(options: ServerOptions, guard: Guard): Exchange['app'] {
  const { metrics, version, uiDir, ready } = options;
  const files = new StaticFiles(uiDir);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use((_request, response, next) => {
    response.setHeaders(SECURITY_HEADERS);
    next();
  });
  app.get('/healthz', (_request, response) => plain(response, 'ok\n'));
  app.get('/readyz', (_request, response) => {
    if (ready()) plain(response, 'ready\n');
    else refuse(response, 503, 'starting, stopping, or the queue is full');
  });
  app.get('/metrics', (_request, response) => plain(response, metrics.text(), PROMETHEUS));
  app.use('/api', (_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  app.post('/api/v1/session', sessionRoute(guard));
  app.use('/api/v1', (request, response, next) => {
    if (guard.authorised(request)) return next();
    response.setHeader('www-authenticate', 'Bearer');
    refuse(response, 401, NEEDS_KEY);
  });
  app.use('/api/v1', apiRouter(options.api, version));
  app.use((request, response) => {
    const path = pathOf(request) ?? '';
    if (!path.startsWith('/api/') && files.serve(path, request, response)) return;
    const hint =
      files.size === 0 && path === '/' ? 'the UI is not built: npm start builds it' : 'there is nothing at this path';
    refuse(response, 404, hint);
  });
  app.use(errorHandler(options.log));
  return app;
}

function upgrade(
  options: ServerOptions,
  guard: Guard,
  { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
): void {
  socket.on('error', () => socket.destroy());
  const status = upgradeStatus(guard, request);
  if (status !== undefined) {
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  options.live.accept(request, socket, head);
}

/**
 * The refusal of a WebSocket, if it is one. A browser always says which page it comes from; who says nothing is a
 * program, which no foreign page can send.
 */
function upgradeStatus(guard: Guard, request: IncomingMessage): string | undefined {
  if (pathOf(request) !== LIVE_PATH) return '404 Not Found';
  const refusal = guard.origin(request);
  if (refusal) return refusal.status === 400 ? '400 Bad Request' : '403 Forbidden';
  return guard.authorised(request) ? undefined : '401 Unauthorized';
}

async function listen(server: Server, address: string): Promise<string> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: host.replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }, resolve);
  try {
    await promise;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'EADDRINUSE' ? 'another process uses this port' : `it cannot be opened (${code})`;
    throw new Error(`the collector cannot listen on ${address}: ${why}`, { cause: error });
  }
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** No new connections, no idle ones; what is being answered may finish for a moment. */
async function closeServer(server: Server, live: Live): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  await live.close();
  const patience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await promise;
  clearTimeout(patience);
}
