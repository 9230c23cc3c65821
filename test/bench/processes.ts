// Processes under measurement: started, pinned to a core where the platform can, and their CPU time read.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '..', '..');
const isLinux = process.platform === 'linux';
export const canPin = isLinux && availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

/** The core of the thing measured, and the one of everything around it. */
export const MEASURED_CORE = 0;
export const OTHER_CORE = 1;

export interface Started {
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly core?: number;
  /** Where its output goes; nowhere unless said. */
  readonly output?: 'inherit';
}

export function start(command: string, args: readonly string[], options: StartOptions = {}): Started {
  const pinned = canPin && options.core !== undefined;
  const [file, rest] = pinned ? ['taskset', ['-c', String(options.core), command, ...args]] : [command, [...args]];
  const child = spawn(file, rest, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd ?? ROOT,
    stdio: ['ignore', options.output ?? 'ignore', options.output ?? 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('error', () => {});
  return {
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const gone = await Promise.race([ended.then(() => true), wait(20_000, false, { ref: false })]);
      if (!gone) child.kill('SIGKILL');
    },
  };
}

/** A script of this repository on the Node that runs the benchmark. */
export function startNode(script: string, args: readonly string[], options: StartOptions = {}): Started {
  return start(process.execPath, [script, ...args], options);
}

/** Moves a running process, all its threads, to a core. */
export function pin(pid: number, core: number): void {
  if (canPin) spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]);
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Seconds of CPU, user and system. */
  readonly cpu: number;
}

const TICKS = 100;

function processRow(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: Number(fields[1]), command, cpu: (Number(fields[11]) + Number(fields[12])) / TICKS };
  } catch {
    return undefined;
  }
}

/** A process and all below it; Linux only. */
export function processTree(pid: number): readonly ProcessRow[] {
  if (!isLinux) return [];
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (processRow(Number(name)) ?? []) : []));
  const found = new Set([pid]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const row of all) if (found.has(row.parent)) found.add(row.pid);
  }
  return all.filter((row) => found.has(row.pid));
}

/** CPU seconds of these processes; NaN where the platform does not say. */
export function cpuOf(pids: readonly number[]): number {
  if (!isLinux) return NaN;
  return pids.reduce((sum, pid) => sum + (scheduled(pid) ?? processRow(pid)?.cpu ?? 0), 0);
}

/** The scheduler's own count in nanoseconds, summed over threads: finer than the ticks of stat. */
function scheduled(pid: number): number | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const nanos = tasks.map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanos.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    return undefined;
  }
}

export function memoryOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1024 / 1024;
  } catch {
    return NaN;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves true once something listens there. */
export async function listening(port: number, patienceMs = 20_000): Promise<boolean> {
  const until = Date.now() + patienceMs;
  while (Date.now() < until) {
    if (await accepts(port)) return true;
    await wait(50);
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export function hasCommand(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}
