// Errors of our own, worded as the caller's dialect words them: whole answers, and the event that ends a broken stream.

import type { DialectId } from '../schemas/call.ts';
import { ERRORS, type ErrorClass, type ErrorRow, type GatewayError } from '../schemas/errors.ts';
import { DIALECTS } from '../schemas/dialects/index.ts';
import { FRAMINGS } from '../schemas/framing/index.ts';

export interface ErrorWords {
  readonly class: ErrorClass;
  readonly message: string;
  readonly param?: string | undefined;
  readonly requestId: string;
}

/** How one family of dialects words an error. */
interface Wording {
  /** The body of an error answer. */
  body(words: ErrorWords): unknown;
  /** Of the answer; where absent, the class's own. */
  status?(row: ErrorRow): number;
  headers?(errorClass: ErrorClass): string[];
  /** The event of a stream that says it; where absent, one without a name that says what `body` does. */
  event?(words: ErrorWords): { readonly event: string; readonly data: unknown };
}

/** For dialects whose errors have no field for the field: it stands before the words, as Anthropic says it. */
const told = ({ param, message }: ErrorWords): string => (param === undefined ? message : `${param}: ${message}`);

const openai: Wording = {
  body(words) {
    const { type, code } = ERRORS[words.class].openai;
    return { error: { message: words.message, type, param: words.param ?? null, code } };
  },
};

const responses: Wording = {
  body: (words) => openai.body(words),
  event(words) {
    const { code } = ERRORS[words.class].openai;
    const data = { type: 'error', code, message: words.message, param: words.param ?? null, sequence_number: 0 };
    return { event: 'error', data };
  },
};

const anthropic: Wording = {
  body(words) {
    const error = { type: ERRORS[words.class].anthropic, message: told(words) };
    return { type: 'error', error, request_id: words.requestId };
  },
  status: (row) => row.anthropicStatus ?? row.status,
  event: (words) => ({ event: 'error', data: anthropic.body(words) }),
};

const google: Wording = {
  body(words) {
    const { status, gemini } = ERRORS[words.class];
    return { error: { code: status, message: told(words), status: gemini } };
  },
};

/** Bedrock's exceptions by the status words of Google, which are as fine. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  INVALID_ARGUMENT: 'ValidationException',
  UNAUTHENTICATED: 'UnrecognizedClientException',
  PERMISSION_DENIED: 'AccessDeniedException',
  NOT_FOUND: 'ResourceNotFoundException',
  RESOURCE_EXHAUSTED: 'ThrottlingException',
  UNAVAILABLE: 'ServiceUnavailableException',
  DEADLINE_EXCEEDED: 'ModelTimeoutException',
};

const bedrock: Wording = {
  body: (words) => ({ message: told(words) }),
  headers: (errorClass) => ['x-amzn-errortype', EXCEPTIONS[ERRORS[errorClass].gemini] ?? 'InternalServerException'],
  event: ({ message }) => ({ event: 'modelStreamErrorException', data: { message } }),
};

const ollama: Wording = { body: (words) => ({ error: told(words) }) };
const cohere: Wording = { body: (words) => ({ id: words.requestId, message: told(words) }) };

const FAMILIES: readonly (readonly [prefix: string, wording: Wording])[] = [
  ['openai_responses', responses],
  ['openai_', openai],
  ['anthropic', anthropic],
  ['gemini', google],
  ['vertex_', google],
  ['bedrock', bedrock],
  ['ollama_', ollama],
  ['cohere', cohere],
];

function wordingOf(dialect: DialectId | ''): Wording {
  return FAMILIES.find(([prefix]) => dialect.startsWith(prefix))?.[1] ?? openai;
}

/** The status of a class in a dialect. */
export function statusOf(errorClass: ErrorClass, dialect: DialectId | ''): number {
  const row: ErrorRow = ERRORS[errorClass];
  return wordingOf(dialect).status?.(row) ?? row.status;
}

/** The body of an error answer. */
export function errorBody(dialect: DialectId | '', words: ErrorWords): string {
  return JSON.stringify(wordingOf(dialect).body(words));
}

/** Where a frame may have been cut in the middle, this ends it. */
const CUT: Readonly<Record<keyof typeof FRAMINGS, string>> = { sse: '\n\n', lines: '\n', aws: '' };

/** The bytes that end a broken stream in its dialect; it has no terminal event after them, on purpose. */
export function errorFrame(dialect: DialectId, words: ErrorWords): Buffer {
  const wording = wordingOf(dialect);
  const { event, data } = wording.event?.(words) ?? { event: '', data: wording.body(words) };
  const { framing } = DIALECTS[dialect];
  return Buffer.concat([Buffer.from(CUT[framing]), FRAMINGS[framing].write({ event, data: JSON.stringify(data) })]);
}

/** Headers that say what went wrong and whether trying again makes sense. */
export function errorHeaders(errorClass: ErrorClass, retryAfterMs: number | undefined): string[] {
  const row: ErrorRow = ERRORS[errorClass];
  const headers = ['x-signalbox-error', errorClass, 'x-should-retry', String(row.retry !== 'permanent')];
  const wait = retryAfterMs ?? (row.retry === 'retryable' ? 1_000 : undefined);
  if (wait !== undefined) headers.push('retry-after', String(Math.max(1, Math.ceil(wait / 1000))));
  return headers;
}

/** Headers that only one family's clients look at. */
export function familyHeaders(errorClass: ErrorClass, dialect: DialectId | ''): string[] {
  return wordingOf(dialect).headers?.(errorClass) ?? [];
}

/** How a request that ended in an error of ours is counted: the caller's mistake, the provider's, or ours. */
export function outcomeOf(error: GatewayError): 'refused' | 'upstream_error' | 'gateway_error' {
  if (error.class === 'bad_upstream' || error.class === 'upstream_timeout') return 'upstream_error';
  return error.class === 'internal' ? 'gateway_error' : 'refused';
}

const BY_STATUS: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [401, 'unauthorized'],
  [402, 'budget'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [408, 'upstream_timeout'],
  [413, 'too_large'],
  [415, 'media'],
  [424, 'bad_upstream'],
  [429, 'rate'],
  [503, 'overload'],
  [504, 'upstream_timeout'],
  [529, 'overload'],
]);

/** What a provider's status means. */
export function classOfStatus(status: number): ErrorClass {
  return BY_STATUS.get(status) ?? (status >= 500 ? 'bad_upstream' : 'bad_request');
}
