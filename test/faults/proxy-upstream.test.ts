// Faults D and E of the catalogue: clients that leave, and providers that misbehave, against the real data path with a
// real server behind it. Every test ends with one record for the request, and with nothing left open.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Exchange } from '../../proxy/exchange.ts';
import { openSocket, post, startTestProxy, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import {
  LAST_CHUNK,
  SSE_HEAD,
  SSE_HEAD_UNTIL_CLOSE,
  answer,
  httpChunk,
  startFaultyProvider,
  trickle,
  type FaultyProvider,
} from '../support/upstream-faults.ts';

let provider: FaultyProvider;
let second: FaultyProvider;
let proxy: TestProxy;

before(async () => {
  provider = await startFaultyProvider();
  second = await startFaultyProvider();
  const deadlines = { connect: '5s', first_token: '500ms', idle: '1s', total: '30s' };
  proxy = await startTestProxy({
    capture: { max_bytes: '4KiB' },
    // What is looked at here is one call at a time: its target is never left alone for what others saw.
    proxy: { breaker: { failures: 1_000, requests: 1_000 } },
    providers: {
      openai: { api_key: 'sk-upstream', base_url: `${provider.url}/v1` },
      second: { type: 'openai_compatible', base_url: `${second.url}/v1` },
      anthropic: { api_key: 'sk-ant', base_url: provider.url },
      refusing: { type: 'openai_compatible', base_url: 'http://127.0.0.1:1/v1' },
    },
    routes: {
      one: { strategy: 'fallback', targets: [{ model: 'openai/m' }], deadlines, retry: { attempts: 1 } },
      two: {
        strategy: 'fallback',
        targets: [{ model: 'openai/m' }, { model: 'second/n' }],
        deadlines,
        retry: { attempts: 1 },
      },
      again: { strategy: 'fallback', targets: [{ model: 'openai/m' }], deadlines, retry: { attempts: 3 } },
      claude: { strategy: 'fallback', targets: [{ model: 'anthropic/c' }], deadlines, retry: { attempts: 1 } },
      brief: {
        strategy: 'fallback',
        targets: [{ model: 'openai/m' }],
        deadlines: { ...deadlines, total: '400ms' },
        retry: { attempts: 1 },
      },
      away: {
        strategy: 'fallback',
        targets: [{ model: 'refusing/m' }, { model: 'openai/m' }],
        deadlines,
        retry: { attempts: 1 },
      },
    },
  });
});

after(async () => {
  await proxy.close();
  provider.close();
  second.close();
});

beforeEach(() => {
  proxy.recorder.reset();
  provider.behave(({ socket }) => void socket.write(answer(200, WHOLE)));
  second.behave(({ socket }) => void socket.write(answer(200, WHOLE)));
});

afterEach(() => {
  assert.equal(proxy.recorder.begun.length, proxy.recorder.ended.length);
});

const delta = (content: string) =>
  `data: ${JSON.stringify({ id: 'c', model: 'm-1', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const STOP = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const WHOLE = JSON.stringify({
  id: 'c1',
  model: 'm-1',
  choices: [{ message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 11, completion_tokens: 7 },
});

const ask = (model: string, more: object = {}) => post(proxy.url, { model, messages: [], ...more });
const stream = (model: string) => ask(model, { stream: true });

function only(exchange: Exchange) {
  const [attempt] = exchange.attempts;
  assert.ok(attempt);
  return attempt;
}

/** The text of a stream as far as it came, and whether its connection ended cleanly. */
async function readAll(response: Response): Promise<{ text: string; broken: boolean }> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}

async function ownError(response: Response, status: number, errorClass: string): Promise<void> {
  assert.equal(response.status, status);
  assert.equal(response.headers.get('x-signalbox-error'), errorClass);
  const body = await response.text();
  assert.equal(typeof JSON.parse(body).error.message, 'string');
  assert.doesNotMatch(body, /fetch failed|undici|127\.0\.0\.1|sk-upstream| at /);
}

describe('D: clients that leave', () => {
  test('D01 in the middle of a stream: the provider is told and what is known is kept', async () => {
    provider.behave(async (call) => {
      call.socket.write(SSE_HEAD);
      await trickle(call, httpChunk(delta('word ')), 2_000);
    });
    const abort = new AbortController();
    const response = await post(
      proxy.url,
      { model: 'one', messages: [{ content: 'x'.repeat(40) }], stream: true },
      { signal: abort.signal },
    );
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
    await until(() => provider.calls[0]?.closed() === true);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'client_cancelled');
    assert.equal(only(exchange).errorType, 'cancelled');
    assert.equal(only(exchange).reading.usageSource, 'estimated');
    assert.equal(only(exchange).reading.usage?.input, 10);
    assert.ok((only(exchange).reading.usage?.output ?? 0) > 0);
    assert.ok(only(exchange).reading.firstTokenUs > 0);
  });

  test('D02 before the first byte, and during a call that does not stream', async () => {
    for (const streams of [true, false]) {
      proxy.recorder.reset();
      provider.behave(() => {});
      const abort = new AbortController();
      const call = post(proxy.url, { model: 'one', stream: streams }, { signal: abort.signal });
      await until(() => provider.calls.length === 1);
      abort.abort();
      await assert.rejects(call);
      await until(() => provider.calls[0]?.closed() === true);
      const exchange = await proxy.recorder.settled();
      assert.equal(exchange.outcome, 'client_cancelled');
      assert.equal(exchange.httpStatus, 0);
    }
  });

  test('D03 while a retry waits: nothing is tried again', async () => {
    provider.behave(
      ({ socket }) => void socket.write(answer(429, '{"error":{"message":"later"}}', ['retry-after: 1'])),
    );
    const abort = new AbortController();
    const call = post(proxy.url, { model: 'again' }, { signal: abort.signal });
    await until(() => proxy.recorder.begun[0]?.attempts[0]?.endUs !== 0 && provider.calls.length === 1);
    abort.abort();
    await assert.rejects(call);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'client_cancelled');
    assert.equal(exchange.attempts.length, 1);
    assert.equal(provider.calls.length, 1);
  });

  test('D05 a client that does not read holds back the provider, not our memory', async () => {
    let sent = 0;
    let drained = true;
    provider.behave(async (call) => {
      call.socket.write(SSE_HEAD);
      const piece = httpChunk(delta('x'.repeat(16_000)));
      call.socket.on('drain', () => (drained = true));
      while (!call.closed() && sent < 200e6) {
        await until(() => drained || call.closed());
        drained = call.socket.write(piece);
        sent += piece.length;
      }
    });
    const body = JSON.stringify({ model: 'openai/m', stream: true });
    const socket = await openSocket(proxy.port);
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    // Every buffer on the way fills up, then nothing moves any more.
    for (let before = -1; before !== sent;) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(sent > 0 && sent < 100e6, `${sent} bytes were taken from the provider`);
    socket.destroy();
    await until(() => provider.calls[0]?.closed() === true);
    assert.equal((await proxy.recorder.settled()).outcome, 'client_cancelled');
  });

  test('many that leave at once hold no connection afterwards', async () => {
    provider.behave(async (call) => {
      call.socket.write(SSE_HEAD);
      await trickle(call, httpChunk(delta('word ')), 2_000);
    });
    const abort = new AbortController();
    const streams = Array.from({ length: 40 }, async () => {
      const response = await post(proxy.url, { model: 'one', stream: true }, { signal: abort.signal });
      await response.body?.getReader().read();
    });
    await Promise.all(streams);
    abort.abort();
    await until(() => provider.calls.length === 40 && provider.calls.every((call) => call.closed()));
    await until(() => proxy.recorder.ended.length === 40);
    assert.ok(proxy.recorder.ended.every(({ outcome }) => outcome === 'client_cancelled'));
    provider.behave(({ socket }) => void socket.write(answer(200, WHOLE)));
    assert.equal((await ask('one')).status, 200);
  });

  test('a client that hangs up after the last event has had its answer', async () => {
    provider.behave(
      ({ socket }) => void socket.write(Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(delta('hi') + STOP + DONE)])),
    );
    const abort = new AbortController();
    const response = await post(proxy.url, { model: 'one', stream: true }, { signal: abort.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
    assert.equal((await proxy.recorder.settled()).outcome, 'ok');
  });
});

describe('E01-E05: providers that fail before the first byte', () => {
  test('E01 nobody listens: the next target, or a plain 502', async () => {
    await ownError(await ask('refusing/m'), 502, 'bad_upstream');
    const alone = await proxy.recorder.settled();
    assert.equal(alone.outcome, 'upstream_error');
    assert.deepEqual(
      alone.attempts.map(({ errorType }) => errorType),
      ['connect', 'connect'],
    );
    proxy.recorder.reset();
    const response = await ask('away');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-signalbox-attempts'), '2');
    assert.equal(response.headers.get('x-signalbox-provider'), 'openai');
    assert.match(response.headers.get('x-signalbox-reason') ?? '', /refusing failed before \(connect\)/);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual(
      exchange.attempts.map(({ errorType, index }) => [index, errorType]),
      [
        [1, 'connect'],
        [2, ''],
      ],
    );
  });

  test('E03 accepts and never answers: the next target, else 504 when the time for the whole call is over', async () => {
    provider.behave(() => {});
    const response = await ask('two');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-signalbox-provider'), 'second');
    assert.equal((await proxy.recorder.settled()).attempts[0]?.errorType, 'timeout');
    await until(() => provider.calls[0]?.closed() === true);
    await ownError(await ask('brief'), 504, 'upstream_timeout');
    proxy.recorder.reset();
    const own = await post(proxy.url, { model: 'one' }, { headers: { 'x-signalbox-deadline-ms': '100' } });
    await ownError(own, 504, 'upstream_timeout');
  });

  test('E05 statuses: tried again or elsewhere, and the last one passes through', async () => {
    for (const status of [408, 500, 502, 503, 504, 529]) {
      proxy.recorder.reset();
      provider.behave(
        ({ socket }) => void socket.write(answer(status, '{"error":{"message":"no","type":"server_error"}}')),
      );
      const response = await ask('two');
      assert.equal(response.status, 200, String(status));
      const exchange = await proxy.recorder.settled();
      assert.deepEqual(
        exchange.attempts.map(({ errorType }) => errorType),
        [String(status), ''],
      );
      const alone = await ask('again');
      assert.equal(alone.status, status);
      assert.equal(await alone.text(), '{"error":{"message":"no","type":"server_error"}}');
      assert.equal(alone.headers.get('x-should-retry'), status >= 500 ? 'false' : null);
      assert.equal(provider.calls.length, 4);
    }
  });

  test('E05 errors that are not worth another try pass through untouched', async () => {
    for (const status of [400, 401, 403, 404, 413, 422]) {
      provider.behave(
        ({ socket }) => void socket.write(answer(status, '{"error":{"code":"x"}}', ['x-ratelimit-remaining: 3'])),
      );
      const response = await ask('two');
      assert.equal(response.status, status);
      assert.equal(response.headers.get('x-ratelimit-remaining'), '3');
      assert.equal(response.headers.get('x-signalbox-error'), null);
      assert.equal(await response.text(), '{"error":{"code":"x"}}');
      assert.equal(provider.calls.length, 1);
    }
    assert.equal((await proxy.recorder.settled()).outcome, 'upstream_error');
  });

  test('E05 error pages become errors of the dialect, with their status', async () => {
    const page = `<html>${'x'.repeat(3 * 1024 * 1024)}</html>`;
    for (const body of ['<html>oops</html>', '', page]) {
      provider.behave(
        ({ socket }) => void socket.write(answer(503, body, ['content-type: text/html', 'retry-after: 7'])),
      );
      const response = await ask('one');
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('retry-after'), '7');
      const { error } = (await response.json()) as { error: { type: string; message: string } };
      assert.equal(error.type, 'server_error');
      assert.doesNotMatch(error.message, /html/);
    }
    const claude = await post(proxy.url, { model: 'claude' }, { path: '/v1/messages' });
    assert.equal(((await claude.json()) as { type: string }).type, 'error');
    const exchange = await proxy.recorder.settled();
    assert.ok(only(exchange).responseSize <= 64 + page.length);
  });

  test('E12 Retry-After: a short one is waited for, a long one is not', async () => {
    const limited = (value: string) =>
      provider.behave(
        ({ socket, index }) =>
          void socket.write(index === 1 ? answer(429, '{"error":{}}', [`retry-after: ${value}`]) : answer(200, WHOLE)),
      );
    limited('0');
    assert.equal((await ask('again')).status, 200);
    for (const value of ['3600', '1000000000', 'Fri, 01 Jan 2100 00:00:00 GMT']) {
      limited(value);
      const response = await ask('again');
      assert.equal(response.status, 429);
      assert.equal(response.headers.get('retry-after'), value);
      assert.equal(response.headers.get('x-should-retry'), null);
      assert.equal(provider.calls.length, 1);
      limited(value);
      const elsewhere = await ask('two');
      assert.equal(elsewhere.headers.get('x-signalbox-provider'), 'second');
    }
    for (const nonsense of ['-1', 'soon', '']) {
      limited(nonsense);
      assert.equal((await ask('again')).status, 200);
    }
  });

  test('a connection that is reset before any byte is worth another try', async () => {
    provider.behave(
      ({ socket, index }) => void (index === 1 ? socket.resetAndDestroy() : socket.write(answer(200, WHOLE))),
    );
    assert.equal((await ask('again')).status, 200);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual(
      exchange.attempts.map(({ errorType }) => errorType),
      ['reset', ''],
    );
  });
});

describe('E06-E11: streams', () => {
  const breaks: [string, (socket: Socket) => void, string][] = [
    ['E06 a reset', (socket) => void socket.resetAndDestroy(), SSE_HEAD],
    ['E07 an end inside chunked bytes', (socket) => void socket.end(), SSE_HEAD],
    ['E08 an end that looks like success', (socket) => void socket.end(), SSE_HEAD_UNTIL_CLOSE],
    ['E04 silence', () => {}, SSE_HEAD],
  ];
  for (const [name, end, head] of breaks) {
    test(`${name}: every byte that came, then an error event, never [DONE]`, async () => {
      const said = delta('one') + delta('two');
      provider.behave(async ({ socket }) => {
        socket.write(head);
        socket.write(head === SSE_HEAD ? httpChunk(said) : said);
        await new Promise((resolve) => setTimeout(resolve, 50));
        end(socket);
      });
      const { text, broken } = await readAll(await stream('one'));
      assert.equal(broken, false);
      assert.ok(text.startsWith(said));
      assert.doesNotMatch(text, /\[DONE\]/);
      const error = JSON.parse(text.slice(said.length).replace(/^\s*data: /, ''));
      assert.equal(error.error.type, 'server_error');
      const exchange = await proxy.recorder.settled();
      assert.equal(exchange.outcome, 'truncated');
      assert.equal(exchange.httpStatus, 200);
      assert.equal(only(exchange).reading.complete, false);
      assert.equal(only(exchange).reading.usageSource, 'estimated');
      assert.equal(exchange.attempts.length, 1);
    });
  }

  test('E06 in the Anthropic dialect', async () => {
    const start = `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message: { id: 'm', model: 'c', usage: { input_tokens: 9, output_tokens: 1 } } })}\n\n`;
    provider.behave(async ({ socket }) => {
      socket.write(SSE_HEAD);
      socket.write(httpChunk(start));
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.resetAndDestroy();
    });
    const { text } = await readAll(await post(proxy.url, { model: 'claude', stream: true }, { path: '/v1/messages' }));
    assert.ok(text.startsWith(start));
    assert.match(text.slice(start.length), /^\s*event: error\ndata: \{"type":"error","error":\{"type":"api_error"/);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'truncated');
    assert.deepEqual([only(exchange).reading.usage?.input, only(exchange).reading.usageSource], [9, 'provider']);
  });

  test('E09 the last event came and the connection stays open: the client is not kept waiting', async () => {
    provider.behave(
      ({ socket }) => void socket.write(Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(delta('hi') + STOP + DONE)])),
    );
    const { text, broken } = await readAll(await stream('one'));
    assert.deepEqual([text, broken], [delta('hi') + STOP + DONE, false]);
    assert.equal((await proxy.recorder.settled()).outcome, 'ok');
    await until(() => provider.calls[0]?.closed() === true);
  });

  test('E10 odd bytes go through as they came and stop nothing', async () => {
    const odd = [
      ': comment\n\n',
      'data: {"broken\n\n',
      delta('Grüße').replaceAll('\n', '\r\n'),
      delta('x'.repeat(600_000)),
      'event: strange\nid: 5\nretry: 10\ndata: {}\n\n',
      STOP,
      'data: [DONE]',
    ].join('');
    provider.behave(async ({ socket }) => {
      socket.write(SSE_HEAD);
      const bytes = Buffer.from(odd);
      for (let from = 0; from < 300; from++) socket.write(httpChunk(bytes.subarray(from, from + 1)));
      socket.write(httpChunk(bytes.subarray(300)));
      socket.write(LAST_CHUNK);
    });
    const { text } = await readAll(await stream('one'));
    assert.equal(text, odd);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'ok');
    assert.equal(only(exchange).reading.malformed, 1);
  });

  test('E11 an error object in a stream passes, and is no success', async () => {
    const error = `data: ${JSON.stringify({ error: { type: 'server_error', message: 'sorry' } })}\n\n`;
    provider.behave(
      ({ socket }) =>
        void socket.write(Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(error), Buffer.from(LAST_CHUNK)])),
    );
    const { text } = await readAll(await stream('one'));
    assert.equal(text, error);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual([exchange.outcome, exchange.errorType], ['upstream_error', 'server_error']);
  });

  test('E16 events twice and after the end pass, and are recorded once', async () => {
    const events = delta('a') + STOP + STOP + DONE + DONE;
    provider.behave(
      ({ socket }) =>
        void socket.write(Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(events), Buffer.from(LAST_CHUNK)])),
    );
    assert.equal((await readAll(await stream('one'))).text, events);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual(only(exchange).reading.finishReasons, ['stop']);
  });

  test('usage is asked for, read, and kept from a client that did not ask', async () => {
    const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 8, completion_tokens: 2 } })}\n\n`;
    provider.behave(
      ({ socket }) =>
        void socket.write(
          Buffer.concat([Buffer.from(SSE_HEAD), httpChunk(delta('a') + STOP + usage + DONE), Buffer.from(LAST_CHUNK)]),
        ),
    );
    assert.equal((await readAll(await stream('one'))).text, delta('a') + STOP + DONE);
    assert.match(provider.calls[0]?.body ?? '', /"stream_options":\{"include_usage":true\}/);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual(only(exchange).reading.usage, { input: 8, output: 2, cacheRead: 0, cacheWrite: 0, reasoning: 0 });
    assert.equal(Buffer.concat(only(exchange).responseBody).toString(), delta('a') + STOP + usage + DONE);
    const asking = await ask('one', { stream: true, stream_options: { include_usage: true } });
    assert.equal((await readAll(asking)).text, delta('a') + STOP + usage + DONE);
    const declining = await ask('one', { stream: true, stream_options: { include_usage: false, other: 1 } });
    assert.equal((await readAll(declining)).text, delta('a') + STOP + DONE);
    assert.match(provider.calls[2]?.body ?? '', /"stream_options":\{"include_usage":true,"other":1\}/);
  });
});

