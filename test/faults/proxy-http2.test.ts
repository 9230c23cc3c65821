// HTTP/2 from the first byte, on the port of HTTP/1.1: calls, streams, clients who leave, and the end of a worker.

import assert from 'node:assert/strict';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import { startWires, type WireServer } from '../support/wire-server.ts';
import { sayingOf } from '../support/wire-types.ts';

let wires: WireServer;
let proxy: TestProxy;
let client: ClientHttp2Session;

before(async () => {
  wires = await startWires();
});
beforeEach(async () => {
  wires.calls.length = 0;
  proxy = await startTestProxy({ providers: { anthropic: { base_url: wires.url, api_key: 'provider-key-0123' } } });
  client = connect(proxy.url);
  client.on('error', () => {});
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
});
after(() => wires.close());

const json = (path: string) => ({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
const converse = (scenario: string, stream = false) =>
  json(`/model/anthropic%2Ffake-${scenario}/converse${stream ? '-stream' : ''}`);
const body = (text: string) => JSON.stringify({ messages: [{ role: 'user', content: [{ text }] }] });

async function answerOf(call: ClientHttp2Stream): Promise<{ status: number; text: string }> {
  let status = 0;
  let text = '';
  call.on('response', (headers) => (status = Number(headers[':status'])));
  for await (const chunk of call) text += String(chunk);
  return { status, text };
}

describe('HTTP/2', () => {
  test('several calls beside each other, and one of megabytes', async () => {
    const calls = ['hello', 'x'.repeat(6_000_000), 'hello'].map((text) => {
      const call = client.request(converse('plain'));
      call.end(body(text));
      return answerOf(call);
    });
    for (const { status, text } of await Promise.all(calls)) {
      assert.equal(status, 200);
      assert.ok(text.includes(JSON.stringify(sayingOf('plain').text).slice(1, -1)));
    }
    const { httpRoute, outcome } = await proxy.recorder.settled();
    assert.deepEqual([httpRoute, outcome], ['/model/{model}/converse', 'ok']);
  });

  test('what is refused before it is a call', async () => {
    const paths = ['/nothing', '/v1/chat/completions', '/v1/models', '/healthz'];
    const answers = await Promise.all(paths.map((path) => answerOf(client.request({ ':path': path }))));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 405, 200, 200],
    );
  });

  test("a client who leaves ends the provider's work", async () => {
    const call = client.request(converse('slow', true));
    call.on('error', () => {});
    call.end(body('hello'));
    call.once('data', () => call.close(constants.NGHTTP2_CANCEL));
    assert.equal((await proxy.recorder.settled()).outcome, 'client_cancelled');
    await until(() => wires.calls[0]?.end === 'aborted');
  });

  test('a client who leaves while it sends', async () => {
    const call = client.request(converse('plain'));
    call.on('error', () => {});
    call.write('{"messages":');
    await until(() => proxy.recorder.begun.length === 1);
    client.destroy();
    assert.equal((await proxy.recorder.settled()).outcome, 'client_cancelled');
    assert.equal(wires.calls.length, 0);
  });

  test('a connection that breaks', async () => {
    const call = client.request(converse('slow', true));
    call.on('error', () => {});
    call.end(body('hello'));
    call.once('data', () => client.destroy());
    assert.equal((await proxy.recorder.settled()).outcome, 'client_cancelled');
  });

  test('a worker that stops ends its streams as their dialect does', async () => {
    const call = client.request(converse('slow', true));
    call.end(body('hello'));
    const answer = answerOf(call);
    await until(() => wires.calls.length === 1);
    await proxy.close();
    assert.match((await answer).text, /modelStreamErrorException|internalServerException|serviceUnavailableException/);
  });
});
