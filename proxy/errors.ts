// Errors of our own, worded as the caller's dialect words them: whole answers, and the event that ends a broken stream.

import type { DialectId } from '../schemas/call.ts';
import { ERRORS, type ErrorClass, type ErrorRow, type GatewayError } from '../schemas/errors.ts';

export interface ErrorWords {
  readonly class: ErrorClass;
  readonly message: string;
  readonly param?: string | undefined;
  readonly requestId: string;
}

/** The status of a class in a dialect. */
export function statusOf(errorClass: ErrorClass, dialect: DialectId | ''): number {
  const row: ErrorRow = ERRORS[errorClass];
  return dialect === 'anthropic' ? (row.anthropicStatus ?? row.status) : row.status;
}

/** The body of an error answer. */
export function errorBody(dialect: DialectId | '', words: ErrorWords): string {
  return JSON.stringify(dialect === 'anthropic' ? anthropicError(words) : openaiError(words));
}

/** The bytes that end a broken stream in its dialect; it has no terminal event after them, on purpose. */
export function errorEvent(dialect: DialectId, words: ErrorWords): string {
  if (dialect === 'anthropic') return `event: error\ndata: ${JSON.stringify(anthropicError(words))}\n\n`;
  if (dialect !== 'openai_responses') return `data: ${JSON.stringify(openaiError(words))}\n\n`;
  const { code } = ERRORS[words.class].openai;
  const event = { type: 'error', code, message: words.message, param: words.param ?? null, sequence_number: 0 };
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Headers that say what went wrong and whether trying again makes sense. */
export function errorHeaders(errorClass: ErrorClass, retryAfterMs: number | undefined): string[] {
  const row: ErrorRow = ERRORS[errorClass];
  const headers = ['x-signalbox-error', errorClass, 'x-should-retry', String(row.retry !== 'permanent')];
  const wait = retryAfterMs ?? (row.retry === 'retryable' ? 1_000 : undefined);
  if (wait !== undefined) headers.push('retry-after', String(Math.max(1, Math.ceil(wait / 1000))));
  return headers;
}

/** How a request that ended in an error of ours is counted: the caller's mistake, the provider's, or ours. */
export function outcomeOf(error: GatewayError): 'refused' | 'upstream_error' | 'gateway_error' {
  if (error.class === 'bad_upstream' || error.class === 'upstream_timeout') return 'upstream_error';
  return error.class === 'internal' ? 'gateway_error' : 'refused';
}

function openaiError(words: ErrorWords): unknown {
  const { type, code } = ERRORS[words.class].openai;
  return { error: { message: words.message, type, param: words.param ?? null, code } };
}

function anthropicError(words: ErrorWords): unknown {
  const error = { type: ERRORS[words.class].anthropic, message: words.message };
  return { type: 'error', error, request_id: words.requestId };
}
