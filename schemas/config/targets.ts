// What a route's targets are told: where a call goes, how long it may take there, and for which failures it goes on.

import { z } from 'zod';
import { duration } from './values.ts';

const model = z
  .string()
  .regex(/^[^/\s]+\/\S+$/, 'must be PROVIDER/MODEL')
  .max(256);

/** Tokens that fit into the model: where a call was too long for one target, only larger ones are tried. */
const context = z.int().min(1).optional();

export const deadlines = z.strictObject({
  connect: duration.prefault('5s'),
  /** The first content of the answer; counts while another target remains. */
  first_token: duration.prefault('600s'),
  idle: duration.prefault('120s'),
  total: duration.prefault('15m'),
});

export type Deadlines = z.infer<typeof deadlines>;

/** The limits a call without a route runs under. */
export const DEFAULT_DEADLINES: Deadlines = deadlines.parse({});

/** Of one target, instead of the route's; `total` is then that of one attempt. */
const ownDeadlines = z
  .strictObject({
    connect: duration.optional(),
    first_token: duration.optional(),
    idle: duration.optional(),
    total: duration.optional(),
  })
  .optional();

export const target = z.strictObject({
  model,
  weight: z.number().min(0).max(1e6).default(1),
  context,
  deadlines: ownDeadlines,
});

export type TargetConfig = z.infer<typeof target>;

const REASONS = ['error', 'timeout', 'rate_limit', 'context', 'content_filter'] as const;
export type FallbackReason = (typeof REASONS)[number];

/** Every failure but a refusal of what was said: routing around that is a decision of its own. */
export const DEFAULT_REASONS: readonly FallbackReason[] = ['error', 'timeout', 'rate_limit', 'context'];

const detailed = z.strictObject({
  model,
  on: z
    .array(z.enum(REASONS))
    .min(1, 'needs at least one reason')
    .default([...DEFAULT_REASONS]),
  context,
  deadlines: ownDeadlines,
});

/** `PROVIDER/MODEL`, or the same with the reasons it is for. */
export const fallback = z.union([model.transform((text) => detailed.parse({ model: text })), detailed], {
  error: `must be PROVIDER/MODEL, or { model: PROVIDER/MODEL, on: [...] } with some of ${REASONS.join(', ')}`,
});

export type FallbackConfig = z.infer<typeof fallback>;

export const breaker = z.strictObject({
  /** Failures in a row. */
  failures: z.int().min(1).default(5),
  /** Failures among at least `requests` within `window`. */
  ratio: z.number().min(0.01).max(1).default(0.5),
  requests: z.int().min(1).default(20),
  window: duration.prefault('30s'),
  /** The first time; each time after it twice as long, up to `longest`. */
  ejection: duration.prefault('5s'),
  longest: duration.prefault('5m'),
});

export type BreakerConfig = z.infer<typeof breaker>;
