// Signalbox as its users run it: the real command in processes of its own, on free ports, over a data directory of its
// own; its log as parsed lines, its parts by pid.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly part: string;
  readonly message: string;
  readonly name?: string;
  readonly pid?: number;
  readonly [field: string]: unknown;
}

export interface SignalboxOptions {
  /** Becomes signalbox.yaml; JSON is YAML. */
  readonly config: unknown;
  readonly command?: 'up' | 'proxy' | 'collector';
  readonly env?: Readonly<Record<string, string>>;
  /** Starts the command through another one: `prlimit --nofile=256`, for example. */
  readonly through?: readonly string[];
  /** A directory to go on with; a new one otherwise, removed by close. */
  readonly directory?: string;
}

/** Two addresses nobody listens on, at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until `check` says true; says what it waited for when it gives up. */
export async function until(what: string, check: () => Promise<boolean> | boolean, patienceMs = 30_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`waited ${patienceMs} ms in vain for: ${what}`);
    await sleep(50);
  }
}

export class Signalbox {
  readonly proxyUrl: string;
  readonly collectorUrl: string;
  readonly directory: string;
  readonly log: LogLine[] = [];
  /** What it said outside the log: the banner, a refusal to start. */
  readonly text: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<number>;
  readonly #ownsDirectory: boolean;

  private constructor(options: SignalboxOptions, ports: readonly number[]) {
    this.proxyUrl = `http://127.0.0.1:${ports[0]}`;
    this.collectorUrl = `http://127.0.0.1:${ports[1]}`;
    this.#ownsDirectory = options.directory === undefined;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'signalbox-test-'));
    const config = join(this.directory, 'signalbox.yaml');
    writeFileSync(config, JSON.stringify(options.config, null, 2));
    const command = [
      'signalbox.ts',
      options.command ?? 'up',
      '--config',
      config,
      '--data',
      join(this.directory, 'data'),
    ];
    const [program = '', ...rest] = [...(options.through ?? []), join(ROOT, 'node_modules/.bin/node'), ...command];
    this.#process = spawn(program, rest, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: '16',
        SIGNALBOX_PROXY_LISTEN: new URL(this.proxyUrl).host,
        SIGNALBOX_COLLECTOR_LISTEN: new URL(this.collectorUrl).host,
        ...options.env,
      },
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => resolve(code ?? (signal === null ? -1 : 128)));
    });
    process.once('exit', () => this.#process.kill('SIGKILL'));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#hear(line));
    }
  }

  /**
   * Starts the command and waits until it serves.
   * @throws Error with everything it said, when it ended instead
   */
  static async start(options: SignalboxOptions): Promise<Signalbox> {
    const signalbox = new Signalbox(options, await freePorts(2));
    const parts = options.command === 'collector' ? [] : [signalbox.proxyUrl];
    if (options.command !== 'proxy') parts.push(signalbox.collectorUrl);
    let ended = false;
    void signalbox.#ended.then(() => (ended = true));
    try {
      await until('readiness', async () => {
        if (ended) throw new Error('it ended');
        const ready = await Promise.all(parts.map((url) => isReady(url)));
        return ready.every(Boolean) && signalbox.text.some((line) => line.includes('is running'));
      });
    } catch (error) {
      await signalbox.close();
      throw new Error(`signalbox did not start: ${String(error)}\n${signalbox.said()}`, { cause: error });
    }
    return signalbox;
  }

  /** Everything it said, for the message of a failed test. */
  said(): string {
    return [...this.text, ...this.log.map((line) => JSON.stringify(line))].join('\n');
  }

  /** Pids of a part's processes that live now, oldest first. */
  pids(part: 'proxy' | 'reporter' | 'collector'): number[] {
    const pids = this.log.flatMap((line) => (line.message === 'ready' && line.name === part ? [line.pid ?? 0] : []));
    return pids.filter((pid) => pid > 0 && isAlive(pid));
  }

  /** kill -9 of one process of a part, as soon as there is one; resolves when it is gone. */
  async kill(part: 'proxy' | 'reporter' | 'collector'): Promise<number> {
    await until(`a process of ${part}`, () => this.pids(part).length > 0);
    const [pid = 0] = this.pids(part);
    process.kill(pid, 'SIGKILL');
    await until(`the end of ${part} ${pid}`, () => !isAlive(pid), 5_000);
    return pid;
  }

  /** SIGTERM: drains and ends. @returns the exit code */
  async stop(): Promise<number> {
    this.#process.kill('SIGTERM');
    return this.#ended;
  }

  /** Ends it whatever state it is in, its children too, and removes its directory. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const code = await Promise.race([this.stop(), sleep(20_000, undefined, { ref: false })]);
      if (code === undefined) this.#killAll();
    }
    await this.#ended;
    if (this.#ownsDirectory) rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }

  /** kill -9 of the supervisor alone: its children are orphans. */
  killSupervisor(): void {
    this.#process.kill('SIGKILL');
  }

  #killAll(): void {
    for (const part of ['proxy', 'reporter', 'collector'] as const) {
      for (const pid of this.pids(part)) process.kill(pid, 'SIGKILL');
    }
    this.#process.kill('SIGKILL');
  }

  #hear(line: string): void {
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) this.log.push(parsed as LogLine);
      else this.text.push(line);
    } catch {
      this.text.push(line);
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
