// A child process of the supervisor: it is told which part to be, starts it, and obeys until it is told to stop.

import type { Socket } from 'node:net';
import { Metrics } from './metrics.ts';
import { createLogger, messageOf, type Logger } from './log.ts';
import type { FromChild, PartName, PartOptions, ToChild } from './child.ts';

/** What a part does for its process. */
export interface Running {
  close(): Promise<void>;
  connection?(socket: Socket): void;
  writers?(alive: readonly string[]): void;
}

export interface PartContext {
  readonly options: PartOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The metrics of all proxy processes, as one text. */
  readonly mergedMetrics: () => Promise<string>;
}

export type Starts = Readonly<Record<PartName, (context: PartContext) => Promise<Running>>>;

const SETTLE_MS = 3_000;

/** A writer counts as dead only when it has been missing for a while: its directory may be quicker than the news of it. */
export class AliveWriters {
  #ids: ReadonlySet<string> | undefined;
  readonly #missingSince = new Map<string, number>();

  set(ids: readonly string[]): void {
    this.#ids = new Set(ids);
    for (const id of ids) this.#missingSince.delete(id);
  }

  has(id: string): boolean {
    if (this.#ids === undefined || this.#ids.has(id)) return true;
    const since = this.#missingSince.get(id) ?? performance.now();
    this.#missingSince.set(id, since);
    return performance.now() - since < SETTLE_MS;
  }
}

/** Runs in the child process: waits for `start`, then serves the supervisor's messages. */
export function startPart(starts: Starts): void {
  const metrics = new Metrics();
  const merges = new MetricsMerge();
  let running: Running | undefined;
  let log = createLogger('child');
  let stopping = false;

  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await running?.close();
    process.exit(0);
  };
  const start = async (part: PartName, options: PartOptions) => {
    log = createLogger(part);
    try {
      running = await starts[part]({ options, log, metrics, mergedMetrics: () => merges.ask() });
      tell({ type: 'ready' });
    } catch (error) {
      tell({ type: 'failed', message: messageOf(error) });
      log.error('could not start', { error: messageOf(error) });
      process.exit(1);
    }
  };
  process.on('message', (message: ToChild, handle: unknown) => {
    if (message.type === 'connection') takeConnection(running, handle as Socket | undefined, message.id);
    else if (message.type === 'start') void start(message.part, message.options);
    else if (message.type === 'writers') running?.writers?.(message.alive);
    else if (message.type === 'metrics') tell({ type: 'metrics', id: message.id, text: metrics.text() });
    else if (message.type === 'merged') merges.answer(message.id, message.text);
    else void stop();
  });
  // Without its supervisor a part drains and ends; nobody would restart it or stop it.
  process.on('disconnect', () => void stop());
  // Ctrl C reaches the whole terminal group; only the supervisor decides.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  const fatal = (error: unknown) => {
    log.error('an error reached the top and ends this process', {
      error: messageOf(error),
      name: error instanceof Error ? error.name : '',
    });
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
}

/** A socket that was closed on its way arrives as nothing. */
function takeConnection(running: Running | undefined, socket: Socket | undefined, id: number): void {
  tell({ type: 'took', id });
  if (socket && running?.connection) running.connection(socket);
  else socket?.destroy();
}

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

/** Questions to the supervisor for everybody's metrics, answered by id. */
class MetricsMerge {
  #next = process.pid * 1_000_000;
  readonly #open = new Map<number, (text: string) => void>();

  ask(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const id = this.#next++;
    this.#open.set(id, resolve);
    tell({ type: 'merge', id });
    return promise;
  }

  answer(id: number, text: string): void {
    this.#open.get(id)?.(text);
    this.#open.delete(id);
  }
}
