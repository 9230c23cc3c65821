// Whether a kept answer may go to the client as it is: a good one, a provider's own error, or something that only looks
// like an answer.

import { GatewayError } from '../schemas/errors.ts';
import { errorBody } from './errors.ts';
import { one } from './headers.ts';
import { mediaOf } from './media/index.ts';
import type { Held, Live } from './live.ts';
import { isStreamOf, translatedError } from './translation.ts';

/**
 * The answer to send, in the caller's dialect. A provider's JSON error passes untouched where nothing is translated; an
 * error page becomes an error in the caller's dialect, with the provider's status.
 * @throws GatewayError bad_upstream
 */
export function checkAnswer(live: Live, held: Held): Held {
  const { status } = held;
  if (status >= 300 && status < 400 && status !== 304) {
    throw refuse(live, 'redirect', `${nameOf(live)} answered with a redirect, which is never followed.`);
  }
  if (live.operation === 'passthrough' || mediaOf(live.operation) !== undefined) return held;
  const isJson = JSON_TYPE.test(one(held.headers['content-type']));
  return status >= 400 ? errorOf(live, held, isJson) : goodAnswer(live, held, isJson);
}

function errorOf(live: Live, held: Held, isJson: boolean): Held {
  if (!isJson || held.body.length === 0) return wrapped(live, held, nameOf(live));
  return live.translation === undefined ? held : translatedError(live, live.translation.dialect, held);
}

function goodAnswer(live: Live, held: Held, isJson: boolean): Held {
  const { translation } = live;
  // A stream that nobody asked for was kept whole, and can be translated as such.
  const isKeptStream = translation !== undefined && isStreamOf(translation.dialect, one(held.headers['content-type']));
  const fault = faultOf(live, held, isJson || isKeptStream);
  if (fault !== undefined) throw refuse(live, fault, `${nameOf(live)} gave ${FAULTS[fault]}.`);
  return translation === undefined ? held : translation.answer(held);
}

function nameOf({ outgoing }: Live): string {
  return `The provider "${outgoing?.provider.id ?? ''}"`;
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json/i;

const FAULTS = {
  empty: 'an empty answer',
  not_json: 'an answer that is not JSON',
  truncated: 'JSON that breaks off or is malformed',
} as const;

function faultOf(live: Live, held: Held, readable: boolean): keyof typeof FAULTS | undefined {
  if (held.body.length === 0) return 'empty';
  if (!readable) return 'not_json';
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
