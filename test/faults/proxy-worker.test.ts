// A worker that is handed its connections, as the supervisor hands them: it must be as strict with slow clients as a
// server that listens, keep streams going while it drains, and answer on handed sockets at once.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startWorker, type Worker } from '../../proxy/main.ts';
import { createLogger } from '../../runtime/log.ts';
import { configSchema } from '../../schemas/config.ts';
import { KeepingRecorder, openSocket, post, wholeAnswer } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const recorder = new KeepingRecorder();
let worker: Worker;
let port = 0;
let url = '';
const door = createServer((socket) => worker.connection(socket));

before(async () => {
  const config = configSchema.parse({ proxy: { drain: '5s' } });
  worker = startWorker({ config, dataDir: '', writerId: 'test', recorder, log: createLogger('test') });
  const { promise, resolve } = Promise.withResolvers<void>();
  door.listen(0, '127.0.0.1', resolve);
  await promise;
  port = (door.address() as AddressInfo).port;
  url = `http://127.0.0.1:${port}`;
});

after(async () => {
  door.close();
  await worker.close();
});

describe('a worker with handed connections', () => {
  test('A10 clients that never finish their headers are sent away, the others do not notice', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => openSocket(port)));
    const said: string[] = slow.map(() => '');
    let closed = 0;
    for (const [index, socket] of slow.entries()) {
      socket.on('data', (chunk: Buffer) => (said[index] += chunk.toString()));
      socket.on('close', () => closed++);
      socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    }
    const response = await post(url, { model: 'any', messages: [{ role: 'user', content: 'hi' }] });
    assert.equal(response.status, 200);
    await until(() => closed === slow.length, 'slow clients to be cut', 40_000);
    for (const text of said) assert.match(text, /^HTTP\/1\.1 408 [^]*x-signalbox-error: bad_request/);
  });

  test('without a provider the simulated one answers, and says so, in every dialect', async () => {
    const calls: [string, object, RegExp][] = [
      [
        '/v1/chat/completions',
        { model: 'm', messages: [{ role: 'user', content: 'hi there' }] },
        /simulated provider.*hi there/,
      ],
      ['/v1/responses', { model: 'm', input: 'hi there' }, /simulated provider.*hi there/],
      ['/v1/messages', { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi there' }] }, /hi there/],
      ['/v1/embeddings', { model: 'm', input: ['a', 'b'] }, /"index":1/],
    ];
    for (const [path, body, expected] of calls) {
      for (const stream of [false, true]) {
        const response = await post(url, { ...body, stream }, { path });
        assert.equal(response.headers.get('x-signalbox-provider'), 'simulated');
        if (!stream) assert.match(await response.text(), expected);
        else await response.text();
        const exchange = await recorder.settled();
        assert.equal(exchange.outcome, 'ok');
        assert.equal(exchange.attempts[0]?.reading.usageSource, 'provider');
        assert.ok((exchange.attempts[0]?.cost?.total ?? 0) >= 0);
      }
    }
    const again = await Promise.all([1, 2].map(async () => (await post(url, calls[0]?.[1])).text()));
    assert.equal(again[0], again[1]);
  });

  test('I03 draining: streams end well, what comes after is not kept alive, and the end is the end', async () => {
    const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const socket = await openSocket(port);
    const idle = await openSocket(port);
    let text = '';
    let closed = 0;
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (const each of [socket, idle]) each.on('close', () => closed++);
    let ready = '';
    idle.on('data', (chunk: Buffer) => (ready += chunk.toString()));
    idle.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => wholeAnswer(ready));
    socket.write(head + body);
    await until(() => text.includes('data: '));
    const closing = worker.close();
    assert.equal(worker.close(), closing);
    await closing;
    await until(() => closed === 2);
    assert.match(text, /data: \[DONE\]/);
    assert.equal(recorder.ended.at(-1)?.outcome, 'ok');
    assert.equal(recorder.closed, true);
  });
});
