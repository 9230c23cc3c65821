// Bounds a worker's client connections by the files it may open: each call needs another one, to its provider. Idle
// connections make room first, the oldest before the others; who comes when there is no room is told to come again.

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** For the spool, the log, and everything else that is no connection. */
const OTHER_FILES = 64;

/** Of all places, what is made free at once. */
const ROOM = 0.1;

/** The response that a connection is busy with. node's own name for it: nothing public says it. */
export function responseOf(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { readonly ['_httpMessage']?: ServerResponse | null })['_httpMessage'] ?? undefined;
}

export class Connections {
  readonly #most: number;
  readonly #open = new Set<Socket>();
  readonly #late = new WeakSet<Socket>();
  /** Connections of several calls at once: whether one is idle is not to be seen here. */
  readonly #shared = new WeakSet<Duplex>();

  /** @param files that this process may open */
  constructor(server: Server, files: number) {
    this.#most = Math.max(1, Math.floor((files - OTHER_FILES) / 2));
    server.prependListener('connection', (socket: Socket) => this.#enter(socket));
  }

  /** True for a connection that came when there was no room: its request is refused. */
  isLate(socket: Socket): boolean {
    return this.#late.has(socket);
  }

  share(socket: Duplex): void {
    this.#shared.add(socket);
  }

  #enter(socket: Socket): void {
    if (this.#open.size >= this.#most) this.#makeRoom();
    if (this.#open.size >= this.#most) this.#late.add(socket);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  #makeRoom(): void {
    for (const each of this.#open) {
      if (this.#open.size <= this.#most * (1 - ROOM)) return;
      // One that never had an answer may have its first request on the way.
      if (each.bytesWritten === 0 || responseOf(each) !== undefined || this.#shared.has(each)) continue;
      each.destroy();
      this.#open.delete(each);
    }
  }
}
