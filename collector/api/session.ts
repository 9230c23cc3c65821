// POST /session: a browser gives the admin key once and gets a cookie that scripts cannot read.

import type { RequestHandler } from 'express';
import type { Guard } from '../guard.ts';
import { ApiError } from './problem.ts';

const MAX_BODY = 2_048;

export function sessionRoute(guard: Guard): RequestHandler {
  return async (request, response) => {
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
      throw new ApiError(415, 'send {"key": "..."} as application/json');
    if (!guard.needsKey) {
      response.status(204).end();
      return;
    }
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) {
      text += String(chunk);
      if (text.length > MAX_BODY) throw new ApiError(413, 'the body is at most 2 kB');
    }
    if (!guard.isKey(keyOf(text))) throw new ApiError(401, 'this is not the admin key of collector.admin_key');
    response.setHeader('set-cookie', guard.sessionCookie());
    response.status(204).end();
  };
}

function keyOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'key' in body && typeof body.key === 'string') return body.key;
  } catch {
    // said below
  }
  throw new ApiError(400, 'send {"key": "..."}');
}
