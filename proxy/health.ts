// Health and metrics, beside the calls on the address of the data path.

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

type Page = (health: Health) => Promise<Answer>;

const TEXT = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

/** Path to page. */
const PAGES: ReadonlyMap<string, Page> = new Map([
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

/** Makes a page; a page that cannot be made is a 503, never an exception. */
async function makePage(page: Page, health: Health, log: Logger): Promise<Answer> {
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
    void makePage(page, health, log).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
    return true;
  };
}