describe('E13-E18: answers', () => {
  test('E13 packed answers are unpacked; bombs and noise are refused', async () => {
    provider.behave(({ socket }) => void socket.write(answer(200, gzipSync(WHOLE), ['content-encoding: gzip'])));
    const response = await ask('one');
    assert.equal(response.headers.get('content-encoding'), null);
    assert.equal(await response.text(), WHOLE);
    assert.equal(only(await proxy.recorder.settled()).reading.usage?.input, 11);
    provider.behave(
      ({ socket }) =>
        void socket.write(answer(200, gzipSync(Buffer.alloc(80 * 1024 * 1024)), ['content-encoding: gzip'])),
    );
    await ownError(await ask('one'), 502, 'bad_upstream');
    provider.behave(({ socket }) => void socket.write(answer(200, 'not packed', ['content-encoding: br'])));
    await ownError(await ask('one'), 502, 'bad_upstream');
    const events = gzipSync(delta('packed') + STOP + DONE);
    const head = SSE_HEAD.replace('\r\n\r\n', '\r\ncontent-encoding: gzip\r\n\r\n');
    provider.behave(
      ({ socket }) =>
        void socket.write(
          Buffer.concat([
            Buffer.from(head),
            httpChunk(events.subarray(0, 20)),
            httpChunk(events.subarray(20)),
            Buffer.from(LAST_CHUNK),
          ]),
        ),
    );
    const packed = await stream('one');
    assert.equal(packed.headers.get('content-encoding'), null);
    assert.equal((await readAll(packed)).text, delta('packed') + STOP + DONE);
    provider.behave(({ socket }) => void socket.write(answer(200, WHOLE.slice(0, 40), [])));
    await ownError(await ask('one'), 502, 'bad_upstream');
    provider.behave(({ socket }) => {
      socket.write(answer(200, WHOLE).subarray(0, -10));
      socket.end();
    });
    await ownError(await ask('one'), 502, 'bad_upstream');
  });

  test('E14 redirects are never followed', async () => {
    for (const status of [301, 302, 307, 308]) {
      provider.behave(({ socket }) => void socket.write(answer(status, '', ['location: http://169.254.169.254/'])));
      const response = await ask('one');
      assert.equal(response.headers.get('location'), null);
      await ownError(response, 502, 'bad_upstream');
      const through = await fetch(`${proxy.url}/passthrough/openai/v1/files`, { redirect: 'manual' });
      await ownError(through, 502, 'bad_upstream');
    }
  });

  test('E11 200 with an error inside passes and is no success', async () => {
    provider.behave(({ socket }) => void socket.write(answer(200, '{"error":{"type":"rate","message":"slow down"}}')));
    const response = await ask('one');
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '{"error":{"type":"rate","message":"slow down"}}');
    const exchange = await proxy.recorder.settled();
    assert.deepEqual([exchange.outcome, exchange.errorType], ['upstream_error', 'rate']);
  });

  test('E15 impossible usage is estimated instead', async () => {
    for (const tokens of [-5, '7', 1e12, null]) {
      const body = JSON.stringify({
        ...JSON.parse(WHOLE),
        usage: { prompt_tokens: tokens, completion_tokens: tokens },
      });
      provider.behave(({ socket }) => void socket.write(answer(200, body)));
      assert.equal(await (await ask('one', { messages: [{ content: 'abcdefgh' }] })).text(), body);
      const exchange = await proxy.recorder.settled();
      assert.equal(only(exchange).reading.usageSource, 'estimated');
      assert.deepEqual(only(exchange).reading.usage, {
        input: 2,
        output: 2,
        cacheRead: 0,
        cacheWrite: 0,
        reasoning: 0,
      });
    }
  });

  test('E17 heads: too long, odd, and what must not cross', async () => {
    provider.behave(({ socket }) => void socket.write(answer(200, WHOLE, [`x-long: ${'x'.repeat(20_000)}`])));
    await ownError(await ask('one'), 502, 'bad_upstream');
    const extra = ['set-cookie: a=b', 'connection: x-hop', 'x-hop: 1', 'x-signalbox-cost-usd: 0', 'x-kept: yes'];
    provider.behave(({ socket }) => void socket.write(answer(200, WHOLE, extra)));
    const response = await ask('one');
    assert.equal(response.status, 200);
    for (const name of ['set-cookie', 'x-hop']) assert.equal(response.headers.get(name), null);
    assert.notEqual(response.headers.get('x-signalbox-cost-usd'), '0');
    assert.equal(response.headers.get('x-kept'), 'yes');
    provider.behave(({ socket }) => void socket.write('nonsense\r\n\r\n'));
    await ownError(await ask('one'), 502, 'bad_upstream');
    provider.behave(({ socket }) => void socket.write(answer(200, '<html>login</html>', ['content-type: text/html'])));
    await ownError(await stream('one'), 502, 'bad_upstream');
  });

  test('E18 hints before the answer, ends by closing, nothing at all', async () => {
    provider.behave(
      ({ socket }) =>
        void socket.write(
          Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), answer(200, WHOLE)]),
        ),
    );
    assert.equal(await (await ask('one')).text(), WHOLE);
    provider.behave(({ socket }) => {
      socket.write(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${WHOLE}`);
      socket.end();
    });
    assert.equal(await (await ask('one')).text(), WHOLE);
    for (const status of [200, 204]) {
      provider.behave(
        ({ socket }) => void socket.write(status === 204 ? 'HTTP/1.1 204 No Content\r\n\r\n' : answer(200, '')),
      );
      await ownError(await ask('one'), 502, 'bad_upstream');
      assert.equal((await proxy.recorder.settled()).errorType, 'empty');
    }
  });

  test('an answer of megabytes passes as it comes, and its usage is still read', async () => {
    const numbers = Array.from({ length: 200_000 }, (_none, at) => at / 7);
    const body = JSON.stringify({
      data: [{ embedding: numbers }],
      model: 'e',
      usage: { prompt_tokens: 33, total_tokens: 33 },
    });
    assert.ok(body.length > 2e6);
    provider.behave(({ socket }) => void socket.write(answer(200, body)));
    const response = await post(proxy.url, { model: 'one', input: 'x' }, { path: '/v1/embeddings' });
    assert.equal(await response.text(), body);
    const exchange = await proxy.recorder.settled();
    assert.deepEqual([exchange.outcome, only(exchange).reading.usage?.input], ['ok', 33]);
    assert.equal(Buffer.concat(only(exchange).responseBody).length, 4096);
  });
});

describe('what goes out', () => {
  test('the cost of a whole answer is a header, and the model is rewritten', async () => {
    const response = await ask('openai/gpt-4o');
    assert.ok(Number(response.headers.get('x-signalbox-cost-usd')) > 0);
    assert.equal(provider.calls[0]?.body, '{"model":"gpt-4o","messages":[]}');
    assert.match(provider.calls[0]?.head ?? '', /^POST \/v1\/chat\/completions HTTP\/1\.1/);
    const unpriced = await ask('second/nobody-knows');
    assert.equal(unpriced.headers.get('x-signalbox-cost-usd'), null);
    await until(() => proxy.recorder.ended.length === 2);
    assert.equal(only(proxy.recorder.ended[1] as Exchange).cost, undefined);
  });

  test("without a key of its own a provider gets the caller's, with one it does not", async () => {
    const headers = { authorization: 'Bearer callers-own' };
    await post(proxy.url, { model: 'second/n' }, { headers });
    assert.match(second.calls[0]?.head ?? '', /authorization: Bearer callers-own/);
    await post(proxy.url, { model: 'openai/m' }, { headers });
    assert.match(provider.calls[0]?.head ?? '', /authorization: Bearer sk-upstream/);
    await post(
      proxy.url,
      { model: 'claude' },
      { headers: { 'x-api-key': 'callers-own' }, path: '/v1/messages?beta=true' },
    );
    const claude = provider.calls.at(-1)?.head ?? '';
    assert.match(claude, /^POST \/v1\/messages\?beta=true /);
    assert.match(claude, /x-api-key: sk-ant/);
    assert.match(claude, /anthropic-version: 2023-06-01/);
    assert.doesNotMatch(claude, /callers-own/);
  });

  test('what a passthrough brings is forwarded as it is, counted where it can be', async () => {
    const path = '/passthrough/openai/v1/chat/completions?x=1';
    const body = '{ "model":"gpt-4o" , "n": 1.0 }';
    const response = await post(proxy.url, body, {
      path,
      headers: { 'x-custom': 'kept', authorization: 'Bearer mine' },
    });
    assert.equal(await response.text(), WHOLE);
    const [call] = provider.calls;
    assert.equal(call?.body, body);
    assert.match(call?.head ?? '', /^POST \/v1\/chat\/completions\?x=1 /);
    assert.match(call?.head ?? '', /x-custom: kept/);
    assert.match(call?.head ?? '', /authorization: Bearer sk-upstream/);
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.operation, 'passthrough');
    assert.equal(only(exchange).reading.usage?.output, 7);
    const removed = await fetch(`${proxy.url}/passthrough/openai/v1/files/f-1`, { method: 'DELETE' });
    assert.equal(removed.status, 200);
    assert.match(provider.calls.at(-1)?.head ?? '', /^DELETE \/v1\/files\/f-1 /);
    assert.equal((await fetch(`${proxy.url}/passthrough/nobody/v1/x`)).status, 404);
  });

  test('labels and trace context of the caller are on the record', async () => {
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-signalbox-tags': 'feature=search,__proto__=x,bad tag=1,b=2',
      'x-signalbox-session': 's-1',
      'x-signalbox-prompt': 'greeting@7',
    };
    const response = await post(proxy.url, { model: 'one', user: 'ada' }, { headers });
    assert.equal(response.headers.get('x-signalbox-trace-id'), '0af7651916cd43dd8448eb211c80319c');
    const exchange = await proxy.recorder.settled();
    assert.deepEqual(exchange.tags, { feature: 'search', b: '2' });
    assert.deepEqual(
      [exchange.parentSpanId, exchange.userId, exchange.sessionId, exchange.promptName, exchange.promptVersion],
      ['b7ad6b7169203331', 'ada', 's-1', 'greeting', '7'],
    );
    assert.doesNotMatch(provider.calls[0]?.head ?? '', /x-signalbox|traceparent/);
    assert.ok(exchange.overheadUs > 0);
  });
});

describe('the end of a worker', () => {
  test('streams under way end with an error event, and new calls are not taken', async () => {
    const own = await startTestProxy({
      proxy: { drain: '100ms' },
      providers: { openai: { api_key: 'k', base_url: `${provider.url}/v1` } },
    });
    provider.behave(async (call) => {
      call.socket.write(SSE_HEAD);
      await trickle(call, httpChunk(delta('on and on ')), 2_000);
    });
    const response = await post(own.url, { model: 'openai/m', stream: true });
    const reading = readAll(response);
    await until(() => provider.calls.length === 1);
    await own.close();
    const { text } = await reading;
    assert.match(text, /"error":\{"message":"The provider \\"openai\\" was still answering/);
    assert.doesNotMatch(text, /\[DONE\]/);
    assert.equal(own.recorder.ended[0]?.outcome, 'truncated');
    assert.equal(own.recorder.closed, true);
    await assert.rejects(fetch(`${own.url}/healthz`));
  });

  test('a stream that ends in time ends well', async () => {
    const own = await startTestProxy({
      proxy: { drain: '10s' },
      providers: { openai: { api_key: 'k', base_url: `${provider.url}/v1` } },
    });
    provider.behave(async (call) => {
      call.socket.write(SSE_HEAD);
      await trickle(call, httpChunk(delta('a')), 20);
      call.socket.write(httpChunk(STOP + DONE));
      call.socket.write(LAST_CHUNK);
    });
    const response = await post(own.url, { model: 'openai/m', stream: true });
    const [{ text }] = await Promise.all([readAll(response), own.close()]);
    assert.ok(text.endsWith(DONE));
    assert.equal(own.recorder.ended[0]?.outcome, 'ok');
  });
});
