// Everything that the proxy benchmark compares, each started on the measured core, or left out with the reason.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  MEASURED_CORE,
  OTHER_CORE,
  ROOT,
  freePort,
  hasCommand,
  listening,
  pin,
  processTree,
  start,
  startNode,
  type Started,
} from '../processes.ts';

export interface Peer {
  readonly name: string;
  readonly port: number;
  /** Headers that this gateway needs of its clients. */
  readonly headers: Readonly<Record<string, string>>;
  /** Processes on the data path. */
  readonly pids: readonly number[];
  /** Processes that work for it beside the data path. */
  readonly aside: readonly number[];
  stop(): Promise<void>;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

type StartPeer = (upstream: number) => Promise<Peer | LeftOut>;

const BENCH = join(ROOT, 'test', 'bench');

/** No proxy at all: the floor of every latency. */
const direct: StartPeer = (upstream) =>
  Promise.resolve({ name: 'direct', port: upstream, headers: {}, pids: [], aside: [], stop: () => Promise.resolve() });

const pidOf = ({ child }: Started) => child.pid ?? 0;

const NGINX_CONF = (port: number, upstream: number) => `
daemon off; worker_processes 1; pid nginx.pid; error_log /dev/null crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_buffer_size 64k; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream provider { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}`;

const nginx: StartPeer = async (upstream) => {
  const name = 'nginx, 1 worker';
  if (!hasCommand('nginx')) return { name, why: 'nginx is not installed (Debian: nginx-light)' };
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-nginx-'));
  const port = await freePort();
  writeFileSync(join(dir, 'nginx.conf'), NGINX_CONF(port, upstream));
  const started = start('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { core: MEASURED_CORE });
  const stop = async () => {
    await started.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  if (!(await listening(port))) {
    await stop();
    return { name, why: 'nginx did not start' };
  }
  const pids = processTree(pidOf(started)).map((row) => row.pid);
  return { name, port, headers: {}, pids, aside: [], stop };
};

const bare: StartPeer = async (upstream) => {
  const port = await freePort();
  const started = startNode(join(BENCH, 'peers', 'bare.ts'), [String(port), String(upstream)], { core: MEASURED_CORE });
  if (!(await listening(port))) return { name: 'bare undici forwarder', why: 'it did not start' };
  return {
    name: 'bare undici forwarder',
    port,
    headers: {},
    pids: [pidOf(started)],
    aside: [],
    stop: () => started.stop(),
  };
};

/** Extra arguments of Node for the proxy worker, for profiles. */
export interface SignalboxOptions {
  readonly name: string;
  readonly capture: 'full' | 'none';
}

/** The command as people run it, one worker and the reporter; the spans go to the sink beside the upstream. */
const signalbox =
  ({ name, capture }: SignalboxOptions): StartPeer =>
  async (upstream) => {
    const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    const port = await freePort();
    const config = join(dir, 'signalbox.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        proxy: { listen: `127.0.0.1:${port}`, workers: 1, collector: `http://127.0.0.1:${upstream}` },
        capture: { content: capture },
        providers: {
          openai: { base_url: `http://127.0.0.1:${upstream}/v1`, api_key: 'bench-key', models: ['gpt-5-mini'] },
        },
      }),
    );
    const args = ['proxy', '--config', config, '--data', join(dir, 'data')];
    const started = startNode(join(ROOT, 'signalbox.ts'), args, { core: OTHER_CORE });
    const stop = async () => {
      await started.stop();
      rmSync(dir, { recursive: true, force: true });
    };
    const children = (await listening(port)) ? await childrenOf(pidOf(started)) : undefined;
    if (!children) {
      await stop();
      return { name, why: 'signalbox proxy did not start' };
    }
    pin(children.worker, MEASURED_CORE);
    // It shares its core with generator and upstream here: it may have what they leave.
    setPriority(children.reporter, constants.priority.PRIORITY_LOW);
    return { name, port, headers: {}, pids: [children.worker], aside: [children.reporter, pidOf(started)], stop };
  };

async function childrenOf(supervisor: number): Promise<{ worker: number; reporter: number } | undefined> {
  for (let tries = 0; tries < 100; tries++) {
    const rows = processTree(supervisor);
    const worker = rows.find((row) => row.command.includes('--child proxy'))?.pid;
    const reporter = rows.find((row) => row.command.includes('--child reporter'))?.pid;
    if (worker !== undefined && reporter !== undefined) return { worker, reporter };
    await wait(100);
  }
  return undefined;
}

const PORTKEY = '1.15.2';
// 1.19 answers every streaming request with 500 ("TypeError: immutable"); its lockfile has this one.
const PORTKEY_OVERRIDES = { '@hono/node-server': '1.13.5', hono: '4.9.7' };

const portkey: StartPeer = async (upstream) => {
  const name = `@portkey-ai/gateway ${PORTKEY}`;
  const entry = installPortkey();
  if (entry === undefined) return { name, why: 'npm could not install it' };
  const port = await freePort();
  const started = startNode(entry, [`--port=${port}`, '--headless'], { core: MEASURED_CORE, cwd: tmpdir() });
  if (!(await listening(port))) {
    await started.stop();
    return { name, why: 'it did not start' };
  }
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1` };
  return { name, port, headers, pids: [pidOf(started)], aside: [], stop: () => started.stop() };
};

/** Into a cache outside the repository; a second run finds it there. */
function installPortkey(): string | undefined {
  const dir = join(tmpdir(), `signalbox-bench-portkey-${PORTKEY}`);
  const entry = join(dir, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (existsSync(entry)) return entry;
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'package.json'),
    JSON.stringify({ private: true, dependencies: { '@portkey-ai/gateway': PORTKEY }, overrides: PORTKEY_OVERRIDES }),
  );
  spawnSync('npm', ['install', '--prefix', dir, '--no-audit', '--no-fund', '--ignore-scripts'], { timeout: 180_000 });
  return existsSync(entry) ? entry : undefined;
}

const absent =
  (name: string, why: string): StartPeer =>
  () =>
    Promise.resolve({ name, why });

export const PEERS = {
  direct,
  nginx,
  bare,
  signalbox: signalbox({ name: 'Signalbox, 1 worker, full capture', capture: 'full' }),
  signalbox_lean: signalbox({ name: 'Signalbox, capture: none', capture: 'none' }),
  portkey,
  litellm: absent('LiteLLM', 'optional row: needs a Python with litellm[proxy]; not set up by this benchmark'),
  bifrost: absent('Bifrost', 'optional row: needs Go and its sources; not set up by this benchmark'),
} as const satisfies Record<string, StartPeer>;

export type PeerId = keyof typeof PEERS;
