// GET /traces: the newest requests under a filter, a page at a time.

import { z } from 'zod';
import { listTraces } from '../store/queries/list.ts';
import { readCursor, writeCursor } from './cursor.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { traceList } from './shapes.ts';

export const traces = resource({
  path: '/traces',
  summary: 'Traces, newest first',
  input: z.strictObject({
    from: params.from,
    to: params.to,
    q: params.q,
    limit: params.wholeNumber(1, 500).prefault('50'),
    cursor: z.string().max(300).optional().describe('`next_cursor` of the page before, with the same q'),
  }),
  answer: traceList,
  handle: async ({ store, now }, { limit, cursor, ...question }) => {
    const query = question.q ?? '';
    const after = cursor === undefined ? undefined : readCursor(cursor, query);
    const page = await listTraces(store, { ...params.questionOf(question, now()), limit, after });
    return { traces: page.traces, next_cursor: page.next ? writeCursor(page.next, query) : null };
  },
});
