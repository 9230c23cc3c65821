// The end of a worker: no new connections, calls under way may finish, and the ones that do not are ended as their
// dialect ends a broken stream.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataServer } from './server.ts';

const LOOK_MS = 25;
/** For the last error events to reach their clients. */
const FLUSH_MS = 250;

export async function drain({ server, http2, open }: DataServer, patienceMs: number): Promise<void> {
  if (server.listening) server.close();
  server.closeIdleConnections();
  http2.close();
  // A kept-alive connection is told to go with its next answer.
  server.on('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  for (const { response } of open) response.shouldKeepAlive = false;
  await emptied(open, patienceMs);
  for (const live of open) live.stop();
  await emptied(open, FLUSH_MS);
  server.closeAllConnections();
  http2.destroy();
  await emptied(open, FLUSH_MS);
  if (!server.listening) server.close(() => {});
}

async function emptied(open: { readonly size: number }, patienceMs: number): Promise<void> {
  const until = performance.now() + patienceMs;
  while (open.size > 0 && performance.now() < until) await sleep(LOOK_MS);
}
