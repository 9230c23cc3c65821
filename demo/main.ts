// The demo: simulated providers, the config that points Signalbox at them, and then traffic with scripted incidents.

import { messageOf, type Logger } from '../runtime/log.ts';
import { demoConfig, type DemoConfig } from './config.ts';
import { activeAt, type Incident } from './incidents.ts';
import { DEPLOYMENTS } from './models.ts';
import { startProvider, type Provider } from './providers/server.ts';
import { fillHistory } from './traffic/history.ts';
import { LiveTraffic } from './traffic/live.ts';

export interface DemoOptions {
  readonly log: Logger;
  readonly seed?: string;
  /** Model calls a second. */
  readonly rate?: number;
  /** Hours of history to fill in. */
  readonly hours?: number;
}

export interface Addresses {
  /** HOST:PORT of the running proxy and collector. */
  readonly proxy: string;
  readonly collector: string;
}

export interface Demo {
  readonly config: DemoConfig;
  /** Fills in the history and starts the traffic. Returns at once. */
  start(addresses: Addresses): Running;
}

export interface Running {
  close(): Promise<void>;
}

/** Starts the simulated providers, so that the config can name their addresses. */
export async function prepareDemo({ log, seed = 'signalbox', rate = 6, hours = 24 }: DemoOptions): Promise<Demo> {
  const epoch = Date.now();
  const active = () => activeAt(Date.now() - epoch);
  const providers = await Promise.all(
    DEPLOYMENTS.map((deployment) => startProvider({ deployment, port: 0, seed, active, pace: 1 })),
  );
  const config = demoConfig(providers);
  return {
    config,
    start: ({ proxy, collector }) => {
      const urls = { proxy: `http://${proxy}`, collector: `http://${collector}` };
      const traffic = new LiveTraffic({ ...urls, seed: `${seed}/${epoch}`, rate, active, log });
      const stop = new AbortController();
      const watching = announce(active, log);
      const history = fillHistory({ config, collector: urls.collector, seed, epoch, rate, hours, signal: stop.signal });
      const done = Promise.all([
        traffic.run(),
        history.then(
          (spans) => log.info('history filled in', { spans, hours }),
          (error: unknown) => log.warn('the history is incomplete', { reason: messageOf(error) }),
        ),
      ]);
      return {
        close: async () => {
          stop.abort();
          clearInterval(watching);
          await traffic.close();
          await done;
          await closeAll(providers);
        },
      };
    },
  };
}

async function closeAll(providers: readonly Provider[]): Promise<void> {
  await Promise.all(providers.map((provider) => provider.close()));
}

/** One line when an incident begins, one when it is over. */
function announce(active: () => readonly Incident[], log: Logger): NodeJS.Timeout {
  let before: readonly Incident[] = [];
  return setInterval(() => {
    const now = active();
    for (const { id, title } of now.filter((incident) => !before.includes(incident)))
      log.info(`incident begins: ${title}`, { incident: id });
    for (const { id, title } of before.filter((incident) => !now.includes(incident)))
      log.info(`incident is over: ${title}`, { incident: id });
    before = now;
  }, 500);
}
