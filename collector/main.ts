// The collector's life: store, then pipeline, then the door; and back in reverse.

import { join } from 'node:path';
import type { Logger } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import { Life, within } from '../runtime/lifecycle.ts';
import type { Config } from '../schemas/config.ts';
import type { ApiContext } from './api/resource.ts';
import { Live } from './live.ts';
import { createPipeline } from './pipeline.ts';
import { startServer } from './server.ts';
import { StoreClient } from './store/client.ts';
import { createStoreWriter } from './store/insert.ts';
import { migrate } from './store/migrate.ts';
import { recentSpanIds } from './store/queries/recent.ts';
import { firstCall } from '../runtime/banner.ts';
import { VERSION } from '../runtime/version.ts';

export interface CollectorOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** The built UI; its absence is said on the page. */
  readonly uiDir?: string;
}

export interface Collector {
  readonly url: string;
  /** Stops taking, writes down what is accepted, closes the store. Idempotent. */
  close(): Promise<void>;
}

const UI_DIR = join(import.meta.dirname, '../ui/dist');

/** @throws Error with one plain sentence when the store or the address cannot be used */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const life = new Life(options.log);
  try {
    return await start(options, life);
  } catch (error) {
    await life.close();
    throw error;
  }
}

async function start(options: CollectorOptions, life: Life): Promise<Collector> {
  const { config, log, metrics = new Metrics(), uiDir = UI_DIR } = options;
  const dir = join(options.dataDir, 'collector');
  const store = await StoreClient.open({ path: join(dir, 'store'), url: config.store.url });
  life.add('store', () => store.close());
  await migrate(store, config.store.retention);

  const pipeline = createPipeline({
    dir,
    store: { ...createStoreWriter(store), recentSpanIds: (sinceMs) => recentSpanIds(store, sinceMs) },
    metrics,
    log,
    prices: config.prices,
    maxBody: config.collector.max_body,
    maxDisk: config.collector.queue.max_disk,
  });
  life.add('pipeline', () => pipeline.close());
  await pipeline.start();

  const live = new Live(VERSION);
  life.add(
    'live subscription',
    pipeline.subscribe((batch) => live.publish(batch)),
  );
  observe(metrics, live, store);
  let open = true;
  const started = performance.now();
  const api: ApiContext = {
    store,
    now: Date.now,
    prices: config.prices,
    retention: config.store.retention,
    settle: async () => void (await within(SETTLE_MS, pipeline.flush())),
    health: () => ({
      version: VERSION,
      uptime: performance.now() - started,
      live: { clients: live.clients, dropped: live.dropped },
      proxy: firstCall(config),
      ...pipeline.status(),
    }),
  };
  const { listen, hosts, admin_key: adminKey } = config.collector;
  const ready = () => open && pipeline.accepting;
  const face = { listen, hosts, adminKey, uiDir, version: VERSION, pipeline, live, api, metrics, log, ready };
  const server = await startServer(face);
  life.add('server', () => server.close());
  const close = () => {
    open = false;
    return life.close();
  };
  return { url: server.url, close };
}

/** How long a question waits for rows that are accepted and not stored yet. */
const SETTLE_MS = 3_000;

function observe(metrics: Metrics, live: Live, store: StoreClient): void {
  metrics.gauge('signalbox_live_clients', 'Listeners of /ws/live', () => live.clients);
  metrics.gauge(
    'signalbox_live_dropped_messages',
    'Live messages that listeners were too slow for',
    () => live.dropped,
  );
  metrics.gauge('signalbox_store_waiting_questions', 'Questions in line for the store', () => store.waiting);
}
