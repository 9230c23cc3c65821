// What a provider does wrong before the first byte, the caller does not see: scenarios S01 to S07, S11 to S13 and S15, for
// callers of OpenAI chat, Responses, Anthropic and Gemini, streaming, seen from both ends. The real data path, against raw
// servers in place of the providers; time is short by configured deadlines.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { endRecord } from '../../proxy/report/record.ts';
import { spansOf } from '../../proxy/report/spans.ts';
import { ATTR } from '../../schemas/attributes.ts';
import { post, startTestProxy, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import {
  answer,
  httpChunk,
  LAST_CHUNK,
  SSE_HEAD,
  SSE_HEAD_UNTIL_CLOSE,
  startFaultyProvider,
  type Behaviour,
  type FaultCall,
  type FaultyProvider,
} from '../support/upstream-faults.ts';
import { sayingOf, type Json, type Wire } from '../support/wire-types.ts';
import { WIRES } from '../support/wires.ts';

const FIRST_TOKEN_MS = 600;

interface Dialect {
  readonly id: string;
  /** Of the provider in the config. */
  readonly provider: { readonly type: string; readonly version: string };
  readonly path: (model: string) => string;
  readonly body: (model: string) => object;
  /** What a long prompt, and one that may not be answered, is told. */
  readonly tooLong: Json;
  readonly filtered: Json;
}

const user = [{ role: 'user', content: 'Say hello.' }];
const openaiError = (code: string, message: string) => ({
  error: { message, type: 'invalid_request_error', param: 'messages', code },
});
const OPENAI_ERRORS = {
  tooLong: openaiError('context_length_exceeded', "This model's maximum context length is 8192 tokens."),
  filtered: openaiError('content_filter', 'The prompt triggered the content management policy.'),
};

const DIALECTS: readonly Dialect[] = [
  {
    id: 'openai_chat',
    provider: { type: 'openai', version: '/v1' },
    path: () => '/v1/chat/completions',
    body: (model) => ({ model, stream: true, stream_options: { include_usage: true }, messages: user }),
    ...OPENAI_ERRORS,
  },
  {
    id: 'openai_responses',
    provider: { type: 'openai', version: '/v1' },
    path: () => '/v1/responses',
    body: (model) => ({ model, stream: true, input: 'Say hello.' }),
    ...OPENAI_ERRORS,
  },
  {
    id: 'anthropic',
    provider: { type: 'anthropic', version: '' },
    path: () => '/v1/messages',
    body: (model) => ({ model, stream: true, max_tokens: 50, messages: user }),
    tooLong: {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
    },
    filtered: {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
    },
  },
  {
    id: 'gemini',
    provider: { type: 'gemini', version: '/v1beta' },
    path: (model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Say hello.' }] }] }),
    tooLong: {
      error: {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: 'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).',
      },
    },
    filtered: { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'Request blocked: PROHIBITED_CONTENT' } },
  },
];

const wireOf = (id: string): Wire => {
  const wire = WIRES.find((each) => each.id === id);
  assert.ok(wire, id);
  return wire;
};

// The dialects beside one another, the scenarios of each one by one.
describe('before the first byte', { concurrency: true }, () => {
  for (const dialect of DIALECTS) {
    describe(`for a caller of ${dialect.id}`, { concurrency: 1 }, () => scenarios(dialect));
  }
});

function scenarios({ id, provider: { type, version }, path, body, tooLong, filtered }: Dialect): void {
  const wire = wireOf(id);
  const asked = { path: path('m'), query: '', body: body('m') as Json };
  const frames = (model: string) => wire.frames(sayingOf(model), model, asked);
  const saidBy = (model: string) => Buffer.concat(frames(model)).toString();

  let primary: FaultyProvider;
  let second: FaultyProvider;
  let proxy: TestProxy;
  /** When each call reached the primary, in milliseconds. */
  const at: number[] = [];

  before(async () => {
    primary = await startFaultyProvider();
    second = await startFaultyProvider();
  });

  after(async () => {
    await proxy.close();
    primary.close();
    second.close();
  });

  /** Each scenario has a proxy of its own: what one taught it about a target is no matter of the next. */
  beforeEach(async () => {
    await (proxy as TestProxy | undefined)?.close();
    const provider = ({ url }: FaultyProvider) => ({ type, api_key: 'sk-upstream', base_url: `${url}${version}` });
    const deadlines = { connect: '2s', first_token: `${FIRST_TOKEN_MS}ms`, idle: '5s', total: '20s' };
    const targets = [{ model: 'primary/m-plain', context: 8_000 }];
    const base = { strategy: 'fallback', targets, deadlines, retry: { attempts: 3 } };
    proxy = await startTestProxy({
      proxy: { breaker: { failures: 5, ejection: '400ms', longest: '400ms' } },
      providers: {
        primary: provider(primary),
        second: provider(second),
        many: { type, api_keys: ['sk-one', 'sk-two'], base_url: `${primary.url}${version}` },
      },
      routes: {
        assistant: { ...base, fallback: ['second/n-thinking'] },
        alone: base,
        larger: { ...base, fallback: [{ model: 'second/n-thinking', context: 100_000 }] },
        same: { ...base, fallback: [{ model: 'second/n-thinking', context: 8_000 }] },
        anyway: { ...base, fallback: [{ model: 'second/n-thinking', on: ['content_filter'] }] },
        keys: { ...base, targets: [{ model: 'many/m-plain' }] },
      },
    } as object);
    at.length = 0;
    behave(good('m-plain'));
    second.behave(good('n-thinking'));
  });

  const behave = (behaviour: Behaviour) =>
    primary.behave((call) => {
      at.push(performance.now());
      return behaviour(call);
    });

  /** A whole stream, as this provider gives it. */
  function good(model: string): Behaviour {
    return ({ socket }) => {
      socket.write(SSE_HEAD);
      for (const frame of frames(model)) socket.write(httpChunk(frame));
      socket.write(LAST_CHUNK);
    };
  }

  const failing = (status: number, said: unknown, headers: readonly string[] = []): Behaviour => {
    return ({ socket }: FaultCall) => void socket.write(answer(status, JSON.stringify(said), headers));
  };
  const error = (status: number, headers: readonly string[] = []) =>
    failing(status, wire.error(status, 'fault as asked').body, headers);
  const once = (behaviour: Behaviour): Behaviour => {
    return (call) => (call.index === 1 ? behaviour(call) : good('m-plain')(call));
  };

  const ask = (route = 'assistant') => post(proxy.url, body(route), { path: path(route) });

  /** The caller's view: the whole answer of one target, byte for byte. */
  async function answered(by: 'primary' | 'second', route?: string): Promise<Response> {
    const response = await ask(route);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.equal(response.headers.get('x-signalbox-provider'), by);
    assert.equal(text, saidBy(by === 'primary' ? 'm-plain' : 'n-thinking'));
    return response;
  }

  const settled = () => proxy.recorder.settled();
  const ways = async () =>
    (await settled()).attempts.map(({ target, errorType }) => `${target.deployment} ${errorType}`);

  test('S01 one 429 with Retry-After: 2 is waited for, never asked again inside 1.5 s', async () => {
    behave(once(error(429, ['retry-after: 2'])));
    const response = await answered('primary');
    assert.equal(at.length, 2);
    assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 1_500);
    assert.equal(second.calls.length, 0);
    assert.match(
      response.headers.get('x-signalbox-reason') ?? '',
      /primary failed before \(429\), tried again after 2000/,
    );
  });

  test('S01 a longer pause loses the call, and the next ones, to the fallback', async () => {
    behave(once(error(429, ['retry-after: 30'])));
    await answered('second');
    const response = await answered('second');
    assert.equal(at.length, 1);
    assert.match(response.headers.get('x-signalbox-reason') ?? '', /skipped: primary\/m-plain: throttled for 30 s/);
    assert.match((await settled()).skipped.join(), /throttled/);
  });

  test('S02 a persistent 429: at most six attempts, four in three seconds, then the fallback', async () => {
    behave(error(429));
    await answered('second');
    assert.ok(at.length <= 6 && at.filter((each) => each - (at[0] ?? 0) <= 3_000).length <= 4, String(at.length));
    assert.equal(second.calls.length, 1);
    behave(error(429));
    const alone = await ask('alone');
    assert.equal(alone.status, 429);
    assert.ok(at.length <= 8);
  });

  test('S03 one 500: tried again at the same target', async () => {
    behave(once(error(500)));
    await answered('primary');
    assert.equal(at.length, 2);
    assert.equal(second.calls.length, 0);
    assert.deepEqual(await ways(), ['primary 500', 'primary ']);
  });

  test('S04 a persistent 503: the fallback answers, its model and usage are reported, what failed is not billed', async () => {
    behave(error(503));
    const response = await answered('second');
    assert.ok(at.length <= 6);
    assert.equal(response.headers.get('x-signalbox-model'), 'n-thinking');
    const { attempts, outcome } = await settled();
    assert.equal(outcome, 'ok');
    const last = attempts.at(-1);
    assert.equal(last?.reading.usageSource, 'provider');
    assert.equal(last?.reading.usage?.output, sayingOf('n-thinking').usage.output);
    for (const failed of attempts.slice(0, -1))
      assert.deepEqual([failed.reading.usage, failed.cost], [undefined, undefined]);
    // The provider sees the fallback's own model.
    assert.match(`${second.calls[0]?.head}${second.calls[0]?.body}`, /n-thinking/);
  });

  test('S04 without a fallback the last error passes, and the caller is told not to multiply it', async () => {
    behave(error(503));
    const response = await ask('alone');
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('x-should-retry'), 'false');
    assert.equal(at.length, 3);
  });

  test('S05 a connection reset before the head: tried again', async () => {
    behave(once(({ socket }) => void socket.resetAndDestroy()));
    await answered('primary');
    assert.deepEqual(await ways(), ['primary reset', 'primary ']);
  });

  test('S05 a stream that ends before its first content is no answer either', async () => {
    const [head = Buffer.alloc(0)] = frames('m-plain');
    behave(({ socket }) => {
      socket.write(SSE_HEAD_UNTIL_CLOSE);
      // Google's first event has content already.
      if (id !== 'gemini') socket.write(head);
      socket.end();
    });
    await answered('second');
    assert.deepEqual(await ways(), ['primary reset', 'primary reset', 'primary reset', 'second ']);
  });

  test('an error in place of the first content goes to the fallback; the caller sees none of it', async () => {
    behave(({ socket }) => {
      socket.write(SSE_HEAD_UNTIL_CLOSE);
      socket.end(wire.errorFrame('overloaded'));
    });
    await answered('second');
    assert.ok(at.length <= 3);
  });

  test('S06 a target that never answers: on to the fallback at the first timeout, never asked twice', async () => {
    behave(() => {});
    await answered('second');
    assert.equal(at.length, 1);
    assert.deepEqual(await ways(), ['primary timeout', 'second ']);
    await until(() => primary.calls[0]?.closed() === true);
  });

  test('S07 headers at once and the first token late: on to the fallback, and the late one is told to stop', async () => {
    const started = performance.now();
    behave(async ({ socket, closed }) => {
      socket.write(SSE_HEAD);
      const [head] = frames('m-plain');
      if (id !== 'gemini' && head !== undefined) socket.write(httpChunk(head));
      while (!closed()) {
        socket.write(httpChunk(': waiting\n\n'));
        await sleep(50);
      }
    });
    await answered('second');
    assert.ok(performance.now() - started >= FIRST_TOKEN_MS - 1);
    assert.equal(at.length, 1);
    assert.match((await settled()).attempts[0]?.errorMessage ?? '', /too long for the first token/);
    await until(() => primary.calls[0]?.closed() === true);
  });

  test('S07 where nothing else is left a late first token is waited for', async () => {
    behave(async ({ socket, ...call }) => {
      socket.write(SSE_HEAD);
      await sleep(FIRST_TOKEN_MS * 2);
      for (const frame of frames('m-plain')) socket.write(httpChunk(frame));
      socket.write(LAST_CHUNK);
      assert.equal(call.index, 1);
    });
    await answered('primary', 'alone');
    assert.equal(at.length, 1);
  });

  test('S11 the last event came and the connection stays open: whole at once, with its usage', async () => {
    behave(({ socket }) => {
      socket.write(SSE_HEAD);
      for (const frame of frames('m-plain')) socket.write(httpChunk(frame));
    });
    await answered('primary');
    const { outcome, attempts } = await settled();
    assert.equal(outcome, 'ok');
    assert.equal(attempts[0]?.reading.usage?.output, sayingOf('m-plain').usage.output);
  });

  test('S12 a prompt that is too long: not sent again to the same size, but to a larger model', async () => {
    behave(failing(400, tooLong));
    await answered('second', 'larger');
    assert.equal(at.length, 1);
    const same = await ask('same');
    assert.equal(same.status, 400);
    assert.deepEqual(await same.json(), tooLong);
    assert.equal(at.length, 2);
    assert.equal(second.calls.length, 1);
    assert.match((await settled()).skipped.join(), /second\/n-thinking: not known to take a longer prompt/);
  });

  test('S13 a content filter: one attempt, its reason reaches the caller, nobody is asked instead', async () => {
    behave(failing(400, filtered));
    const response = await ask();
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), filtered);
    assert.deepEqual([at.length, second.calls.length], [1, 0]);
    await answered('second', 'anyway');
  });

  test('S15 an outage with 20 calls: all served, the target is left alone, tried, and used again', async () => {
    let down = true;
    behave((call) => (down ? error(503)(call) : good('m-plain')(call)));
    for (let call = 0; call < 20; call++) await answered('second');
    const during = at.length;
    // Five to open it; then single calls that try it, none of them tried again.
    assert.ok(during < 20, `${during} calls reached the target that is down`);
    assert.match(proxy.metrics.text(), /signalbox_target_ejected\{target="primary\/m-plain"\} 1/);
    await settled();
    const skipped = proxy.recorder.ended.filter((exchange) =>
      /primary\/m-plain: ejected/.test(exchange.skipped.join()),
    );
    assert.ok(skipped.length > 0);
    down = false;
    const recovered = performance.now();
    let by: string | null = '';
    while (by !== 'primary' && performance.now() - recovered < 5_000) {
      const response = await ask();
      assert.equal(response.status, 200);
      await response.text();
      by = response.headers.get('x-signalbox-provider');
      await sleep(20);
    }
    assert.equal(by, 'primary');
    await answered('primary');
    assert.match(proxy.metrics.text(), /signalbox_target_ejected\{target="primary\/m-plain"\} 0/);
  });

  test('the next key where one is refused or throttled; with none left the refusal passes', async () => {
    const keyed = (call: FaultCall) => /sk-\w+/.exec(call.head)?.[0];
    for (const status of [401, 402, 403, 429]) {
      behave((call) => (keyed(call) === 'sk-one' ? error(status, ['retry-after: 0'])(call) : good('m-plain')(call)));
      const response = await ask('keys');
      assert.equal(response.status, 200, String(status));
      await response.text();
    }
    behave(error(401));
    const refused = await ask('keys');
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('x-signalbox-error'), null);
  });
}

