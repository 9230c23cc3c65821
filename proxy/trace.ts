// W3C trace context of the caller: its trace goes on through us.

import type { IncomingHttpHeaders } from 'node:http';
import { one } from './headers.ts';
import type { Trace } from './live.ts';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;
const MAX_STATE = 512;

/** undefined without a valid `traceparent`: then the request starts a trace of its own. */
export function traceOf(headers: IncomingHttpHeaders): Trace | undefined {
  const parent = headers.traceparent;
  if (typeof parent !== 'string' || parent.startsWith('ff')) return undefined;
  const match = TRACEPARENT.exec(parent);
  const traceId = match?.[1];
  const parentSpanId = match?.[2];
  if (traceId === undefined || parentSpanId === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentSpanId)) return undefined;
  const state = one(headers.tracestate);
  return { traceId, parentSpanId, traceState: state.length <= MAX_STATE ? state : '' };
}
