// Takes a request's body off the wire, within its limits: one body, all bodies together, what it unpacks to.

import { GatewayError } from '../schemas/errors.ts';
import { leftSending } from './http2.ts';
import { stopping, type Live } from './live.ts';
import type { Services } from './services.ts';
import { canUnpack, unpackWhole } from './stream/unpack.ts';

/** The client left before its request was whole. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads the whole body, as sent.
 * @throws GatewayError too_large, overload; ClientGone
 */
export function readBody(services: Services, live: Live): Promise<Buffer> {
  const { request } = live;
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > services.config.proxy.max_body) return Promise.reject(tooLarge(services));
  if (declared > 0) reserve(services, live, declared);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (error: Error) => {
    request.removeListener('data', take);
    live.pending = undefined;
    reject(error);
  };
  const take = (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > services.config.proxy.max_body) stop(tooLarge(services));
    else if (size > live.budgeted && !tryReserve(services, live, size - live.budgeted)) stop(overloaded());
  };
  request.on('data', take);
  request.on('end', () => {
    if (leftSending(request)) return stop(new ClientGone('the client gave the call up while it was sending'));
    live.pending = undefined;
    resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size));
  });
  const gone = () => {
    if (!request.complete) stop(new ClientGone('the client went away while it was sending'));
  };
  live.pending = { cancel: gone, stop: () => stop(stopping()) };
  request.on('close', gone);
  request.on('error', gone);
  return promise;
}

/** Gives back what the body took of the budget. */
export function releaseBody(services: Services, live: Live): void {
  services.metrics.inflightBytes -= live.budgeted;
  live.budgeted = 0;
}

/**
 * Unpacks a compressed body.
 * @throws GatewayError media, too_large, bad_request, overload
 */
export async function unpackBody(services: Services, live: Live, packed: Buffer): Promise<Buffer> {
  const encoding = live.request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return packed;
  if (!canUnpack(encoding)) {
    throw new GatewayError('media', 'The content-encoding of a request must be one of gzip, deflate or br, once.');
  }
  let body: Buffer;
  try {
    body = await unpackWhole(encoding, packed, services.config.proxy.max_body);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(services);
    throw new GatewayError('bad_request', `The body is not valid ${encoding}.`, { cause: error });
  }
  reserve(services, live, body.length);
  return body;
}

function reserve(services: Services, live: Live, size: number): void {
  if (!tryReserve(services, live, size)) throw overloaded();
}

function tryReserve({ metrics, config }: Services, live: Live, size: number): boolean {
  if (metrics.inflightBytes + size > config.proxy.max_inflight_bytes) return false;
  metrics.inflightBytes += size;
  live.budgeted += size;
  return true;
}

function tooLarge({ config }: Services): GatewayError {
  return new GatewayError('too_large', `The body is larger than ${config.proxy.max_body} bytes (proxy.max_body).`);
}

function overloaded(): GatewayError {
  return new GatewayError('overload', 'Too many bytes of request bodies are in flight; try again in a moment.', {
    retryAfterMs: 1_000,
  });
}
