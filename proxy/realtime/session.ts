// One realtime session: a WebSocket to the client and one to the provider, and everything that comes on one goes out on
// the other as it is, at the pace of the slower. Either end may leave; the other one is told with the same words.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { nowUs } from '../clock.ts';
import type { Attempt } from '../exchange.ts';
import type { Cancellable, Live, Outgoing } from '../live.ts';
import { RealtimeMeter } from './events.ts';
import { upstreamProtocols } from './protocols.ts';

const MAX_MESSAGE = 32 * 1024 * 1024;
/** Waiting to be written: above it the other side is not read, below it it is again. */
const HIGH_BYTES = 1024 * 1024;
const LOW_BYTES = 256 * 1024;
/** Both ends are asked for a sign of life this often; one that gave none since the last time is gone. */
const PING_MS = 30_000;
const GOING_AWAY = 1001;
/** A control frame holds 125 bytes, two of them the code. */
const MAX_REASON = 123;
/** Codes that are only reported and never sent. */
const UNSENT: ReadonlySet<number> = new Set([1005, 1006, 1015]);

const acceptor = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE,
  handleProtocols: (offered) => (offered.has('realtime') ? 'realtime' : false),
});

/** Headers that go with the answer to a handshake. */
const greetings = new WeakMap<IncomingMessage, readonly string[]>();
acceptor.on('headers', (headers, request) => headers.push(...(greetings.get(request) ?? [])));

export interface SessionOptions {
  readonly live: Live;
  readonly attempt: Attempt;
  readonly outgoing: Outgoing;
  /** ws:// or wss:// and host. */
  readonly origin: string;
  /** Bytes of the provider's events to keep; 0 for none. */
  readonly captureBytes: number;
}

/** What the provider said instead of opening a session. */
export interface Declined {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** The provider's end, once it is open; its HTTP answer where it declined. @throws the socket's error */
export function dial({ live, outgoing, origin }: SessionOptions, timeoutMs: number): Promise<WebSocket | Declined> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket | Declined>();
  const upstream = new WebSocket(`${origin}${outgoing.path}`, upstreamProtocols(live.request.headers), {
    headers: Object.fromEntries(pairs(outgoing.headers)),
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    handshakeTimeout: timeoutMs,
    followRedirects: false,
  });
  // Messages that come with the handshake wait until somebody listens.
  upstream.on('open', () => {
    upstream.pause();
    resolve(upstream);
  });
  upstream.on('error', reject);
  upstream.on('unexpected-response', (_request, answer: IncomingMessage) => {
    void bodyOf(answer).then((body) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body }));
  });
  return promise;
}

