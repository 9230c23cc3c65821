// Everything that is written to a client: the head of an answer, a kept answer, an error of our own.

import type { IncomingHttpHeaders } from 'node:http';
import { ERRORS, type GatewayError } from '../schemas/errors.ts';
import { nowUs } from './clock.ts';
import { errorBody, errorHeaders, familyHeaders, statusOf } from './errors.ts';
import { headersDown, headerText } from './headers.ts';
import type { Held, Live } from './live.ts';
import { mediaOf } from './media/index.ts';
import { cutIfStalled } from './stream/outlet.ts';

/** A client that was refused may finish sending for this long, so that it reads why instead of a reset. */
const LINGER_MS = 2_000;

/** What the system takes off our hands at once. */
const KERNEL_BYTES = 128 * 1024;

/** Writes the head of a streamed answer; its body follows by `response.write`. */
export function beginAnswer(live: Live, status: number, upstream: IncomingHttpHeaders): void {
  const headers = ownHeaders(live);
  headersDown(upstream, headers);
  const length = upstream['content-length'];
  // Nothing is added to or taken from a body that is no event stream.
  if (length !== undefined && live.outgoing?.hideUsage !== true && live.translation === undefined && passes(live))
    headers.push('content-length', length);
  open(live, status, headers);
}

/** Nothing is added to or taken from such a body. */
function passes({ operation }: Live): boolean {
  return operation === 'passthrough' || mediaOf(operation) !== undefined;
}

/** Writes a kept answer in one piece, with what only its whole body could tell. */
export function sendHeld(live: Live, held: Held, more: readonly string[]): void {
  const headers = ownHeaders(live);
  const total = live.attempts.at(-1)?.cost?.total;
  if (total !== undefined) headers.push('x-signalbox-cost-usd', decimal(total));
  headers.push(...more);
  headersDown(held.headers, headers);
  headers.push('content-length', String(held.body.length));
  open(live, held.status, headers);
  live.overheadUs += nowUs() - live.ownSinceUs;
  live.response.end(held.body);
  if (held.body.length > KERNEL_BYTES) cutIfStalled(live.response);
}

/** Writes an answer made here: a list of models, for example. */
export function sendJson(live: Live, body: string, more: readonly string[] = []): void {
  const headers = ownHeaders(live);
  headers.push(...more, 'content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
  open(live, 200, headers);
  live.response.end(body);
}

/** Writes an error of our own, unless the answer has begun: then the stream has said it already. */
export function sendError(live: Live, error: GatewayError): void {
  if (live.answering || live.response.destroyed) return;
  const status = statusOf(error.class, live.dialect);
  const body = errorBody(live.dialect, {
    class: error.class,
    message: error.message,
    param: error.param,
    requestId: live.requestId,
  });
  const headers = ownHeaders(live);
  headers.push(...errorHeaders(error.class, error.retryAfterMs), ...familyHeaders(error.class, live.dialect));
  if (ERRORS[error.class].status === 401) headers.push('www-authenticate', 'Bearer realm="signalbox"');
  headers.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
  open(live, status, headers);
  live.response.end(body);
  linger(live);
}

/** USD without an exponent: `0.00000015`, not `1.5e-7`. */
function decimal(amount: number): string {
  return amount.toFixed(12).replace(/\.?0+$/, '');
}

function open(live: Live, status: number, headers: string[]): void {
  live.answering = true;
  live.httpStatus = status;
  live.response.writeHead(status, headers);
}

/** The rest of a body that nobody wants is read and thrown away for a moment, then the connection goes. */
function linger({ request }: Live): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, LINGER_MS);
  timer.unref();
}

function ownHeaders(live: Live): string[] {
  const headers = ['x-request-id', live.requestId, 'x-signalbox-trace-id', live.traceId];
  const attempt = live.attempts.at(-1);
  if (attempt !== undefined) {
    headers.push(
      'x-signalbox-provider',
      attempt.target.deployment,
      'x-signalbox-attempts',
      String(live.attempts.length),
      'x-signalbox-cache',
      'none',
    );
  }
  if (attempt !== undefined && attempt.target.model !== '') {
    headers.push('x-signalbox-model', headerText(attempt.target.model));
  }
  const dropped = live.translation?.dropped ?? [];
  if (dropped.length > 0) headers.push('x-signalbox-dropped', headerText(dropped.join(', ')));
  if (live.plan !== undefined) {
    headers.push('x-signalbox-reason', headerText(attempt?.reason ?? live.plan.reason));
    if (live.plan.route !== '') headers.push('x-signalbox-route', live.plan.route);
  }
  return headers;
}
