// Runs the parts as processes of their own: a collector, proxy workers, a reporter. The supervisor holds the proxy's
// port itself and hands each connection to a worker, so that while a worker restarts nobody is refused, only kept
// waiting; the bytes never pass through here.

import { createServer, type Server, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Config } from '../schemas/config.ts';
import { splitAddress } from './address.ts';
import { Child, type FromChild, type PartName } from './child.ts';
import { StartError } from './lock.ts';
import type { Logger } from './log.ts';
import { mergeMetrics } from './metrics.ts';

export interface SupervisorOptions {
  readonly config: Config;
  readonly dataDir: string;
  /** The file that a child process runs. */
  readonly entry: string;
  readonly roles: readonly ('collector' | 'proxy')[];
  readonly log: Logger;
}

const DRAIN_GRACE_MS = 5_000;
const FLUSH_MS = 15_000;
const MAX_WAITING = 1_000;
/** A worker that has not said in this time that it has a connection never got it. */
const LOST_MS = 30_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers: Child[] = [];
  readonly #waiting: Socket[] = [];
  /** Handed to a worker that has not said yet that it has them. */
  readonly #handed = new Map<number, { readonly socket: Socket; readonly worker: Child; readonly at: number }>();
  readonly #alive = new Set<string>();
  readonly #merges = new Map<number, { left: number; texts: string[]; done: (text: string) => void }>();
  #listener: Server | undefined;
  #reporter: Child | undefined;
  #collector: Child | undefined;
  #next = 0;
  #connections = 0;
  #lives = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Starts every part; resolves when all are ready.
   * @throws StartError in one plain sentence: a port is taken, a directory is locked, a part refused to start
   */
  async start(): Promise<void> {
    const { roles, config } = this.#options;
    if (roles.includes('proxy')) this.#listener = await this.#listen(config.proxy.listen);
    const parts: Child[] = [];
    if (roles.includes('collector')) parts.push((this.#collector = this.#child('collector')));
    if (roles.includes('proxy')) {
      const count = config.proxy.workers === 'auto' ? Math.max(1, availableParallelism() - 1) : config.proxy.workers;
      for (let index = 0; index < count; index++) this.#workers.push(this.#child('proxy'));
      this.#reporter = this.#child('reporter');
      parts.push(...this.#workers, this.#reporter);
    }
    try {
      await Promise.all(parts.map((part) => part.started));
    } catch (error) {
      this.kill();
      throw new StartError(error instanceof Error ? error.message : String(error));
    }
  }

  /** Drains: no new connections, running calls may finish, spans are flushed, then the store closes. */
  async stop(): Promise<void> {
    this.#listener?.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    const patience = this.#options.config.proxy.drain + DRAIN_GRACE_MS;
    await Promise.all(this.#workers.map((worker) => worker.stop(patience)));
    await this.#reporter?.stop(FLUSH_MS);
    await this.#collector?.stop(FLUSH_MS);
  }

  /** Ends everything at once. */
  kill(): void {
    this.#listener?.close();
    for (const child of [...this.#workers, this.#reporter, this.#collector]) child?.kill();
  }

  #child(part: PartName): Child {
    const { config, dataDir, entry, log } = this.#options;
    const child: Child = new Child({
      part,
      entry,
      log,
      start: () => {
        const writerId = `${part}-${Date.now().toString(36)}-${++this.#lives}`;
        if (part === 'proxy') {
          this.#alive.add(writerId);
          this.#tellWriters();
        }
        return { config, dataDir, writerId };
      },
      onReady: () => {
        if (part === 'proxy') this.#handOutWaiting();
        if (part === 'reporter') this.#tellWriters();
      },
      onExit: (writerId) => {
        if (this.#alive.delete(writerId)) this.#tellWriters();
        this.#takeBack(child);
      },
      onMessage: (message) => this.#hear(message),
    });
    return child;
  }

  #tellWriters(): void {
    this.#reporter?.send({ type: 'writers', alive: [...this.#alive] });
  }

  async #listen(address: string): Promise<Server> {
    const { host, port } = splitAddress(address);
    const server = createServer({
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    });
    server.on('connection', (socket) => this.#handOut(socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => resolve());
    try {
      await promise;
    } catch (error) {
      throw new StartError(listenProblem('proxy', address, error));
    }
    server.on('error', (error) => this.#options.log.error('the proxy listener failed', { error: error.message }));
    return server;
  }

  #handOut(socket: Socket): void {
    this.#forgetLost();
    const ready = this.#workers.filter((worker) => worker.ready);
    const worker = ready[this.#next++ % Math.max(1, ready.length)];
    if (worker) {
      const id = ++this.#connections;
      this.#handed.set(id, { socket, worker, at: performance.now() });
      worker.send({ type: 'connection', id }, socket);
    } else if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(socket);
    } else {
      socket.destroy();
    }
  }

  /** A worker without a free file gets the message and not the socket, and nobody says so: its client must not hang. */
  #forgetLost(): void {
    for (const [id, { at }] of this.#handed) {
      if (performance.now() - at < LOST_MS) return;
      this.#letGo(id);
    }
  }

  /** Connections that a dead worker never took have not been read: another can have them. */
  #takeBack(dead: Child): void {
    for (const [id, { socket, worker }] of this.#handed) {
      if (worker !== dead) continue;
      this.#handed.delete(id);
      this.#handOut(socket);
    }
  }

  #handOutWaiting(): void {
    for (const socket of this.#waiting.splice(0)) this.#handOut(socket);
  }

  #hear(message: FromChild): void {
    if (message.type === 'merge') this.#merge(message.id);
    else if (message.type === 'took') this.#letGo(message.id);
    else if (message.type === 'metrics') this.#collect(message);
  }

  /** Closes this process's copy of the socket; the worker's lives on. */
  #letGo(id: number): void {
    this.#handed.get(id)?.socket.destroy();
    this.#handed.delete(id);
  }

  /** One worker was asked for /metrics and wants everybody's. */
  #collect(message: { readonly id: number; readonly text: string }): void {
    const merge = this.#merges.get(message.id);
    if (!merge) return;
    merge.texts.push(message.text);
    if (--merge.left > 0) return;
    this.#merges.delete(message.id);
    merge.done(mergeMetrics(merge.texts));
  }

  #merge(id: number): void {
    const asked = [...this.#workers, this.#reporter].filter((child) => child?.ready);
    const done = (text: string) => {
      for (const worker of this.#workers) worker.send({ type: 'merged', id, text });
    };
    this.#merges.set(id, { left: asked.length, texts: [], done });
    for (const child of asked) child?.send({ type: 'metrics', id });
  }
}

/** Why a port could not be had, and what to do. */
export function listenProblem(part: 'proxy' | 'collector', address: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const variable = `SIGNALBOX_${part.toUpperCase()}_LISTEN`;
  if (code === 'EADDRINUSE')
    return `${part}: ${address} is already in use: stop what listens there, or set ${part}.listen (or ${variable})`;
  if (code === 'EACCES')
    return `${part}: this user may not listen on ${address}: choose a port above 1023 in ${part}.listen (or ${variable})`;
  if (code === 'EADDRNOTAVAIL')
    return `${part}: this machine has no address ${address}: correct ${part}.listen (or ${variable})`;
  return `${part}: cannot listen on ${address} (${code})`;
}