/** Carries a session until both ends are closed. */
export class RealtimeSession implements Cancellable {
  readonly #options: SessionOptions;
  readonly #upstream: WebSocket;
  readonly #meter: RealtimeMeter;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #over = Promise.withResolvers<void>();
  #client: WebSocket | undefined;
  #captured = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions, upstream: WebSocket) {
    this.#options = options;
    this.#upstream = upstream;
    this.#meter = new RealtimeMeter(options.attempt.reading);
  }

  /** Answers the client's handshake and carries messages. Resolves when it is over. */
  run(): Promise<void> {
    const { live } = this.#options;
    live.pending = this;
    const { upgrade, request } = live;
    if (upgrade === undefined) return Promise.reject(new Error('no upgrade was asked for'));
    live.response.detachSocket(upgrade.socket as Socket);
    greetings.set(request, [`x-request-id: ${live.requestId}`, `x-signalbox-trace-id: ${live.traceId}`]);
    live.answering = true;
    live.httpStatus = 101;
    live.overheadUs += nowUs() - live.ownSinceUs;
    acceptor.handleUpgrade(request, upgrade.socket, upgrade.head, (client) => this.#join(client));
    this.#upstream.on('close', (code, reason) => this.#upstreamLeft(code, reason));
    return this.#over.promise;
  }

  cancel(): void {
    this.#options.attempt.errorType = 'cancelled';
    this.#end(GOING_AWAY, 'the client went away');
  }

  stop(): void {
    this.#end(GOING_AWAY, 'this worker is stopping');
  }

  #join(client: WebSocket): void {
    this.#client = client;
    const upstream = this.#upstream;
    client.on('message', (data, binary) => carry({ from: client, to: upstream }, data, binary));
    upstream.on('message', (data, binary) => {
      carry({ from: upstream, to: client }, data, binary);
      if (!binary) this.#read(data);
    });
    client.on('close', (code, reason) => this.#clientLeft(code, reason));
    for (const end of [client, upstream]) {
      end.on('error', () => end.terminate());
      end.on('pong', () => this.#alive.add(end));
      this.#alive.add(end);
    }
    this.#timer = setInterval(() => this.#askForLife(), PING_MS);
    upstream.resume();
  }

  #read(data: RawData): void {
    const bytes = bufferOf(data);
    const { attempt, captureBytes } = this.#options;
    attempt.responseSize += bytes.length;
    this.#meter.take(bytes.toString());
    if (this.#captured >= captureBytes) return;
    const kept = Buffer.concat([bytes, NEWLINE]).subarray(0, captureBytes - this.#captured);
    this.#captured += kept.length;
    attempt.responseBody.push(kept);
  }

  #askForLife(): void {
    for (const end of [this.#client, this.#upstream]) {
      if (end === undefined || end.readyState !== WebSocket.OPEN) continue;
      if (!this.#alive.delete(end)) end.terminate();
      else end.ping();
    }
  }

  #clientLeft(code: number, reason: Buffer): void {
    // A client that hangs up ends a session as sessions end.
    this.#options.attempt.reading.complete = true;
    leave(this.#upstream, code, reason.toString());
    this.#settle();
  }

  #upstreamLeft(code: number, reason: Buffer): void {
    const { attempt, outgoing } = this.#options;
    if (!attempt.reading.complete && attempt.errorType === '') {
      if (code === 1000 || code === 1005) attempt.reading.complete = true;
      else {
        attempt.errorType = 'truncated';
        attempt.errorMessage = `The provider "${outgoing.provider.id}" closed the session (${code}).`;
      }
    }
    if (this.#client !== undefined) leave(this.#client, code, reason.toString());
    this.#settle();
  }

  #end(code: number, reason: string): void {
    if (this.#client !== undefined) leave(this.#client, code, reason);
    leave(this.#upstream, code, reason);
  }

  /** Over when both are closed; an end that does not close in time is cut by `ws` itself. */
  #settle(): void {
    const closed = (end: WebSocket | undefined) => end === undefined || end.readyState === WebSocket.CLOSED;
    if (!closed(this.#client) || !closed(this.#upstream)) return;
    clearInterval(this.#timer);
    this.#options.live.pending = undefined;
    this.#over.resolve();
  }
}

const NEWLINE = Buffer.from('\n');

function carry({ from, to }: { readonly from: WebSocket; readonly to: WebSocket }, data: RawData, binary: boolean) {
  if (to.readyState !== WebSocket.OPEN) return;
  to.send(data, { binary }, () => {
    if (from.isPaused && to.bufferedAmount < LOW_BYTES) from.resume();
  });
  if (to.bufferedAmount > HIGH_BYTES) from.pause();
}

function leave(end: WebSocket, code: number, reason: string): void {
  // A paused socket never sees the other side's goodbye.
  if (end.isPaused) end.resume();
  if (end.readyState === WebSocket.CONNECTING) end.terminate();
  else if (end.readyState === WebSocket.OPEN) {
    if (UNSENT.has(code)) end.close();
    else end.close(code, Buffer.from(reason).subarray(0, MAX_REASON));
  }
}

function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function pairs(headers: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) found.push([headers[at] ?? '', headers[at + 1] ?? '']);
  return found;
}

const MAX_DECLINED = 64 * 1024;

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_DECLINED) break;
    }
  } catch {
    // What came of it is as good as it gets.
  }
  return Buffer.concat(chunks);
}
