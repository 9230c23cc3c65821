// GET /traces/{trace_id}/spans/{span_id}/io: what went into a span and came out of it.

import { z } from 'zod';
import { spanIo as readSpanIo } from '../store/queries/io.ts';
import * as params from './params.ts';
import { ApiError } from './problem.ts';
import { resource } from './resource.ts';
import { spanIo as answer } from './shapes.ts';

export const spanIo = resource({
  path: '/traces/{trace_id}/spans/{span_id}/io',
  summary: 'Prompt and answer of one span, parsed and raw',
  input: z.strictObject({ trace_id: params.traceId, span_id: params.spanId }),
  answer,
  handle: async ({ store }, { trace_id, span_id }) => {
    const found = await readSpanIo(store, trace_id, span_id);
    if (!found) throw new ApiError(404, 'nothing was captured for this span (see "capture" in the config)');
    return found;
  },
});
