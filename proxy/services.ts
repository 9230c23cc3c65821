// What the stages of one worker share, made once at start.

import { join } from 'node:path';
import type { Config } from '../schemas/config.ts';
import type { Logger } from '../runtime/log.ts';
import { Keyring } from './keys.ts';
import { Once } from './media/once.ts';
import type { ProxyMetrics } from './metrics.ts';
import { createProviders } from './providers/index.ts';
import type { Provider } from './providers/types.ts';
import type { Recorder } from './report/types.ts';
import { RetryBudget } from './retry-budget.ts';
import { Resolver } from './routing/resolve.ts';
import { Sweep } from './sweep.ts';
import { TokenCounter } from './tokens/counter.ts';

export interface Services {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: ProxyMetrics;
  readonly recorder: Recorder;
  readonly keys: Keyring;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly resolver: Resolver;
  readonly sweep: Sweep;
  readonly retries: RetryBudget;
  /** Bills that must not be written twice. */
  readonly once: Once;
  readonly tokens: TokenCounter;
}

export type ServicesOptions = Pick<Services, 'config' | 'log' | 'metrics' | 'recorder'> & { readonly dataDir: string };

export function createServices(options: ServicesOptions): Services {
  const providers = createProviders(options.config);
  const resolver = new Resolver(options.config, providers);
  options.metrics.watch(resolver.states);
  return {
    ...options,
    keys: new Keyring(options.config.keys),
    providers,
    resolver,
    sweep: new Sweep(),
    retries: new RetryBudget(() => options.metrics.inflight),
    once: new Once(join(options.dataDir, 'proxy', 'once')),
    tokens: new TokenCounter(),
  };
}
