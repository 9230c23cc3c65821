// Small things that every answer of the collector's face has in common.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler } from 'express';
import type { Logger } from '../runtime/log.ts';
import { ApiError, problemOf } from './api/problem.ts';
import { QueryLimitError, StoreUnavailableError } from './store/errors.ts';

export const SECURITY_HEADERS: Map<string, string> = new Map([
  [
    'content-security-policy',
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]);

/**
 * The path exactly as it was asked for, without its query. undefined when it is no plain absolute path: a full URL,
 * an encoded slash, dot or backslash, which two readers could understand in two ways.
 */
export function pathOf(request: IncomingMessage): string | undefined {
  const url = request.url ?? '';
  const path = url.split('?', 1)[0] ?? '';
  return /^\/(?!\/)[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(path) && !/(?:^|\/)\.\.?(?:\/|$)|\/\//.test(path)
    ? path
    : undefined;
}

export const TEXT = 'text/plain; charset=utf-8';

/** @param type Content-Type of the 200 */
export function plain(response: ServerResponse, text: string, type: string = TEXT): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(text);
}

/** A refusal as application/problem+json, under the request id that the response already carries. */
export function refuse(response: ServerResponse, status: number, detail: string): void {
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  const requestId = String(response.getHeader('x-request-id') ?? '');
  response.end(JSON.stringify(problemOf(status, detail, requestId)));
}

/** What was thrown, as a problem. Details come only from errors that were written for the caller. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- Express knows an error handler by its four parameters
  return (error: unknown, _request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const [status, detail] = wording(error);
    if (status >= 500)
      log.error('an API request failed', {
        status,
        name: error instanceof Error ? error.name : '',
        error: reason(error),
      });
    if (status === 503) response.setHeader('retry-after', '2');
    refuse(response, status, detail);
  };
}

function wording(error: unknown): [status: number, detail: string] {
  if (error instanceof ApiError) return [error.status, error.message];
  if (error instanceof QueryLimitError) {
    return [422, 'the question reads too much: choose a shorter time range or a narrower filter'];
  }
  if (error instanceof StoreUnavailableError) return [503, error.message];
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 0;
  if (status >= 400 && status < 500) return [status, 'the request is malformed'];
  if (isMistake(error)) return [500, 'something failed inside Signalbox; the log has the reason'];
  return [503, 'the store does not answer; spans are still accepted and kept in the queue'];
}

/** What a store that fails never throws, and code that is wrong does. */
function isMistake(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** The engine's message up to the query, which holds what people searched for. */
function reason(error: unknown): string {
  return (
    (error instanceof Error ? error.message : String(error))
      .split(/[\n:] (?:In scope|while|query)/i)[0]
      ?.slice(0, 300) ?? ''
  );
}
