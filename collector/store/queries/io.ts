// What went in and came out of one span.

import type { SpanIo } from '../../../schemas/api.ts';
import type { IoRow } from '../../../schemas/span.ts';
import type { StoreClient } from '../client.ts';
import { sql } from '../sql.ts';
import { traceBounds } from './bounds.ts';
import { whereTrace } from './trace.ts';

type StoredIo = Pick<IoRow, 'input' | 'output' | 'raw_request' | 'raw_response' | 'request_size' | 'response_size'>;

/** undefined when nothing was captured for the span. */
export async function spanIo(store: StoreClient, traceId: string, spanId: string): Promise<SpanIo | undefined> {
  const [bounds] = await traceBounds(store, [traceId]);
  if (!bounds) return undefined;
  const [row] =
    await store.query<StoredIo>(sql`SELECT input, output, raw_request, raw_response, request_size, response_size
    FROM span_io WHERE ${whereTrace(bounds)} AND span_id = ${spanId} LIMIT 1`);
  if (!row) return undefined;
  const cut = (text: string, size: number) => text !== '' && Buffer.byteLength(text) < size;
  return {
    input: parsed<SpanIo['input']>(row.input),
    output: parsed<SpanIo['output']>(row.output),
    raw_request: row.raw_request,
    raw_response: row.raw_response,
    request_size: row.request_size,
    response_size: row.response_size,
    truncated: cut(row.raw_request, row.request_size) || cut(row.raw_response, row.response_size),
  };
}

function parsed<T>(text: string): T | null {
  if (text === '') return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
