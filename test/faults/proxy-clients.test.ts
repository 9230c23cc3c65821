// Faults A and D of the catalogue that need a client's patience: requests that turn into nonsense half-way, clients that
// read slowly, close one half, repeat themselves or never leave, and a worker that must stop while it holds their calls.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Connections } from '../../proxy/connections.ts';
import { Signalbox } from '../support/proc.ts';
import { openSocket, post, raw, startTestProxy, wholeAnswer, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import { SSE_HEAD, answer, httpChunk, startFaultyProvider } from '../support/upstream-faults.ts';
import type { FaultCall, FaultyProvider } from '../support/upstream-faults.ts';

let provider: FaultyProvider;
let proxy: TestProxy;

const config = (base: string) => ({
  providers: { openai: { api_key: 'sk-upstream', base_url: `${base}/v1` } },
  routes: { again: { targets: [{ model: 'openai/m' }], retry: { attempts: 3 } } },
});

before(async () => {
  provider = await startFaultyProvider();
  proxy = await startTestProxy(config(provider.url));
});

after(async () => {
  await proxy.close();
  provider.close();
});

const WHOLE = JSON.stringify({ id: 'c', model: 'm', choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] });

beforeEach(() => {
  proxy.recorder.reset();
  provider.behave(({ socket }) => void socket.write(answer(200, WHOLE)));
});

afterEach(() => assert.equal(proxy.recorder.begun.length, proxy.recorder.ended.length));

const HEAD = 'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const BODY = JSON.stringify({ model: 'openai/m', messages: [] });
const whole = (body: string) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;

function collect(socket: Socket): { text: string; closed: boolean } {
  const got = { text: '', closed: false };
  socket.on('data', (chunk: Buffer) => (got.text += chunk.toString('latin1')));
  socket.on('close', () => (got.closed = true));
  return got;
}

describe('requests that turn into nonsense', () => {
  test('A01 a body whose chunks break off: 400 on the wire and on record', async () => {
    const reply = await raw(proxy.port, `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`, () => false);
    assert.equal(reply.status, 400);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual([exchange.outcome, exchange.httpStatus, exchange.errorType], ['refused', 400, 'bad_request']);
    assert.equal(provider.calls.length, 0);
  });

  test('B12 nonsense behind a request that waits for its provider: one answer, and the record says which', async () => {
    provider.behave(() => {});
    const socket = await openSocket(proxy.port);
    const got = collect(socket);
    socket.write(whole(BODY));
    await until(() => provider.calls.length === 1);
    socket.write('\0\0nonsense\r\n\r\n');
    await until(() => got.closed);
    assert.match(got.text, /^HTTP\/1\.1 400 /);
    assert.equal(got.text.match(/^HTTP\/1\.1 \d/gm)?.length, 1);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual([exchange.outcome, exchange.httpStatus], ['refused', 400]);
    await until(() => provider.calls[0]?.closed() === true, 'the provider to be told');
  });
});

describe('a worker that must stop', () => {
  async function stopped(prepare: (own: TestProxy) => Promise<{ text: string; closed: boolean }>) {
    const own = await startTestProxy({ proxy: { drain: '50ms' }, ...config(provider.url) });
    const got = await prepare(own);
    await own.close();
    await until(() => got.closed);
    assert.match(got.text, /^HTTP\/1\.1 503 /);
    assert.match(got.text, /retry-after: 1\r\n/i);
    assert.match(got.text, /x-should-retry: true/i);
    assert.match(got.text, /x-signalbox-error: overload/i);
    const [exchange] = own.recorder.ended;
    assert.deepEqual([own.recorder.ended.length, exchange?.outcome, exchange?.httpStatus], [1, 'refused', 503]);
    return exchange;
  }

  test('I03 a call that waits for its next try is told to come again', async () => {
    provider.behave(({ socket }) => void socket.write(answer(429, '{"error":{}}', ['retry-after: 2'])));
    const exchange = await stopped(async (own) => {
      const socket = await openSocket(own.port);
      const got = collect(socket);
      socket.write(whole(BODY.replace('openai/m', 'again')));
      await until(() => own.recorder.begun[0]?.attempts[0]?.errorType === '429');
      return got;
    });
    assert.equal(exchange?.attempts.length, 1);
  });

  test('I03 so is a caller whose body has not come yet', async () => {
    await stopped(async (own) => {
      const socket = await openSocket(own.port);
      const got = collect(socket);
      socket.write(`${HEAD}Content-Length: 100\r\n\r\n{`);
      await until(() => /signalbox_inflight_bytes 100/.test(own.metrics.text()));
      return got;
    });
  });

  test('I03 and one whose provider has said nothing yet', async () => {
    provider.behave(() => {});
    const seen = provider.calls.length;
    await stopped(async (own) => {
      const socket = await openSocket(own.port);
      const got = collect(socket);
      socket.write(whole(BODY));
      await until(() => provider.calls.length > seen);
      return got;
    });
  });
});

