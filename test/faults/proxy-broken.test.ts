// A whole JSON answer that breaks off in the middle (E06 to E08 of the catalogue, without a stream): the caller gets an
// error, and what the provider had written by then is on record as an estimate, because it is on the provider's bill.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { post, startTestProxy, type TestProxy } from '../support/proxy.ts';
import { startFaultyProvider, type FaultyProvider } from '../support/upstream-faults.ts';

let provider: FaultyProvider;
let proxy: TestProxy;

before(async () => {
  provider = await startFaultyProvider();
  const retry = { attempts: 1 };
  proxy = await startTestProxy({
    providers: {
      openai: { api_key: 'sk-upstream', base_url: `${provider.url}/v1` },
      anthropic: { api_key: 'sk-ant', base_url: provider.url },
    },
    routes: {
      one: { targets: [{ model: 'openai/m' }], retry },
      claude: { targets: [{ model: 'anthropic/c' }], retry },
    },
    prices: { 'openai/m': { input: 1, output: 1 }, 'anthropic/c': { input: 1, output: 1 } },
  });
});

after(async () => {
  await proxy.close();
  provider.close();
});

beforeEach(() => proxy.recorder.reset());
afterEach(() => assert.equal(proxy.recorder.begun.length, proxy.recorder.ended.length));

const TEXT = 'So it went on, "and on" \\ \n'.repeat(20);
const chat = JSON.stringify({
  id: 'c',
  model: 'm-1',
  choices: [{ index: 0, message: { content: TEXT } }],
  usage: null,
});
const message = JSON.stringify({
  id: 'm',
  model: 'c-1',
  content: [{ type: 'text', text: TEXT }],
  stop_reason: 'end_turn',
});
/** Where the text ends in a body, and somewhere in the middle of it. */
const upTo = (body: string, share: number) =>
  body.slice(0, body.indexOf('So it') + Math.floor(JSON.stringify(TEXT).length * share));
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

const SURFACES = [
  { path: '/v1/chat/completions', model: 'one', body: chat },
  { path: '/v1/messages', model: 'claude', body: message },
] as const;

/** Ways in which a connection ends too early. */
const ENDS = {
  'sent less than it announced': (part: string) => [`${HEAD}content-length: 100000\r\n\r\n${part}`, 'end'],
  'was reset': (part: string) => [`${HEAD}content-length: 100000\r\n\r\n${part}`, 'reset'],
  'broke off between chunks': (part: string) => [
    `${HEAD}transfer-encoding: chunked\r\n\r\n${part.length.toString(16)}\r\n${part}\r\n`,
    'end',
  ],
  'closed as if that were all': (part: string) => [`${HEAD}connection: close\r\n\r\n${part}`, 'end'],
  'announced what it sent': (part: string) => [`${HEAD}content-length: ${part.length}\r\n\r\n${part}`, ''],
} as const;

for (const [how, bytesOf] of Object.entries(ENDS)) {
  test(`an answer whose connection ${how} is estimated by what came`, async () => {
    for (const { path, model, body } of SURFACES) {
      proxy.recorder.reset();
      const part = upTo(body, 0.5);
      provider.behave(({ socket }) => {
        const [bytes, end] = bytesOf(part);
        socket.write(bytes ?? '', () => {
          if (end === 'end') socket.end();
          // The bytes before a reset must have been read, or the kernel throws them away.
          if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
        });
      });
      const asked = { model, max_tokens: 9, messages: [{ role: 'user', content: 'x'.repeat(400) }] };
      const response = await post(proxy.url, asked, { path });
      assert.equal(response.status, 502, how);
      await response.text();
      const exchange = await proxy.recorder.settled();
      const [attempt] = exchange.attempts;
      assert.ok(attempt);
      assert.deepEqual([exchange.outcome, attempt.errorType], ['upstream_error', 'truncated']);
      const { usage, usageSource } = attempt.reading;
      assert.equal(usageSource, 'estimated');
      assert.equal(usage?.input, 100);
      const expected = JSON.stringify(TEXT).length / 2 / 4;
      assert.ok(Math.abs((usage?.output ?? 0) - expected) <= 2, `${path}: ${usage?.output} tokens, about ${expected}`);
      assert.ok((attempt.cost?.total ?? 0) > 0);
      assert.equal(attempt.responseSize, part.length);
      assert.equal(Buffer.concat(attempt.responseBody).toString(), part);
    }
  });
}

test('what is no answer at all is no bill', async () => {
  const bodies = [
    '<html>"content":"all is well"</html>',
    '"content":"text"',
    '{"error":{"message":"no',
    '{"content":["a',
  ];
  for (const body of bodies) {
    proxy.recorder.reset();
    provider.behave(({ socket }) => void socket.write(`${HEAD}content-length: ${body.length}\r\n\r\n${body}`));
    const response = await post(proxy.url, { model: 'one', messages: [] });
    assert.equal(response.status, 502);
    await response.text();
    const [attempt] = (await proxy.recorder.settled()).attempts;
    assert.deepEqual([attempt?.reading.usage, attempt?.reading.usageSource], [undefined, 'none'], body);
  }
});
