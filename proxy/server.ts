// The listener of the data path: node:http and nothing on top of it. It lets in what is one request to everybody who
// might read it (no two Hosts, no absolute targets, no odd transfer codings) and opens an exchange for it.

import { createServer, ServerResponse, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { openFilesLimit } from '../runtime/descriptors.ts';
import { messageOf } from '../runtime/log.ts';
import { ERRORS, type ErrorClass } from '../schemas/errors.ts';
import { followWallClock } from './clock.ts';
import { Connections, responseOf } from './connections.ts';
import { errorBody, errorHeaders } from './errors.ts';
import { Crowd } from './crowd.ts';
import { Http2Door, wasCut, type ParserError } from './http2.ts';
import { newRequestId } from './ids.ts';
import { Live } from './live.ts';
import type { Handler } from './pipeline.ts';
import type { Services } from './services.ts';
import { surfaceOf, type Surface } from './surface.ts';
import { traceOf } from './trace.ts';

const MAX_HEADERS = 256;

const OPTIONS = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  noDelay: true,
  // A missing Host is refused in JSON, like everything else (see refusalOf).
  requireHostHeader: false,
  insecureHTTPParser: false,
  // Other protocols that clients offer to speak (h2c) are no reason not to answer in this one.
  shouldUpgradeCallback: ({ url, headers }: IncomingMessage) =>
    headers.upgrade?.toLowerCase() === 'websocket' && url?.startsWith('/v1/realtime') === true,
} as const;

/** What the listener answers beside calls: health and metrics. True when it took the request. */
export type Aside = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

export interface DataServer {
  readonly server: Server;
  readonly http2: Http2Door;
  /** Exchanges under way, to wait for or to end. */
  readonly open: Crowd<Live>;
}

export function createDataServer(services: Services, handle: Handler, aside: Aside): DataServer {
  const open = new Crowd<Live>();
  const take = (request: IncomingMessage, response: ServerResponse, upgrade?: Live['upgrade']) => {
    response.on('error', () => response.destroy());
    const refusal = connections.isLate(request.socket) ? NO_ROOM : refusalOf(request);
    if (refusal !== undefined) {
      services.metrics.refused(refusal.class);
      refuse(response, refusal);
      return;
    }
    const found = find(request);
    if ('class' in found) {
      if (found.class === 'unknown_path' && aside(pathOf(request), request, response)) return;
      services.metrics.refused(found.class);
      refuse(response, found);
      return;
    }
    if (open.size === 0) followWallClock();
    const live = new Live(request, response, found, traceOf(request.headers));
    live.upgrade = upgrade;
    open.add(live);
    response.on('close', () => {
      if (wasCut(response)) live.cancel();
    });
    handle(live).then(
      () => open.delete(live),
      (error: unknown) => {
        open.delete(live);
        services.log.error('a request ended without its report', { error: messageOf(error) });
        response.destroy();
      },
    );
  };
  const server = createServer(OPTIONS, take);
  server.on('upgrade', (request, socket, head) => {
    // Whatever is refused is refused as HTTP, on the connection as it still is.
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.shouldKeepAlive = false;
    response.on('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    take(request, response, { socket, head });
  });
  const connections = new Connections(server, openFilesLimit());
  // One more than allowed: node drops the rest in silence, and a dropped header must not decide anything.
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.end(rawAnswer('method', 'CONNECT is not offered here.', ['allow', 'GET, POST']));
  });
  const http2 = new Http2Door(take);
  server.on('clientError', (error: ParserError, socket) => {
    if (http2.enter(error, socket)) connections.share(socket);
    else onClientError(open, error, socket);
  });
  return { server, http2, open };
}

interface Refusal {
  readonly class: ErrorClass;
  readonly message: string;
  readonly headers?: readonly string[];
}

const NO_ROOM: Refusal = {
  class: 'overload',
  message: 'Too many connections are open here (the limit on open files); try again in a moment.',
};

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/;

