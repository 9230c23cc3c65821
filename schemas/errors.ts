// The one table of errors that Signalbox itself gives: what it is called, its status, how each dialect words it,
// and which of the three words (permanent, retryable, throttled) decides a retry.

export type RetryWord = 'permanent' | 'retryable' | 'throttled';

export interface ErrorRow {
  readonly status: number;
  /** Anthropic answers overload with 529; every other dialect with `status`. */
  readonly anthropicStatus?: number;
  readonly openai: { readonly type: string; readonly code: string };
  readonly anthropic: string;
  readonly gemini: string;
  readonly retry: RetryWord;
}

export const ERRORS = {
  bad_request: row(400, ['invalid_request_error', 'invalid_request'], 'invalid_request_error', 'INVALID_ARGUMENT'),
  invalid_json: row(400, ['invalid_request_error', 'invalid_json'], 'invalid_request_error', 'INVALID_ARGUMENT'),
  unauthorized: row(401, ['invalid_request_error', 'invalid_api_key'], 'authentication_error', 'UNAUTHENTICATED'),
  forbidden: row(403, ['permission_error', 'model_not_allowed'], 'permission_error', 'PERMISSION_DENIED'),
  not_found: row(404, ['invalid_request_error', 'model_not_found'], 'not_found_error', 'NOT_FOUND'),
  unknown_path: row(404, ['invalid_request_error', 'unknown_url'], 'not_found_error', 'NOT_FOUND'),
  method: row(405, ['invalid_request_error', 'method_not_allowed'], 'invalid_request_error', 'INVALID_ARGUMENT'),
  too_large: row(413, ['invalid_request_error', 'request_too_large'], 'request_too_large', 'INVALID_ARGUMENT'),
  media: row(415, ['invalid_request_error', 'unsupported_media_type'], 'invalid_request_error', 'INVALID_ARGUMENT'),
  headers_too_large: row(
    431,
    ['invalid_request_error', 'headers_too_large'],
    'invalid_request_error',
    'INVALID_ARGUMENT',
  ),
  rate: row(429, ['rate_limit_error', 'rate_limit_exceeded'], 'rate_limit_error', 'RESOURCE_EXHAUSTED', 'throttled'),
  budget: row(429, ['insufficient_quota', 'insufficient_quota'], 'billing_error', 'RESOURCE_EXHAUSTED'),
  internal: row(500, ['server_error', 'gateway_error'], 'api_error', 'INTERNAL'),
  bad_upstream: row(502, ['server_error', 'upstream_error'], 'api_error', 'UNAVAILABLE'),
  overload: {
    ...row(503, ['server_error', 'overloaded'], 'overloaded_error', 'UNAVAILABLE', 'retryable'),
    anthropicStatus: 529,
  },
  upstream_timeout: row(504, ['server_error', 'upstream_timeout'], 'timeout_error', 'DEADLINE_EXCEEDED'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorClass = keyof typeof ERRORS;

type OpenAiWords = readonly [type: string, code: string];

// oxlint-disable-next-line max-params -- a table row reads best on one line
function row(
  status: number,
  openai: OpenAiWords,
  anthropic: string,
  gemini: string,
  retry: RetryWord = 'permanent',
): ErrorRow {
  return { status, openai: { type: openai[0], code: openai[1] }, anthropic, gemini, retry };
}

/** An error of our own, thrown anywhere in the data path and worded for the caller at its border. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly class: ErrorClass;
  /** The field of the request that is at fault, when one is. */
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    errorClass: ErrorClass,
    message: string,
    more: { param?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.class = errorClass;
    this.param = more.param;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** How one request ended. Exactly one of these is on every SERVER span, as `signalbox.outcome`. */
export const OUTCOMES = [
  'ok',
  'client_cancelled',
  'upstream_error',
  'truncated',
  'refused',
  'gateway_error',
  'crashed',
] as const;
export type Outcome = (typeof OUTCOMES)[number];
