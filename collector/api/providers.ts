// GET /providers: latency and errors of each deployment over time.

import { z } from 'zod';
import { providerHealth } from '../store/queries/providers.ts';
import { wholeSteps } from './cost.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { stepOf } from './series.ts';
import { providerReport } from './shapes-cost.ts';
import { rangeOf } from './time.ts';

const MINUTE = 60_000;

export const providers = resource({
  path: '/providers',
  summary: 'Latency, errors and use of each deployment over time',
  input: z.strictObject({
    from: params.from,
    to: params.to,
    step: z.string().max(20).optional().describe('like 5m, whole minutes; default gives about a hundred steps'),
  }),
  answer: providerReport,
  handle: async ({ store, now }, { from, to, step }) => {
    const asked = rangeOf(from, to, now());
    const width = Math.max(MINUTE, Math.ceil(stepOf(step, asked) / MINUTE) * MINUTE);
    const range = wholeSteps(asked, width);
    const found = await providerHealth(store, range, width);
    return { from: range.from / 1000, to: range.to / 1000, step: width, providers: found };
  },
});
