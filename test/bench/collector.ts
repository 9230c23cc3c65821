// A collector as people run it, in a process and a directory of its own, for the benchmarks of receiving and asking.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import type { Status } from '../../schemas/api.ts';
import { ROOT, freePort, processTree, startNode } from './processes.ts';

export interface RunningCollector {
  readonly url: string;
  /** Processes whose CPU is the collector's. */
  readonly pids: readonly number[];
  get(path: string): Promise<unknown>;
  status(): Promise<Status>;
  stop(): Promise<void>;
}

/** A directory that is deleted afterwards. */
export function scratch(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export async function startCollectorIn(dir: string, core?: number): Promise<RunningCollector> {
  const port = await freePort();
  const config = join(dir, 'signalbox.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      collector: { listen: `127.0.0.1:${port}` },
      store: { retention: { spans: '400d', payloads: '400d' } },
    }),
  );
  const output = process.env['BENCH_OUTPUT'] === undefined ? {} : { output: 'inherit' as const };
  const args = ['collector', '--config', config, '--data', join(dir, 'data')];
  const started = startNode(join(ROOT, 'signalbox.ts'), args, {
    env: { UV_THREADPOOL_SIZE: '16' },
    ...output,
    ...(core === undefined ? {} : { core }),
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await isReady(url)); tries++) {
    if (tries > 600 || started.child.exitCode !== null) throw new Error('the collector did not start');
    await wait(100);
  }
  const get = async (path: string): Promise<unknown> => {
    const { statusCode, body } = await request(`${url}${path}`, { headersTimeout: 60_000 });
    const answer = await body.json();
    if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${JSON.stringify(answer).slice(0, 300)}`);
    return answer;
  };
  return {
    url,
    pids: processTree(started.child.pid ?? 0).map((row) => row.pid),
    get,
    status: async () => (await get('/api/v1/status')) as Status,
    stop: () => started.stop(),
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/readyz`);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
