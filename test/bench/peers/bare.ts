// The least a Node proxy can be: node:http in, undici dispatch out, no telemetry, no routing, nothing looked at.
// What Signalbox costs above it is what Signalbox does.
//
//   node bare.ts PORT UPSTREAM_PORT

import { createServer, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

const [port, upstream] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${upstream}`, {
  connections: 256,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
});

const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length', 'upgrade', 'expect']);

function headersOf(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!HOP.has(name.toLowerCase())) kept.push(name, raw[at + 1] ?? '');
  }
  return kept;
}

class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.on('close', () => this.#response.writableFinished || controller.abort(new Error('the client left')));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    delete headers['transfer-encoding'];
    delete headers['connection'];
    this.#response.writeHead(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    this.#response.destroy();
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks);
    pool.dispatch(
      { path: request.url ?? '/', method: 'POST', headers: headersOf(request.rawHeaders), body },
      new Forward(response),
    );
  });
});
server.requestTimeout = 0;
server.listen({ port: port ?? 0, host: '127.0.0.1', backlog: 4096 });
process.on('SIGTERM', () => process.exit(0));
