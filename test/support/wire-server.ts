// A fake provider that serves every wire format (test/support/wires.ts) on one port. What it answers is the end of the
// model's name: plain long cut json thinking tools parallel (test/support/wire-types.ts), and
//   fault-NNN     that status, in the format's error shape
//   broken        a stream that ends after half its frames; a whole answer cut in the middle
//   failing       a stream that says it failed after half its frames
//   wholeonly     a whole answer also where a stream was asked for
//   streamonly    a stream also where none was
//   slow          a frame every 20 ms, for callers who leave
//   dribble       each byte by itself
// It keeps a ledger of what it was asked and how each call ended.

import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sayingOf } from './wire-types.ts';
import type { Asked, Json, Wire } from './wire-types.ts';
import { WIRES } from './wires.ts';

export interface WireCall {
  readonly wire: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
  readonly model: string;
  readonly stream: boolean;
  end: 'open' | 'ended' | 'aborted';
  /** Of the answer. */
  bytes: Buffer;
}

export interface WireServer {
  readonly url: string;
  readonly calls: WireCall[];
  close(): Promise<void>;
}

/** @param wires by their paths; the first that fits answers */
export async function startWires(wires: readonly Wire[] = WIRES): Promise<WireServer> {
  const calls: WireCall[] = [];
  const server = createServer((request, response) => {
    void serve({ request, response, calls, wires }).catch((error: unknown) => {
      if (!response.destroyed) console.error('the fake provider failed', error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Serving {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly calls: WireCall[];
  readonly wires: readonly Wire[];
}

async function serve({ request, response, calls, wires }: Serving): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://fake');
  const wire = wires.find(({ path }) => path.test(url.pathname));
  if (wire === undefined || request.method !== 'POST') {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such path"}}');
    return;
  }
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Json;
  const asked: Asked = { path: url.pathname, query: url.search, body };
  const call: WireCall = {
    wire: wire.id,
    method: request.method,
    ...asked,
    headers: request.headers,
    model: wire.model(asked),
    stream: wire.stream(asked),
    end: 'open',
    bytes: Buffer.alloc(0),
  };
  calls.push(call);
  response.on('close', () => {
    if (call.end === 'open') call.end = response.writableFinished ? 'ended' : 'aborted';
  });
  await answer({ wire, asked, call, response });
}

interface Answering {
  readonly wire: Wire;
  readonly asked: Asked;
  readonly call: WireCall;
  readonly response: ServerResponse;
}

async function answer({ wire, asked, call, response }: Answering): Promise<void> {
  const fault = /fault-(\d{3})$/.exec(call.model)?.[1];
  const send = (bytes: Buffer) => {
    call.bytes = Buffer.concat([call.bytes, bytes]);
    response.write(bytes);
  };
  if (fault !== undefined) {
    const { status = Number(fault), headers = {}, body } = wire.error(Number(fault), `fault ${fault} as asked`);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    send(Buffer.from(JSON.stringify(body)));
    response.end();
    return;
  }
  const scenario = /[a-z]+$/.exec(call.model)?.[0] ?? '';
  const streams = scenario === 'streamonly' || (call.stream && scenario !== 'wholeonly');
  if (!streams || wire.vectors !== undefined) {
    const value = wire.vectors?.(asked) ?? wire.whole(sayingOf(call.model), call.model, asked);
    const bytes = Buffer.from(JSON.stringify(value));
    if (scenario === 'slow') await sleep(2_000);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(bytes.length) });
    if (scenario === 'broken') {
      send(bytes.subarray(0, bytes.length >> 1));
      await sleep(5);
      response.destroy();
      return;
    }
    send(bytes);
    response.end();
    return;
  }
  await stream({ wire, asked, call, response }, send);
}

async function stream({ wire, asked, call, response }: Answering, send: (bytes: Buffer) => void): Promise<void> {
  const scenario = /[a-z]+$/.exec(call.model)?.[0] ?? '';
  const frames = wire.frames(sayingOf(scenario === 'slow' ? 'long' : call.model), call.model, asked);
  const half = scenario === 'broken' || scenario === 'failing';
  response.writeHead(200, { 'content-type': wire.streamType });
  const sent = half ? frames.slice(0, frames.length >> 1) : frames;
  const units = scenario === 'dribble' ? sent.flatMap((frame) => [...frame].map((byte) => Buffer.of(byte))) : sent;
  for (const [index, unit] of units.entries()) {
    if (response.destroyed) return;
    send(unit);
    if (scenario === 'slow') await sleep(20);
    else if (index % 8 === 0) await new Promise(setImmediate);
  }
  if (scenario === 'failing') send(wire.errorFrame('Overloaded, as asked'));
  response.end();
}
