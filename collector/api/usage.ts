// GET /usage: days by provider, deployment and model: what bills and spreadsheets are compared with.

import { z } from 'zod';
import { usageLines } from '../store/queries/cost.ts';
import { wholeSteps } from './cost.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { usageReport } from './shapes-cost.ts';
import { rangeOf } from './time.ts';

const DAY = 86_400_000;

export const usage = resource({
  path: '/usage',
  summary: 'What was used and what it cost, by day, provider, deployment and model',
  input: z.strictObject({
    from: params.from.describe('default 30 days before `to`; whole days (UTC) are answered'),
    to: params.to,
    provider: z.string().max(200).prefault('').describe('a provider or a deployment; all without it'),
  }),
  answer: usageReport,
  handle: async ({ store, now }, { from, to, provider }) => {
    const range = wholeSteps(rangeOf(from ?? (to === undefined ? 'now-30d' : undefined), to, now()), DAY);
    const rows = await usageLines(store, range, provider);
    return { from: range.from / 1000, to: range.to / 1000, rows };
  },
});
