// /ws/live: every new request to every listener, at once and at nobody's cost. A listener that reads too slowly loses
// messages and is told how many; the collector never waits for one.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { LiveMessage } from '../schemas/api.ts';
import type { SpanBatch } from '../schemas/span.ts';
import { summariesOf } from './summaries.ts';

const MAX_CLIENTS = 200;
const MAX_BUFFERED = 1024 * 1024;
const MAX_PAYLOAD = 64 * 1024;
const PING_MS = 30_000;

interface Listener {
  readonly socket: WebSocket;
  /** Messages it did not get since it was last told. */
  missed: number;
  alive: boolean;
}

export class Live {
  readonly #version: string;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  readonly #listeners = new Set<Listener>();
  readonly #pings: NodeJS.Timeout;
  #dropped = 0;

  constructor(version: string) {
    this.#version = version;
    this.#pings = setInterval(() => this.#ping(), PING_MS).unref();
  }

  get clients(): number {
    return this.#listeners.size;
  }

  /** Messages that a listener was too slow for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes over a connection whose upgrade was allowed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#listeners.size >= MAX_CLIENTS) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#greet(client));
  }

  /** New spans; nothing is done when nobody listens. */
  publish(batch: SpanBatch): void {
    if (this.#listeners.size === 0) return;
    for (const trace of summariesOf(batch)) {
      const text = JSON.stringify({ type: 'trace', trace } satisfies LiveMessage);
      for (const listener of this.#listeners) this.#send(listener, text);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    for (const { socket } of this.#listeners) socket.close(1001, 'the collector is stopping');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const patience = setTimeout(() => this.#server.clients.forEach((client) => client.terminate()), 1_000);
    await promise;
    clearTimeout(patience);
  }

  #greet(socket: WebSocket): void {
    const listener: Listener = { socket, missed: 0, alive: true };
    this.#listeners.add(listener);
    socket.on('close', () => this.#listeners.delete(listener));
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => (listener.alive = true));
    this.#send(listener, JSON.stringify({ type: 'hello', version: this.#version } satisfies LiveMessage));
  }

  #send(listener: Listener, text: string): void {
    const { socket } = listener;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) {
      listener.missed++;
      this.#dropped++;
      return;
    }
    if (listener.missed > 0) {
      socket.send(JSON.stringify({ type: 'dropped', count: listener.missed } satisfies LiveMessage));
      listener.missed = 0;
    }
    socket.send(text);
  }

  #ping(): void {
    for (const listener of this.#listeners) {
      if (!listener.alive) listener.socket.terminate();
      listener.alive = false;
      listener.socket.ping();
    }
  }
}
