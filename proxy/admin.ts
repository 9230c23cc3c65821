// The admin face: health and metrics on an address of their own (`proxy.admin_listen`). Loaded only where it is
// configured; the data path has no framework on it.

import type { Server } from 'node:http';
import express from 'express';
import type { Logger } from '../runtime/log.ts';
import { makePage, PAGES, type Health } from './health.ts';

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

/** @throws the listener's error */
export function listenAdmin(health: Health, log: Logger, at: AdminAddress): Promise<Server> {
  const app = express();
  app.disable('x-powered-by');
  for (const [path, page] of PAGES) {
    app.get(path, async (_request, response) => {
      const { status, type, body } = await makePage(page, health, log);
      response.status(status).set('content-type', type).send(body);
    });
  }
  app.use((_request, response) => void response.status(404).type('text/plain').send('not found\n'));
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = app.listen(at.port, at.host, (error?: Error) => (error ? reject(error) : resolve(server)));
  return promise;
}