describe('clients that stay', () => {
  const filling = async ({ socket, closed }: FaultCall) => {
    socket.write(SSE_HEAD);
    const event = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(60_000) } }] })}\n\n`;
    while (!closed()) {
      if (!socket.writableNeedDrain) socket.write(httpChunk(event));
      await new Promise(setImmediate);
    }
  };

  test('A10 a client that takes nothing for a minute is cut, and its provider with it', async () => {
    provider.behave(filling);
    const socket = await openSocket(proxy.port);
    socket.pause();
    socket.write(whole(BODY.replace('"messages"', '"stream":true,"messages"')));
    let taken = 0;
    let since = performance.now();
    await until(() => {
      const now = provider.calls[0]?.socket.bytesWritten ?? 0;
      if (now !== taken) since = performance.now();
      taken = now;
      return taken > 0 && performance.now() - since > 300;
    }, 'every buffer on the way to be full');
    const real = performance.now.bind(performance);
    performance.now = () => real() + 61_000;
    try {
      await until(() => provider.calls[0]?.closed() === true);
    } finally {
      performance.now = real;
    }
    assert.equal((await proxy.recorder.settled()).outcome, 'client_cancelled');
    socket.destroy();
  });

  test('D04 who closes its half of the connection has left', async () => {
    provider.behave(() => {});
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    const got = collect(socket);
    socket.end(whole(BODY));
    await until(() => got.closed || provider.calls[0]?.closed() === true);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'client_cancelled');
    socket.destroy();
  });

  test('D06 an Idempotency-Key is the provider’s to honour: it passes, and each call has its record', async () => {
    const headers = { 'idempotency-key': 'once-only' };
    for (const _ of [1, 2]) assert.equal((await post(proxy.url, BODY, { headers })).status, 200);
    assert.equal(provider.calls.length, 2);
    for (const { head } of provider.calls) assert.match(head, /idempotency-key: once-only/i);
    await until(() => proxy.recorder.ended.length === 2);
    assert.notEqual(proxy.recorder.ended[0]?.traceId, proxy.recorder.ended[1]?.traceId);
  });
});

const FEW_FILES = 256;

test('A11 more idle connections than files: idle ones make room, calls are answered, nothing dies', async (t) => {
  if (process.platform !== 'linux') return t.skip('prlimit is a tool of Linux');
  const through = ['prlimit', `--nofile=${FEW_FILES}:${FEW_FILES}`];
  const signalbox = await Signalbox.start({ config: { proxy: { workers: 1 } }, command: 'proxy', through });
  const sockets: Socket[] = [];
  try {
    const [pid = 0] = signalbox.pids('proxy');
    const port = Number(new URL(signalbox.proxyUrl).port);
    const answers: { text: string; closed: boolean }[] = [];
    for (let index = 0; index < 600; index++) {
      const socket = await openSocket(port);
      sockets.push(socket);
      answers.push(collect(socket));
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
      if (index % 50 === 49) await until(() => wholeAnswer(answers[index]?.text ?? ''));
    }
    await until(() => answers.every(({ text }) => text.startsWith('HTTP/1.1 200 ')));
    assert.ok(answers.some(({ closed }) => closed) && !answers.every(({ closed }) => closed));
    assert.ok(readdirSync(`/proc/${pid}/fd`).length < FEW_FILES);
    const response = await post(signalbox.proxyUrl, { model: 'any', messages: [] });
    assert.equal(response.status, 200);
    await response.text();
    assert.deepEqual(signalbox.pids('proxy'), [pid]);
    assert.deepEqual(
      signalbox.log.filter(({ level }) => level === 'error').map(({ message }) => message),
      [],
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await signalbox.close();
  }
});

test('A11 more calls under way than files allow: the rest is told to come again', async () => {
  const server = createServer((request, response) => {
    if (connections.isLate(request.socket)) response.writeHead(503).end();
    else if (request.url === '/now') response.end('now');
  });
  const connections = new Connections(server, 64 + 2 * 3);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const ask = async (path: string) => {
    const socket = await openSocket(port);
    sockets.push(socket);
    const got = collect(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    return got;
  };
  for (const _ of [1, 2]) await ask('/for-ever');
  const idle = await ask('/now');
  await until(() => idle.text.endsWith('now\r\n0\r\n\r\n') || idle.text.endsWith('now'));
  const next = await ask('/for-ever');
  await until(() => idle.closed, 'the idle one to make room');
  const late = await ask('/now');
  await until(() => late.text.startsWith('HTTP/1.1 503 '));
  assert.equal(next.text, '');
  server.closeAllConnections();
  server.close();
});
