// GET /traces/{trace_id}: one trace with all its spans.

import { z } from 'zod';
import { traceById } from '../store/queries/trace.ts';
import * as params from './params.ts';
import { ApiError } from './problem.ts';
import { resource } from './resource.ts';
import { traceDetail } from './shapes.ts';

export const trace = resource({
  path: '/traces/{trace_id}',
  summary: 'One trace with its spans, in the order they started',
  input: z.strictObject({ trace_id: params.traceId }),
  answer: traceDetail,
  handle: async ({ store, settle }, { trace_id }) => {
    const found = (await traceById(store, trace_id)) ?? (await settle().then(() => traceById(store, trace_id)));
    if (!found) throw new ApiError(404, 'there is no such trace: it has not arrived, or is older than the retention');
    return found;
  },
});
