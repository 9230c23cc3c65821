// Clients that speak HTTP/2 from their first byte, as AWS's SDK for JavaScript does to Bedrock. The listener is node:http's;
// when its parser meets the preface of HTTP/2, the connection goes on in node:http2, with what was read of it. Calls
// then look alike: both modules have the same requests and responses, as far as the data path uses them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** node's own names for what it ties to a connection; nothing public unties it. */
interface Parsed extends Duplex {
  readonly parser?: { unconsume?(): void; remove?(): void };
  readableFlowing: boolean | null;
}

/** True for a client who left in the middle of its request: of HTTP/2 that looks like the end of one. */
export function leftSending(request: IncomingMessage): boolean {
  if (request.httpVersionMajor < 2) return false;
  const { stream, aborted } = request as unknown as Http2ServerRequest;
  return aborted || stream?.closed !== false;
}

/** True where not all of an answer was sent: a response of HTTP/2 calls itself finished whenever it is over. */
export function wasCut({ req, writableFinished, writableEnded }: ServerResponse): boolean {
  if (req.httpVersionMajor < 2) return !writableFinished;
  return !writableEnded || (req as unknown as Http2ServerRequest).stream?.rstCode > 0;
}

const PREFACE = 'HPE_PAUSED_H2_UPGRADE';
const SETTINGS = { maxConcurrentStreams: 128 };
/** A session without traffic for this long takes no new calls, and ends with the last of its own. */
const IDLE_MS = 65_000;

export class Http2Door {
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #server = createServer({ settings: SETTINGS });

  constructor(take: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#server.on('request', (request, response) =>
      take(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    );
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.setTimeout(IDLE_MS, () => session.close());
      session.once('close', () => this.#sessions.delete(session));
    });
    // A session that breaks ends its calls; there is nobody to tell.
    this.#server.on('sessionError', () => {});
  }

  /** Takes over a connection whose first bytes are the preface of HTTP/2; false where they are something else. */
  enter({ code, rawPacket }: ParserError, socket: Duplex): boolean {
    if (code !== PREFACE || rawPacket === undefined) return false;
    const parsed = socket as Parsed;
    parsed.parser?.unconsume?.();
    // Or the listener would look for a request that never ends.
    parsed.parser?.remove?.();
    for (const event of ['data', 'end', 'error', 'timeout', 'drain', 'pause', 'resume'])
      parsed.removeAllListeners(event);
    // Unlike in HTTP/1.1, who ends its side is gone.
    parsed.allowHalfOpen = false;
    // Nobody listens at this moment: what is put back must wait.
    parsed.readableFlowing = null;
    parsed.unshift(rawPacket);
    this.#server.emit('connection', socket as Socket);
    return true;
  }

  /** No new calls; those under way may finish. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
