// A provider that is reached over HTTP: its address taken apart once, and a pool of kept-alive connections per origin.

import { Pool } from 'undici';
import type { Upstream, UpstreamHandler, UpstreamRequest } from './types.ts';

/** The system's own limit on a connection attempt; routes have shorter ones, which the relay watches. */
const CONNECT_MS = 60_000;

export interface BaseUrl {
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** '' or `/v1`, without a slash at its end. */
  readonly path: string;
}

export function readBaseUrl(text: string): BaseUrl {
  const url = new URL(text);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { origin: url.origin, host: url.hostname, port, path: url.pathname.replace(/\/+$/, '') };
}

/** `/openai/v1` without its version: what a passthrough path, which brings its own, is put after. */
export function withoutVersion(path: string): string {
  return path.replace(/\/v\d+(?:alpha|beta)?\d*$/, '');
}

/**
 * undici's own timers are off: one sweep over all calls (proxy/sweep.ts) keeps every deadline.
 * HTTP/1.1 on purpose: one lost connection is one lost call, and a cancelled call frees its connection at once.
 */
export class HttpUpstream implements Upstream {
  readonly #pool: Pool;

  constructor(origin: string) {
    this.#pool = new Pool(origin, {
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_MS },
    });
  }

  dispatch(request: UpstreamRequest, handler: UpstreamHandler): void {
    this.#pool.dispatch({ ...request, body: request.body ?? null }, handler);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
