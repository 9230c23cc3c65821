// The shape of signalbox.yaml: every section, its defaults and its words. runtime/config.ts reads files into it.
// Sections are strict: a key that nothing reads is an error, not a hope.

import { z } from 'zod';
import { prices } from './config/prices.ts';
import { checkProvider, provider, type ProviderConfig, type Report } from './config/providers.ts';
import { breaker, deadlines, fallback, target } from './config/targets.ts';
import { duration, httpUrl, listenAddress, name, secret, size } from './config/values.ts';

export {
  PROVIDER_TYPES,
  providerType,
  type ProviderConfig,
  type ProviderType,
  type ServiceAccount,
} from './config/providers.ts';
export { listenAddress } from './config/values.ts';

const proxy = z.strictObject({
  listen: listenAddress.default('127.0.0.1:8080'),
  workers: z.union([z.literal('auto'), z.int().min(1).max(256)]).default('auto'),
  collector: httpUrl.default('http://127.0.0.1:4318'),
  max_body: size.prefault('64MiB'),
  /** All request bodies in flight together; more are refused with 503. */
  max_inflight_bytes: size.prefault('256MiB'),
  drain: duration.prefault('30s'),
  /** When a target of a route is left alone for a while. */
  breaker: breaker.prefault({}),
  spool: z.strictObject({ max_disk: size.prefault('2GiB') }).prefault({}),
});

const collector = z.strictObject({
  listen: listenAddress.default('127.0.0.1:4318'),
  admin_key: secret.optional(),
  max_body: size.prefault('64MiB'),
  queue: z.strictObject({ max_disk: size.prefault('4GiB') }).prefault({}),
  /** Further Host names that browsers may use to reach the UI (loopback names and the listen address always may). */
  hosts: z.array(z.string().min(1)).default([]),
});

const store = z.strictObject({
  path: z.string().min(1).optional(),
  url: z
    .string()
    .regex(/^https?:\/\//, 'must be an http:// or https:// URL')
    .optional(),
  retention: z
    .strictObject({
      spans: duration.prefault('30d'),
      payloads: duration.prefault('14d'),
      rollups: duration.prefault('400d'),
    })
    .prefault({}),
});

const capture = z.strictObject({
  content: z.enum(['full', 'redacted', 'none']).default('full'),
  max_bytes: size.prefault('256KiB'),
});

const route = z.strictObject({
  strategy: z.enum(['weighted', 'fallback', 'latency', 'least_busy', 'cost']).default('weighted'),
  /** What the strategy `latency` compares: time to the first token (unless said) or to the end of the answer. */
  measure: z.enum(['first_token', 'total']).optional(),
  targets: z.array(target).min(1, 'needs at least one target'),
  /** Tried in order after the chosen target failed before its first byte. */
  fallback: z.array(fallback).default([]),
  deadlines: deadlines.prefault({}),
  retry: z.strictObject({ attempts: z.int().min(1).max(10).default(2) }).prefault({}),
});

const key = z.strictObject({
  name,
  key: secret.min(8, 'must be at least 8 characters'),
  team: name.default('default'),
  /** Routes, PROVIDER/MODEL, or patterns with `*`; empty means all. */
  models: z.array(z.string().min(1)).default([]),
});

export const configSchema = z
  .strictObject({
    proxy: proxy.prefault({}),
    collector: collector.prefault({}),
    store: store.prefault({}),
    capture: capture.prefault({}),
    providers: z.record(name, provider).default({}),
    prices: prices.default({}),
    routes: z.record(name, route).default({}),
    keys: z.array(key).default([]),
  })
  .check(crossReferences);

export type Config = z.infer<typeof configSchema>;
export type RouteConfig = z.infer<typeof route>;
export type KeyConfig = z.infer<typeof key>;
export type { PriceConfig, PriceEntryConfig } from './config/prices.ts';
export {
  DEFAULT_DEADLINES,
  type BreakerConfig,
  type Deadlines,
  type FallbackConfig,
  type FallbackReason,
  type TargetConfig,
} from './config/targets.ts';

/** A config whose sections have been checked one by one. */
interface Sections {
  readonly proxy: z.infer<typeof proxy>;
  readonly collector: z.infer<typeof collector>;
  readonly capture: z.infer<typeof capture>;
}

interface CrossContext {
  readonly value: Sections & {
    readonly providers: Readonly<Record<string, ProviderConfig>>;
    readonly routes: Readonly<Record<string, RouteConfig>>;
    readonly keys: readonly KeyConfig[];
  };
  readonly issues: { push(issue: { code: 'custom'; message: string; path: PropertyKey[]; input: unknown }): unknown };
}

function crossReferences({ value, issues }: CrossContext): void {
  const report = (path: PropertyKey[], message: string) => issues.push({ code: 'custom', message, path, input: value });
  checkRoom(value, report);
  for (const [id, config] of Object.entries(value.providers)) checkProvider(id, config, report);
  for (const [id, config] of Object.entries(value.routes)) {
    checkRoute(id, config, (path, message) => report(['routes', id, ...path], message), value.providers);
  }
  const seen = new Map<string, number>();
  for (const [index, config] of value.keys.entries()) {
    if (seen.has(config.name))
      report(
        ['keys', index, 'name'],
        `"${config.name}" is already the name of key ${(seen.get(config.name) ?? 0) + 1}`,
      );
    seen.set(config.name, index);
  }
}

// oxlint-disable-next-line max-params -- one call site, four plain facts
function checkRoute(
  id: string,
  config: RouteConfig,
  report: Report,
  providers: Readonly<Record<string, ProviderConfig>>,
): void {
  if (id in providers) report([], `"${id}" is also a provider's name; a model named "${id}/..." would be ambiguous`);
  const known = Object.keys(providers);
  const check = (model: string, path: PropertyKey[]) => {
    const providerId = model.slice(0, model.indexOf('/'));
    if (!known.includes(providerId) && providerId !== 'simulated') {
      report(path, `there is no provider "${providerId}"${known.length ? ` (configured: ${known.join(', ')})` : ''}`);
    }
  };
  for (const [index, entry] of config.targets.entries()) check(entry.model, ['targets', index, 'model']);
  for (const [index, { model }] of config.fallback.entries()) check(model, ['fallback', index]);
  if (config.measure !== undefined && config.strategy !== 'latency')
    report(['measure'], `means nothing to the strategy ${config.strategy}, only to latency`);
  if (config.strategy === 'weighted' && config.targets.every((entry) => entry.weight === 0)) {
    report(['targets'], 'at least one weight must be above 0');
  }
}

/** Below this a spool is nothing but headers and dropped segments. */
const LEAST_SPOOL = 64 * 1024;

/** What is kept on disk must hold the largest thing that may have to be kept. */
function checkRoom({ proxy, collector, capture }: Sections, report: Report): void {
  const queue = 4 * collector.max_body;
  if (collector.queue.max_disk < queue) {
    const why = 'four times collector.max_body: the largest request must fit';
    report(['collector', 'queue', 'max_disk'], `must be at least ${queue} bytes, ${why}`);
  }
  const captured = capture.content === 'none' ? 0 : 2 * capture.max_bytes;
  const spool = Math.max(LEAST_SPOOL, captured * (proxy.workers === 'auto' ? 1 : proxy.workers));
  if (proxy.spool.max_disk < spool) {
    const why = "twice capture.max_bytes for each worker: a call's prompt and answer must fit";
    report(['proxy', 'spool', 'max_disk'], `must be at least ${spool} bytes, ${why}`);
  }
}
