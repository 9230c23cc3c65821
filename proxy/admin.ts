// Health and metrics: on the data path's own address for whoever has only that one, and as a face of its own on
// `proxy.admin_listen`.

import type { Server } from 'node:http';
import express from 'express';
import { messageOf, type Logger } from '../runtime/log.ts';
import type { Aside } from './server.ts';

export interface Health {
  /** False from the first moment of draining. */
  ready(): boolean;
  /** Prometheus text of all workers. */
  metrics(): Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

const PAGES: ReadonlyMap<string, (health: Health) => Promise<Answer>> = new Map([
  ['/healthz', () => Promise.resolve({ status: 200, type: TEXT, body: 'ok\n' })],
  [
    '/readyz',
    (health: Health) =>
      Promise.resolve(
        health.ready()
          ? { status: 200, type: TEXT, body: 'ready\n' }
          : { status: 503, type: TEXT, body: 'draining: no new work is taken\n' },
      ),
  ],
  ['/metrics', async (health: Health) => ({ status: 200, type: PROMETHEUS, body: await health.metrics() })],
]);

const FAILED: Answer = { status: 503, type: TEXT, body: 'not available right now\n' };

async function answer(page: (health: Health) => Promise<Answer>, health: Health, log: Logger): Promise<Answer> {
  try {
    return await page(health);
  } catch (error) {
    log.warn('a health page could not be made', { error: messageOf(error) });
    return FAILED;
  }
}

/** The pages for the data path's listener. */
export function aside(health: Health, log: Logger): Aside {
  return (path, request, response) => {
    const page = request.method === 'GET' || request.method === 'HEAD' ? PAGES.get(path) : undefined;
    if (page === undefined) return false;
    void answer(page, health, log).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
    return true;
  };
}

/** The same pages on an address of their own. */
export function listenAdmin(health: Health, log: Logger, at: { host: string; port: number }): Promise<Server> {
  const app = express();
  app.disable('x-powered-by');
  for (const [path, page] of PAGES) {
    app.get(path, async (_request, response) => {
      const { status, type, body } = await answer(page, health, log);
      response.status(status).set('content-type', type).send(body);
    });
  }
  app.use((_request, response) => void response.status(404).type('text/plain').send('not found\n'));
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = app.listen(at.port, at.host, () => resolve(server));
  server.once('error', reject);
  return promise;
}
