// Starts the data path: as a worker that is handed its connections, or with a listener of its own.

import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { splitAddress } from '../runtime/address.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import type { Config } from '../schemas/config.ts';
import { drain } from './drain.ts';
import { aside, type Health } from './health.ts';
import { ProxyMetrics } from './metrics.ts';
import { openRecorder } from './report/recorder.ts';
import type { Recorder } from './report/types.ts';
import { createDataServer, type DataServer } from './server.ts';
import { createServices, type Services } from './services.ts';
import { createPipeline } from './stages/index.ts';

export interface WorkerOptions {
  readonly config: Config;
  /** Where the spool of the report goes, below `proxy/WRITER_ID`. */
  readonly dataDir: string;
  readonly writerId: string;
  /** The durable one unless said. */
  readonly recorder?: Recorder;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** The metrics of all workers; this one's alone unless said. */
  readonly mergedMetrics?: () => Promise<string>;
}

export interface Worker {
  readonly server: Server;
  /** Takes over a connection that another process accepted. */
  connection(socket: Socket): void;
  /** Drains: streams may finish for `proxy.drain`, the rest gets its dialect's error event. Idempotent. */
  close(): Promise<void>;
}

export function startWorker(options: WorkerOptions): Worker {
  const worker = build(options);
  // Node arms its timeouts for slow clients when a server starts to listen; this one never does.
  worker.server.emit('listening');
  return worker;
}

/**
 * The same with a listener of its own, on `config.proxy.listen` (port 0: any).
 * @throws the listener's error
 */
export async function startProxy(options: WorkerOptions): Promise<{ url: string; close(): Promise<void> }> {
  const worker = build(options);
  const { server } = worker;
  const { host, port } = splitAddress(options.config.proxy.listen);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog: 4096 }, resolve);
  await promise;
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => worker.close(),
  };
}

function build(options: WorkerOptions): Worker {
  const { config, dataDir, writerId } = options;
  const log = options.log ?? createLogger('proxy');
  const metrics = options.metrics ?? new Metrics();
  const recorder = options.recorder ?? openRecorder({ config, dataDir, writerId, log, metrics });
  const services = createServices({ config, log, metrics: new ProxyMetrics(metrics), recorder, dataDir });
  let closing: Promise<void> | undefined;
  const health: Health = {
    ready: () => closing === undefined,
    metrics: options.mergedMetrics ?? (() => Promise.resolve(metrics.text())),
  };
  const data = createDataServer(services, createPipeline(services), aside(health, log));
  return {
    server: data.server,
    connection: (socket) => void data.server.emit('connection', socket),
    close: () => (closing ??= stop(services, data)),
  };
}

async function stop(services: Services, data: DataServer): Promise<void> {
  await drain(data, services.config.proxy.drain);
  services.sweep.close();
  services.tokens.close();
  await Promise.all([...services.providers.values()].map(({ upstream }) => upstream.close()));
  services.recorder.close();
}
