// What went wrong on the wire, from the codes of undici and of the system, in words for people.

import type { ErrorClass } from '../../schemas/errors.ts';

export interface Failure {
  /** error.type of the attempt. */
  readonly type: string;
  readonly class: ErrorClass;
  /** After `The provider "x"`. */
  readonly words: string;
  /** A code for the record; callers are not told what an operator's network looks like. */
  readonly code?: string;
}

/** What goes wrong above the wire. */
export const FAILURES = {
  unpackable: { type: 'truncated', class: 'bad_upstream', words: 'sent bytes that cannot be unpacked' },
  tooLarge: { type: 'protocol', class: 'bad_upstream', words: 'gave an answer too large to translate' },
  packed: { type: 'protocol', class: 'bad_upstream', words: 'packed its answer in a way nobody asked for' },
  truncated: { type: 'truncated', class: 'bad_upstream', words: 'ended its answer before its end' },
  /** Nothing of it was work: as good as no answer. */
  notBegun: { type: 'reset', class: 'bad_upstream', words: 'ended its answer before its beginning' },
  stopped: { type: 'reset', class: 'overload', words: 'was still answering when this worker had to stop' },
} as const satisfies Record<string, Failure>;

const RESET: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

/** @param connecting true until the request was written */
export function failureOf(error: Error, connecting: boolean): Failure {
  const code = codeOf(error);
  if (connecting) return { type: 'connect', class: 'bad_upstream', words: 'could not be reached', code };
  if (RESET.has(code)) return { type: 'reset', class: 'bad_upstream', words: 'closed the connection too early' };
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return { type: 'truncated', class: 'bad_upstream', words: 'sent less than it announced' };
  return { type: 'protocol', class: 'bad_upstream', words: 'gave an answer that is not valid HTTP', code };
}

/** The code of an error, of its cause, or of the first of several (a host with more than one address). */
function codeOf(error: Error): string {
  const { code, cause } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return cause instanceof Error ? codeOf(cause) : '';
}
