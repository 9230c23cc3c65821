// A provider that misbehaves as the path of each call says: a raw TCP server, because an HTTP library would not let it.

import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one connection does after its request has come. Bytes are written as they are. */
export type Behaviour = (call: FaultCall) => Promise<void> | void;

export interface FaultCall {
  readonly socket: Socket;
  readonly head: string;
  readonly body: string;
  /** 1 for the first call since the last `behave`. */
  readonly index: number;
  /** True once the caller has closed the connection. */
  closed(): boolean;
}

export interface FaultyProvider {
  readonly url: string;
  readonly calls: FaultCall[];
  behave(behaviour: Behaviour): void;
  /** Connections that are open now. */
  open(): number;
  close(): void;
}

export async function startFaultyProvider(): Promise<FaultyProvider> {
  const sockets = new Set<Socket>();
  const calls: FaultCall[] = [];
  let behaviour: Behaviour = () => {};
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const head = text.slice(0, end);
      const body = text.slice(end + 4, end + 4 + length);
      text = text.slice(end + 4 + length);
      const call = {
        socket,
        head,
        body,
        index: calls.length + 1,
        closed: () => socket.destroyed || socket.readableEnded,
      };
      calls.push(call);
      void behaviour(call);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    behave(next) {
      calls.length = 0;
      behaviour = next;
    },
    open: () => sockets.size,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
export const SSE_HEAD_UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
export const LAST_CHUNK = '0\r\n\r\n';

export function httpChunk(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** A whole answer. */
export function answer(status: number, body: string | Buffer, headers: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body as string);
  const type = headers.some((header) => /^content-type:/i.test(header)) ? [] : ['content-type: application/json'];
  const lines = [`HTTP/1.1 ${status} Whatever`, `content-length: ${bytes.length}`, ...type, ...headers];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** Says something every few milliseconds until the caller is gone or `times` is reached. */
export async function trickle(call: FaultCall, piece: string | Buffer, times: number): Promise<void> {
  for (let said = 0; said < times && !call.closed(); said++) {
    call.socket.write(piece);
    await sleep(5);
  }
}
