// Every refusal of the API as application/problem+json: what happened, where, what to do. Never a stack, never a body.

import type { Problem } from '../../schemas/api.ts';

/** Thrown anywhere under /api, worded for the caller. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not understood',
  401: 'The key is missing or wrong',
  403: 'Not from here',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Not at the same time',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'The question is too big',
  500: 'Something failed inside Signalbox',
  503: 'Not available right now',
};

export function problemOf(status: number, detail: string, requestId: string): Problem {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, request_id: requestId };
}