/** Requests that two servers in a row could read in two ways. */
function refusalOf(request: IncomingMessage): Refusal | undefined {
  const { rawHeaders, headers, method } = request;
  if (method === 'TRACE') return { class: 'method', message: 'TRACE is not offered here.', headers: ALLOW_ANY };
  if (rawHeaders.length > MAX_HEADERS * 2) {
    return { class: 'headers_too_large', message: `A request may have at most ${MAX_HEADERS} headers.` };
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return { class: 'bad_request', message: 'The only transfer-encoding of a request is "chunked".' };
  }
  if (!request.url?.startsWith('/')) {
    return { class: 'bad_request', message: 'The request target must be a path.' };
  }
  const host = headers.host ?? authorityOf(request);
  if (host.length > 262 || !HOST.test(host) || countHosts(rawHeaders) > 1) {
    return { class: 'bad_request', message: 'A request needs exactly one well-formed Host header.' };
  }
  return undefined;
}

const ALLOW_ANY = ['allow', 'GET, POST'];

/** HTTP/2 has the host in a field of its own. */
function authorityOf({ headers }: IncomingMessage): string {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? authority : '';
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name !== undefined && name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

function pathOf({ url = '' }: IncomingMessage): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

function find(request: IncomingMessage): Surface | Refusal {
  const surface = surfaceOf(pathOf(request));
  if (surface === undefined) {
    return { class: 'unknown_path', message: 'There is nothing at this path; paths are matched exactly.' };
  }
  if (surface === 'ambiguous') {
    return { class: 'bad_request', message: 'The path has empty, dot or escaped segments, which are not forwarded.' };
  }
  if (surface.methods?.includes(request.method ?? '') === false) {
    const methods = surface.methods.join(', ');
    return {
      class: 'method',
      message: `${surface.route} takes ${methods} only.`,
      headers: ['allow', methods],
    };
  }
  return surface;
}

/** Answers a request that never became an exchange, and closes: what follows on its connection is not to be trusted. */
function refuse(response: ServerResponse, { class: errorClass, message, headers = [] }: Refusal): void {
  const requestId = newRequestId();
  const body = errorBody('', { class: errorClass, message, requestId });
  const stays = errorClass === 'unknown_path' || errorClass === 'method' || response.req.httpVersionMajor > 1;
  const closes = stays ? [] : ['connection', 'close'];
  const head = ['x-request-id', requestId, ...errorHeaders(errorClass, undefined), ...headers, ...closes];
  head.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
  response.writeHead(ERRORS[errorClass].status, head);
  response.end(body);
}

/** Bytes that are no HTTP request: one JSON answer, then the end of the connection. Never into an answer under way. */
function onClientError(open: Iterable<Live>, error: ParserError, socket: Duplex): void {
  const busy = responseOf(socket);
  if (!socket.writable || error.code === 'ECONNRESET' || busy?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { status, errorClass, message } = parserProblem(error.code);
  // A client that left in the middle of its body sent no nonsense.
  const left = error.code === 'HPE_INVALID_EOF_STATE';
  for (const live of left ? [] : open) {
    if (live.response === busy) live.refuse(errorClass, status);
  }
  socket.end(rawAnswer(errorClass, message, [], status), () => socket.destroy());
}

interface ParserProblem {
  readonly errorClass: ErrorClass;
  readonly message: string;
  readonly status?: number;
}

function parserProblem(code: string | undefined): ParserProblem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { errorClass: 'headers_too_large', message: 'The headers or the URL are too long.' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { errorClass: 'bad_request', message: 'The request took too long to arrive.', status: 408 };
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return { errorClass: 'too_large', message: 'The chunk extensions are too long.' };
  }
  return { errorClass: 'bad_request', message: 'This is not a valid HTTP/1.1 request.' };
}

// oxlint-disable-next-line max-params -- an answer's four parts
function rawAnswer(errorClass: ErrorClass, message: string, headers: readonly string[], status?: number): string {
  const code = status ?? ERRORS[errorClass].status;
  const body = errorBody('', { class: errorClass, message, requestId: newRequestId() });
  const head = [...errorHeaders(errorClass, undefined), ...headers, 'content-type', 'application/json'];
  const lines = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`];
  for (let index = 0; index < head.length; index += 2) lines.push(`${head[index]}: ${head[index + 1]}`);
  return `${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
