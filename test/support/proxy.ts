// The real data path in this process, with a recorder that keeps what it is told, and a raw socket to talk to it with.

import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exchange } from '../../proxy/exchange.ts';
import { startProxy } from '../../proxy/main.ts';
import type { Recorder } from '../../proxy/report/types.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { configSchema } from '../../schemas/config.ts';
import { until } from './until.ts';

/** A recorder that keeps exchanges in memory. */
export class KeepingRecorder implements Recorder {
  readonly begun: Exchange[] = [];
  readonly ended: Exchange[] = [];
  closed = false;

  begin(exchange: Exchange): void {
    this.begun.push(exchange);
  }

  end(exchange: Exchange): void {
    this.ended.push(exchange);
  }

  close(): void {
    this.closed = true;
  }

  /** The one exchange that ended last, once every begun one has. */
  async settled(): Promise<Exchange> {
    await until(() => this.ended.length > 0 && this.ended.length === this.begun.length);
    const last = this.ended.at(-1);
    if (last === undefined) throw new Error('no exchange ended');
    return last;
  }

  reset(): void {
    this.begun.length = 0;
    this.ended.length = 0;
  }
}

export interface TestProxy {
  readonly url: string;
  readonly port: number;
  readonly recorder: KeepingRecorder;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

type ConfigInput = Parameters<typeof configSchema.parse>[0] & object;

let count = 0;

/** @param config as in signalbox.yaml; it listens on a free port whatever it says */
export async function startTestProxy(config: ConfigInput = {}): Promise<TestProxy> {
  const recorder = new KeepingRecorder();
  const metrics = new Metrics();
  const given = config as { readonly proxy?: object };
  const { url, close } = await startProxy({
    config: configSchema.parse({ ...config, proxy: { drain: '1s', ...given.proxy, listen: '127.0.0.1:0' } }),
    dataDir: join(tmpdir(), `signalbox-test-${process.pid}-${count++}`),
    writerId: 'test',
    recorder,
    log: createLogger('test'),
    metrics,
  });
  return { url, port: Number(new URL(url).port), recorder, metrics, close };
}

export interface RawReply {
  /** Everything that came, head and body. */
  readonly text: string;
  readonly status: number;
  /** The connection was closed by the server. */
  readonly closed: boolean;
}

/** Sends bytes as they are and waits until the server closes, or until `enough` says that the answer is there. */
export async function raw(port: number, bytes: string | Buffer, enough: (text: string) => boolean): Promise<RawReply> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.on('close', () => (closed = true));
  socket.write(bytes);
  await until(() => closed || enough(text));
  socket.destroy();
  return { text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), closed };
}

/** True when the text holds a whole answer with a content-length. */
export function wholeAnswer(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return head > 0 && length !== undefined && text.length >= head + 4 + Number(length);
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  await promise;
  return socket;
}

export interface Post {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A JSON call, as an SDK makes it. */
export function post(url: string, body: unknown, more: Post = {}): Promise<Response> {
  return fetch(url + (more.path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...more.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
}
