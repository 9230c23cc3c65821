// Fault J08 of the catalogue: what strangers and clumsy programs do to the live socket. Each is cut off with the right
// code, the number of sockets is bounded, and the collector goes on answering.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { startCollector, type Collector } from '../../collector/main.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { silent } from '../support/ingest.ts';
import { until } from '../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-live-'));
let collector: Collector;
let port = 0;

before(async () => {
  const config = defaultConfig();
  collector = await startCollector({
    config: { ...config, collector: { ...config.collector, listen: '127.0.0.1:0' } },
    dataDir: dir,
    log: silent,
  });
  port = Number(new URL(collector.url).port);
});

after(async () => {
  await collector.close();
  rmSync(dir, { recursive: true, force: true });
});

afterEach(async () => assert.equal((await fetch(`${collector.url}/healthz`)).status, 200));

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/live`);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

const code = async (socket: WebSocket) => ((await once(socket, 'close')) as [number])[0];

/** A socket after its upgrade, to write frames by hand. */
async function upgraded(): Promise<{ socket: Socket; got: { bytes: Buffer; closed: boolean } }> {
  const socket = createConnection(port, '127.0.0.1');
  const got = { bytes: Buffer.alloc(0), closed: false };
  socket.on('error', () => {});
  socket.on('close', () => (got.closed = true));
  socket.on('data', (chunk: Buffer) => (got.bytes = Buffer.concat([got.bytes, chunk])));
  socket.write(
    `GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
  );
  await until(() => got.bytes.includes('"hello"'));
  return { socket, got };
}

/** A masked frame, its mask being zeros. */
function frame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

test('J08 a message that is too long is 1009, whole or in a million pieces', async () => {
  const big = await open();
  big.send(Buffer.alloc(64 * 1024 * 1024));
  assert.equal(await code(big), 1009);
  const { socket, got } = await upgraded();
  socket.write(frame(0x01, Buffer.from('a')));
  const pieces = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0x00, Buffer.from('a'))));
  for (let times = 0; times < 100 && !got.closed; times++) {
    socket.write(pieces);
    await until(() => got.closed || !socket.writableNeedDrain);
  }
  await until(() => got.closed);
});

test('J08 text that is no UTF-8, frames of the future and unmasked ones end the connection; packing is not offered', async () => {
  for (const [bytes, expected] of [
    [frame(0x81, Buffer.from([0xff, 0xfe])), 1007],
    [frame(0xf1, Buffer.from('x')), 1002],
    [Buffer.from([0x81, 0x01, 0x61]), 1002],
    [frame(0xc1, Buffer.from('x')), 1002],
  ] as const) {
    const { socket, got } = await upgraded();
    assert.doesNotMatch(got.bytes.toString('latin1'), /permessage-deflate/i);
    const before = got.bytes.length;
    socket.write(bytes);
    await until(() => got.closed || got.bytes.length > before + 3);
    assert.equal(got.bytes[before], 0x88);
    assert.equal(got.bytes.readUInt16BE(before + 2), expected);
    socket.destroy();
  }
});

test('J08 a flood of pings and of wishes is answered or cut, and other listeners do not notice', async () => {
  const polite = await open();
  const socket = await open();
  let last = '';
  socket.on('pong', (data) => (last = data.toString()));
  for (let index = 0; index < 20_000; index++) socket.ping();
  for (let index = 0; index < 1_000; index++) socket.send(JSON.stringify({ subscribe: `channel-${index}` }));
  socket.ping('last');
  await until(() => last === 'last' || socket.readyState === WebSocket.CLOSED);
  const pong = once(polite, 'pong');
  polite.ping('still here');
  assert.equal(String((await pong)[0]), 'still here');
  for (const each of [socket, polite]) each.terminate();
});

test('J08 the number of sockets is bounded, and who leaves makes room', async () => {
  const sockets: WebSocket[] = [];
  let refused = 0;
  for (let index = 0; index < 230; index++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/live`);
    socket.on('error', () => {});
    const result = await Promise.race([
      once(socket, 'open').then(() => 0),
      once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
    ]);
    if (result === 503) refused++;
    else sockets.push(socket);
  }
  assert.ok(refused > 20 && sockets.length >= 190, `${refused} refused`);
  for (const socket of sockets) socket.terminate();
  const live = async () => {
    const text = await (await fetch(`${collector.url}/metrics`)).text();
    return Number(/^signalbox_live_clients (\d+)/m.exec(text)?.[1]);
  };
  for (let tries = 0; tries < 100 && (await live()) > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  (await open()).terminate();
});
