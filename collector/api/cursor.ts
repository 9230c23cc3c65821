// The cursor of a list: where the page ended and for which query. Opaque to callers, checked when it comes back.

import { createHash } from 'node:crypto';
import type { Position } from '../store/queries/list.ts';
import { ApiError } from './problem.ts';

/** @param query what the list was filtered by: a cursor of another query is refused */
export function writeCursor(position: Position, query: string): string {
  const text = `${position.ts}.${position.trace_id}`;
  return Buffer.from(`${text}.${sumOf(text, query)}`).toString('base64url');
}

/** @throws ApiError 400 when it was not written for this query by writeCursor */
export function readCursor(cursor: string, query: string): Position {
  const match = /^((\d{1,16})\.([0-9a-f]{32}))\.([0-9a-f]{16})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  );
  const [, text, ts, trace_id, sum] = match ?? [];
  if (text === undefined || ts === undefined || trace_id === undefined || sum !== sumOf(text, query)) {
    throw new ApiError(400, '"cursor" is not one of this list: leave it out to start again from the newest');
  }
  return { ts: Number(ts), trace_id };
}

function sumOf(text: string, query: string): string {
  return createHash('sha256').update(`signalbox cursor 1\n${text}\n${query}`).digest('hex').slice(0, 16);
}
