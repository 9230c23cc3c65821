// The words between the supervisor and its children, and both ends of the line: a child that is started, restarted
// with back-off when it dies, and stopped; and the child's own side.

import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Config } from '../schemas/config.ts';
import { within } from './lifecycle.ts';
import type { Logger } from './log.ts';

export type PartName = 'collector' | 'proxy' | 'reporter';

export interface PartOptions {
  readonly config: Config;
  readonly dataDir: string;
  /** Of a proxy worker: the name of its spool; a new one for every life. */
  readonly writerId: string;
}

export type ToChild =
  | { readonly type: 'start'; readonly part: PartName; readonly options: PartOptions }
  | { readonly type: 'connection'; readonly id: number }
  /** Which proxy workers live: all other spools are complete. */
  | { readonly type: 'writers'; readonly alive: readonly string[] }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'merged'; readonly id: number; readonly text: string }
  | { readonly type: 'stop' };

export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  /** The connection is the child's now; until then it is handed to another should this one die. */
  | { readonly type: 'took'; readonly id: number }
  | { readonly type: 'metrics'; readonly id: number; readonly text: string }
  | { readonly type: 'merge'; readonly id: number };

export interface ChildOptions {
  readonly part: PartName;
  readonly entry: string;
  readonly log: Logger;
  /** Made anew for every life. */
  readonly start: () => PartOptions;
  readonly onReady?: () => void;
  readonly onExit?: (writerId: string) => void;
  readonly onMessage?: (message: FromChild) => void;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** A life this long was a good one: the next death starts with the shortest delay again. */
const GOOD_LIFE_MS = 30_000;

export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #life: PartOptions | undefined;
  #startedAt = 0;
  #delay = FIRST_DELAY_MS;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #ready = false;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#first.promise.catch(() => {});
    this.#spawn();
  }

  /** Resolves when the first life is ready; rejects with its reason when it refused to start. */
  get started(): Promise<void> {
    return this.#first.promise;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get writerId(): string {
    return this.#life?.writerId ?? '';
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Sends as well as it can: a child that is dying may not get it. The socket stays open here too. */
  send(message: ToChild, socket?: Socket): void {
    if (this.#process?.connected) this.#process.send(message, socket, { keepOpen: true }, () => {});
  }

  /** Asks the child to drain; kills it when it takes longer than `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send({ type: 'stop' });
    if (await within(patienceMs, gone)) return;
    this.#options.log.warn('a process did not stop in time and is killed', { name: this.#options.part });
    child.kill('SIGKILL');
    await gone;
  }

  kill(): void {
    this.#stopping = true;
    this.#process?.kill('SIGKILL');
  }

  #spawn(): void {
    const life = this.#options.start();
    const child = fork(this.#options.entry, ['--child', this.#options.part], {
      serialization: 'json',
      env: childEnvironment(),
    });
    this.#process = child;
    this.#life = life;
    this.#startedAt = performance.now();
    child.on('message', (message) => this.#hear(message as FromChild));
    child.on('error', (error) =>
      this.#options.log.error('a process could not be started', { name: this.#options.part, error: error.message }),
    );
    child.on('exit', (code, signal) => this.#exited({ code, signal, writerId: life.writerId }));
    child.send({ type: 'start', part: this.#options.part, options: life } satisfies ToChild);
  }

  #hear(message: FromChild): void {
    if (message.type === 'ready') {
      this.#ready = true;
      this.#options.log.info('ready', { name: this.#options.part, pid: this.#process?.pid });
      this.#first.resolve();
      this.#options.onReady?.();
    } else if (message.type === 'failed') {
      this.#first.reject(new Error(message.message));
    } else {
      this.#options.onMessage?.(message);
    }
  }

  #exited(end: { code: number | null; signal: string | null; writerId: string }): void {
    this.#ready = false;
    this.#first.reject(
      new Error(`the ${this.#options.part} process ended before it was ready (${end.signal ?? end.code})`),
    );
    this.#options.onExit?.(end.writerId);
    if (this.#stopping) return;
    if (performance.now() - this.#startedAt > GOOD_LIFE_MS) this.#delay = FIRST_DELAY_MS;
    this.#options.log.error('a process died and is started again', {
      name: this.#options.part,
      code: end.code ?? undefined,
      signal: end.signal ?? undefined,
      delay_ms: this.#delay,
    });
    this.#timer = setTimeout(() => this.#spawn(), this.#delay);
    this.#delay = Math.min(LONGEST_DELAY_MS, this.#delay * 2);
  }
}

/** The thread pool's size counts only before a process starts; every busy store connection holds one of its threads. */
function childEnvironment(): NodeJS.ProcessEnv {
  return { UV_THREADPOOL_SIZE: '16', ...process.env };
}