describe('deadlines, budgets and what is written down', () => {
  const wire = wireOf('openai_chat');
  const asked = { path: '', query: '', body: { stream: true } };
  const frames = wire.frames(sayingOf('m-plain'), 'm-plain', asked);
  let primary: FaultyProvider;
  let second: FaultyProvider;
  let proxy: TestProxy;

  before(async () => {
    primary = await startFaultyProvider();
    second = await startFaultyProvider();
  });

  after(async () => {
    await proxy.close();
    primary.close();
    second.close();
  });

  beforeEach(async () => {
    await (proxy as TestProxy | undefined)?.close();
    const provider = ({ url }: FaultyProvider) => ({ type: 'openai', api_key: 'k', base_url: `${url}/v1` });
    const route = (deadlines: object | undefined) => ({
      strategy: 'fallback',
      targets: [{ model: 'primary/m', deadlines }, { model: 'second/n' }],
    });
    proxy = await startTestProxy({
      proxy: { breaker: { failures: 3, ejection: '60s' } },
      providers: { primary: provider(primary), second: provider(second) },
      routes: {
        hasty: route({ first_token: '300ms' }),
        brief: route({ total: '300ms' }),
        patient: route(undefined),
        alone: { strategy: 'fallback', targets: [{ model: 'primary/m' }], retry: { attempts: 3 } },
      },
    } as object);
    second.behave(({ socket }) => {
      socket.write(SSE_HEAD);
      for (const frame of frames) socket.write(httpChunk(frame));
      socket.write(LAST_CHUNK);
    });
  });

  const ask = (model: string, headers: Record<string, string> = {}) =>
    post(proxy.url, { model, stream: true, messages: user }, { headers });

  async function errorsOf(response: Response): Promise<string[]> {
    await response.text();
    return (await proxy.recorder.settled()).attempts.map(({ errorType }) => errorType);
  }

  test("a target's own deadlines stand instead of its route's", async () => {
    primary.behave(() => {});
    assert.deepEqual(await errorsOf(await ask('hasty')), ['timeout', '']);
    primary.behave(async ({ socket, closed }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n{');
      while (!closed()) {
        socket.write(' ');
        await sleep(20);
      }
    });
    assert.deepEqual(await errorsOf(await ask('brief')), ['timeout', '']);
    assert.match(proxy.recorder.ended.at(-1)?.attempts[0]?.errorMessage ?? '', /too long for the whole answer/);
  });

  test('a target without money is not asked by the next call', async () => {
    const said = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } };
    primary.behave(({ socket }) => void socket.write(answer(429, JSON.stringify(said))));
    assert.deepEqual(await errorsOf(await ask('patient')), ['429', '']);
    const response = await ask('patient');
    assert.match(response.headers.get('x-signalbox-reason') ?? '', /skipped: primary\/m: throttled for 300 s/);
    assert.deepEqual(await errorsOf(response), ['']);
  });

  test('callers in a hurry do not make a target look broken', async () => {
    primary.behave(() => {});
    for (let call = 0; call < 5; call++) {
      const response = await ask('patient', { 'x-signalbox-deadline-ms': '60' });
      assert.equal(response.status, 504);
      await response.text();
    }
    assert.match(proxy.metrics.text(), /signalbox_target_ejected\{target="primary\/m"\} 0/);
  });

  test('streams that break off in the middle do, and the reason is on the span and in the header', async () => {
    primary.behave(({ socket }) => {
      socket.write(SSE_HEAD_UNTIL_CLOSE);
      socket.end(Buffer.concat(frames.slice(0, 3)));
    });
    for (let call = 0; call < 3; call++) assert.deepEqual(await errorsOf(await ask('patient')), ['truncated']);
    const response = await ask('patient');
    assert.match(
      response.headers.get('x-signalbox-reason') ?? '',
      /^first in order; skipped: primary\/m: ejected for \d+ s$/,
    );
    assert.deepEqual(await errorsOf(response), ['']);
    const exchange = await proxy.recorder.settled();
    const bodies = { request: Buffer.alloc(0), response: Buffer.alloc(0) };
    const { server, clients } = spansOf(endRecord(exchange, undefined), bodies);
    assert.match(String(server.attributes[ATTR.SKIPPED]), /^primary\/m: ejected for \d+ s$/);
    assert.match(String(clients[0]?.attributes[ATTR.ATTEMPT_REASON]), /skipped: primary\/m/);
    assert.equal(clients[0]?.attributes[ATTR.SKIPPED], undefined);
  });

  test('many calls that fail together are not all tried again, and are told not to try themselves', async () => {
    const calls = 8;
    const waiting: FaultCall[] = [];
    primary.behave((call) => {
      waiting.push(call);
      if (waiting.length === calls) for (const each of waiting) each.socket.write(answer(503, '{"error":{}}'));
      else if (waiting.length > calls) call.socket.write(answer(503, '{"error":{}}'));
    });
    const responses = await Promise.all(Array.from({ length: calls }, () => ask('alone')));
    for (const response of responses) {
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('x-should-retry'), 'false');
      await response.text();
    }
    // Three at a time may be, each of them twice; without a budget it would be three calls for each one.
    assert.ok(primary.calls.length < calls * 3, String(primary.calls.length));
    assert.match(proxy.metrics.text(), /signalbox_retries_total\{result="denied"\} [1-5]/);
  });
});
