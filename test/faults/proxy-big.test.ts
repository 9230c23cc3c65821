// Faults B04 and A10 of the catalogue on a worker: bodies of many megabytes and bodies that never come to an end, beside
// callers that must not notice either. What is counted is what others get done meanwhile, not how long it takes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createDoor, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { after, before, beforeEach, test } from 'node:test';
import { startWorker, type Worker } from '../../proxy/main.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { configSchema } from '../../schemas/config.ts';
import { KeepingRecorder, openSocket, post } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const recorder = new KeepingRecorder();
const metrics = new Metrics();
const WHOLE = JSON.stringify({ id: 'c', model: 'm', choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] });

/** Bodies that came to the provider: when their first byte was there, what they were. */
const seen: { size: number; sha256: string; whole: boolean }[] = [];
const provider = createServer((request, response) => {
  const body = { size: 0, sha256: '', whole: false };
  const hash = createHash('sha256');
  seen.push(body);
  request.on('data', (chunk: Buffer) => {
    body.size += chunk.length;
    hash.update(chunk);
  });
  request.on('end', () => {
    Object.assign(body, { sha256: hash.digest('hex'), whole: true });
    response.writeHead(200, { 'content-type': 'application/json' }).end(WHOLE);
  });
});

let worker: Worker;
let port = 0;
const door = createDoor((socket) => worker.connection(socket));

before(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  port = (door.address() as AddressInfo).port;
  const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
  const config = configSchema.parse({
    proxy: { drain: '1s' },
    providers: { openai: { api_key: 'sk-upstream', base_url } },
  });
  worker = startWorker({ config, dataDir: '', writerId: 'test', recorder, log: createLogger('test'), metrics });
});

after(async () => {
  door.close();
  await worker.close();
  provider.closeAllConnections();
  provider.close();
});

beforeEach(() => {
  recorder.reset();
  seen.length = 0;
});

const url = () => `http://127.0.0.1:${port}`;
const small = async () => {
  const response = await post(url(), { model: 'openai/m', messages: [] });
  assert.equal(response.status, 200);
  await response.text();
};
const head = (length: number) =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

const MESSAGES = `{"model":"openai/m","messages":[${Array.from({ length: 1_000_000 }, () => '{"role":"user","content":"hi"}').join(',')}],"n":1}`;
const KEYS = `{"metadata":{${Array.from({ length: 1_000_000 }, (_, key) => `"${key}":1`).join(',')}},"model":"openai/m","messages":[]}`;
const TOP_KEYS = `{${Array.from({ length: 1_000_000 }, (_, key) => `"${key}":1`).join(',')},"model":"openai/m","messages":[]}`;

for (const [name, body] of Object.entries({
  'a million messages': MESSAGES,
  'a million keys': KEYS,
  'as many at the top': TOP_KEYS,
})) {
  test(`B04 others are answered while ${name} are being read`, async () => {
    const bytes = Buffer.from(body);
    // As it came, but for the model's name.
    const sha256 = createHash('sha256').update(body.replace('"openai/m"', '"m"')).digest('hex');
    await small();
    const socket = await openSocket(port);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.write(head(bytes.length));
    socket.write(bytes);
    const isBig = () =>
      recorder.begun.find(({ request }) => request.headers['content-length'] === String(bytes.length));
    await until(() => isBig()?.request.complete === true, 'the body to be there', 30_000);
    const forwarded = () => seen.some(({ size }) => size > 1024 * 1024);
    assert.equal(forwarded(), false, 'it is read before it is forwarded');
    let done = 0;
    let turns = 0;
    const over = new AbortController();
    const callers = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) {
        await small();
        if (!forwarded()) done++;
      }
    });
    while (!forwarded()) {
      await turn();
      turns++;
    }
    over.abort();
    await Promise.all(callers);
    assert.ok(done >= 4, `${done} others were answered`);
    assert.ok(turns >= 10, `${turns} turns of the event loop`);
    await until(() => answer.includes(WHOLE), 'its answer', 30_000);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(seen.some((each) => each.whole && each.sha256 === sha256));
    socket.destroy();
  });
}

test('A10 a body that does not come to its end is cut, tells why, and gives back what it held', async () => {
  // The knobs of node's own server, which takes the longer of the two for the whole request.
  const { server } = worker;
  assert.deepEqual([server.headersTimeout, server.requestTimeout], [15_000, 120_000]);
  Object.assign(server, { headersTimeout: 500, requestTimeout: 1_000 });
  try {
    const slow = await Promise.all(Array.from({ length: 20 }, () => openSocket(port)));
    const said = slow.map(() => '');
    let closed = 0;
    for (const [index, socket] of slow.entries()) {
      socket.on('data', (chunk: Buffer) => (said[index] += chunk.toString()));
      socket.on('close', () => closed++);
      socket.write(`${head(100_000)}{"model":"openai/m",`);
    }
    const dripping = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write(' ');
    }, 50);
    await until(() => recorder.begun.length === slow.length);
    assert.match(metrics.text(), /signalbox_inflight_bytes 2000000\n/);
    await small();
    await until(() => closed === slow.length, 'slow clients to be cut', 30_000);
    clearInterval(dripping);
    for (const text of said) {
      assert.match(text, /^HTTP\/1\.1 408 [^]*x-signalbox-error: bad_request/);
      assert.match(text, /took too long to arrive/);
      assert.equal(text.match(/^HTTP/gm)?.length, 1);
    }
    await until(() => recorder.ended.length === slow.length + 1);
    const ends = recorder.ended.filter(({ httpStatus }) => httpStatus === 408);
    assert.equal(ends.length, slow.length);
    assert.ok(ends.every(({ outcome, attempts }) => outcome === 'refused' && attempts.length === 0));
    assert.match(metrics.text(), /signalbox_inflight_bytes 0\n/);
    assert.equal(seen.length, 1);
    await small();
  } finally {
    Object.assign(server, { headersTimeout: 15_000, requestTimeout: 120_000 });
  }
});
