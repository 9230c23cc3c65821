// Whether a kept answer may go to the client as it is: a good one, a provider's own error, or something that only looks
// like an answer.

import { GatewayError } from '../schemas/errors.ts';
import { errorBody } from './errors.ts';
import { one } from './headers.ts';
import type { Held, Live } from './live.ts';

/**
 * The answer to send. A provider's JSON error passes untouched; an error page becomes an error in the caller's dialect,
 * with the provider's status.
 * @throws GatewayError bad_upstream
 */
export function checkAnswer(live: Live, held: Held): Held {
  const { status } = held;
  const name = `The provider "${live.outgoing?.provider.id ?? ''}"`;
  if (status >= 300 && status < 400 && status !== 304) {
    throw refuse(live, 'redirect', `${name} answered with a redirect, which is never followed.`);
  }
  if (live.operation === 'passthrough') return held;
  const isJson = JSON_TYPE.test(one(held.headers['content-type']));
  if (status >= 400) return isJson && held.body.length > 0 ? held : wrapped(live, held, name);
  const fault = faultOf(live, held, isJson);
  if (fault !== undefined) throw refuse(live, fault, `${name} gave ${FAULTS[fault]}.`);
  return held;
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json/i;

const FAULTS = {
  empty: 'an empty answer',
  not_json: 'an answer that is not JSON',
  truncated: 'JSON that breaks off or is malformed',
} as const;

function faultOf(live: Live, held: Held, isJson: boolean): keyof typeof FAULTS | undefined {
  if (held.body.length === 0) return 'empty';
  if (!isJson) return 'not_json';
  return live.attempts.at(-1)?.reading.complete === true ? undefined : 'truncated';
}

function refuse(live: Live, type: string, message: string): GatewayError {
  const attempt = live.attempts.at(-1);
  if (attempt !== undefined) {
    attempt.errorType = type;
    attempt.errorMessage = message;
  }
  return new GatewayError('bad_upstream', message);
}

function wrapped(live: Live, held: Held, name: string): Held {
  const message = `${name} answered ${held.status} without a JSON body.`;
  const body = errorBody(live.dialect, { class: 'bad_upstream', message, requestId: live.requestId });
  const { 'retry-after': retryAfter } = held.headers;
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  };
  return { status: held.status, headers, body: Buffer.from(body) };
}
