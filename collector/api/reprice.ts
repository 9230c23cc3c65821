// POST /reprice: works the cost of stored calls out again, with today's prices for each call's own day.

import { z } from 'zod';
import { reprice as run } from '../billing/reprice.ts';
import type { StoreClient } from '../store/client.ts';
import { ApiError } from './problem.ts';
import { action } from './resource.ts';
import { repriceReport } from './shapes-cost.ts';
import { rangeOf } from './time.ts';

const DAY = 86_400_000;
const moment = z.string().max(64).optional();

/** One at a time in each store. */
const running = new WeakSet<StoreClient>();

export const reprice = action({
  path: '/reprice',
  summary: 'Works the cost of stored calls out again; with dry_run says what would change',
  input: z.strictObject({
    from: moment.describe('ISO 8601, milliseconds since 1970, or now-7d; default: all spans that are kept'),
    to: moment.describe('default now'),
    model: z.string().max(256).prefault('').describe('only this model'),
    dry_run: z.boolean().prefault(true),
  }),
  answer: repriceReport,
  handle: async ({ store, now, prices, retention, settle }, { from, to, model, dry_run: dryRun }) => {
    // Spans at the end of their life disappear part by part: rollups cannot be held against what is left of an hour.
    const oldest = Math.ceil((now() - retention.spans) / DAY + 1) * DAY;
    const asked = rangeOf(from ?? String(oldest), to, now());
    const range = { from: Math.max(asked.from, oldest * 1000), to: asked.to };
    if (range.from >= range.to) {
      throw new ApiError(400, `spans before ${new Date(oldest).toISOString()} are not kept whole any more`);
    }
    if (running.has(store))
      throw new ApiError(409, 'costs are being worked out again already: wait until that is done');
    running.add(store);
    try {
      await settle();
      return await run(store, { prices, range, model, dryRun });
    } finally {
      running.delete(store);
    }
  },
});
