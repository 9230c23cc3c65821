// The official SDKs, unmodified, against the proxy and against what stands behind it: same results, same errors, the
// same number of calls upstream. Behind it stand our scriptable provider and an independent mock (@copilotkit/aimock).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic, * as anthropicSdk from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { LLMock } from '@copilotkit/aimock';
import OpenAI, * as openaiSdk from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { Signalbox, until } from '../support/proc.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Upstream } from '../support/upstream.ts';

const CALLER_KEY = 'caller-key-0123456789';
const PROVIDER_KEY = 'provider-key-0123456789';

const Weather = z.object({ city: z.string(), celsius: z.number(), tags: z.array(z.string()) });
const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string' } },
  required: ['city', 'unit'],
  additionalProperties: false,
} as const;
const CHAT_TOOL = {
  type: 'function',
  function: { name: 'weather', description: 'Weather now', parameters: PARAMETERS, strict: true },
} as const;
const RESPONSES_TOOL = { type: 'function', name: 'weather', parameters: PARAMETERS, strict: true } as const;
const MESSAGES_TOOL: Anthropic.Tool = {
  name: 'weather',
  description: 'Weather now',
  input_schema: { ...PARAMETERS, required: ['city', 'unit'] },
};

interface Clients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
}

interface ClientOptions {
  readonly openaiUrl: string;
  readonly anthropicUrl: string;
  readonly maxRetries?: number;
}

function clients({ openaiUrl, anthropicUrl, maxRetries = 0 }: ClientOptions): Clients {
  return {
    openai: new OpenAI({ baseURL: openaiUrl, apiKey: CALLER_KEY, maxRetries }),
    anthropic: new Anthropic({ baseURL: anthropicUrl, apiKey: CALLER_KEY, maxRetries }),
  };
}

type Flow = (clients: Clients, models: Models) => Promise<unknown>;

interface Models {
  readonly chat: (scenario: string) => string;
  readonly messages: (scenario: string) => string;
  readonly embeddings: string;
}

const ask = (text: string) => [{ role: 'user' as const, content: text }];

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

/** What a caller can tell of an error. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    const { status, message, type, code } = error as { status?: number; message: string; type?: string; code?: string };
    return { name: (error as Error).constructor.name, status, message, type, code };
  }
  throw new Error('it should have failed');
}

/** The results themselves, whatever stands behind. */
const ANSWERS: Readonly<Record<string, Flow>> = {
  'chat: plain': ({ openai }, { chat }) =>
    openai.chat.completions.create({ model: chat('ok'), messages: ask('hello id=plain') }),
  'chat: streaming': async ({ openai }, { chat }) =>
    collect(
      await openai.chat.completions.create({ model: chat('ok'), messages: ask('hello id=stream'), stream: true }),
    ),
  'chat: streaming with usage': async ({ openai }, { chat }) =>
    collect(
      await openai.chat.completions.create({
        model: chat('ok'),
        messages: ask('hello id=usage'),
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  'chat: tools': ({ openai }, { chat }) =>
    openai.chat.completions.create({ model: chat('tools'), messages: ask('weather id=tools'), tools: [CHAT_TOOL] }),
  'chat: tools, streamed and put together by the SDK': ({ openai }, { chat }) =>
    openai.chat.completions
      .stream({ model: chat('tools'), messages: ask('weather id=tools-stream'), tools: [CHAT_TOOL] })
      .finalMessage(),
  'chat: structured output': async ({ openai }, { chat }) => {
    const completion = await openai.chat.completions.parse({
      model: chat('json'),
      messages: ask('structured id=json'),
      response_format: zodResponseFormat(Weather, 'weather'),
    });
    const { parsed } = completion.choices[0]?.message ?? {};
    assert.equal(parsed?.city, 'Zürich');
    return parsed;
  },
  'responses: plain': ({ openai }, { chat }) =>
    openai.responses.create({ model: chat('ok'), input: 'hello id=responses' }),
  'responses: streaming': async ({ openai }, { chat }) =>
    collect(await openai.responses.create({ model: chat('ok'), input: 'hello id=responses-stream', stream: true })),
  'responses: tools': async ({ openai }, { chat }) =>
    (
      await openai.responses.create({
        model: chat('tools'),
        input: 'weather id=responses-tools',
        tools: [RESPONSES_TOOL],
      })
    ).output,
  'responses: structured output': async ({ openai }, { chat }) => {
    const format = zodTextFormat(Weather, 'weather');
    const response = await openai.responses.parse({
      model: chat('json'),
      input: 'structured id=r-json',
      text: { format },
    });
    assert.equal(response.output_parsed?.celsius, 4);
    return response.output_parsed;
  },
  embeddings: ({ openai }, models) =>
    openai.embeddings.create({ model: models.embeddings, input: ['hello id=embed', 'world'] }),
  'messages: plain': ({ anthropic }, { messages }) =>
    anthropic.messages.create({ model: messages('ok'), max_tokens: 99, messages: ask('hello id=messages') }),
  'messages: streaming': async ({ anthropic }, { messages }) =>
    collect(
      await anthropic.messages.create({
        model: messages('ok'),
        max_tokens: 99,
        messages: ask('hello id=messages-stream'),
        stream: true,
      }),
    ),
  'messages: tools': ({ anthropic }, { messages }) =>
    anthropic.messages.create({
      model: messages('tools'),
      max_tokens: 99,
      messages: ask('weather id=messages-tools'),
      tools: [MESSAGES_TOOL],
    }),
  'messages: tools, streamed and put together by the SDK': ({ anthropic }, { messages }) =>
    anthropic.messages
      .stream({
        model: messages('tools'),
        max_tokens: 99,
        messages: ask('weather id=messages-tools-stream'),
        tools: [MESSAGES_TOOL],
      })
      .finalMessage(),
  'messages: structured output': async ({ anthropic }, { messages }) => {
    const message = await anthropic.messages.parse({
      model: messages('json'),
      max_tokens: 99,
      messages: ask('structured id=m-json'),
      output_config: { format: zodOutputFormat(Weather) },
    });
    assert.equal(message.parsed_output?.city, 'Zürich');
    return message.parsed_output;
  },
};

const STATUSES = [400, 401, 404, 429, 500, 503];

const FAKE_MODELS: Models = {
  chat: (scenario) => `gpt-${scenario}`,
  messages: (scenario) => `claude-${scenario}`,
  embeddings: 'text-embedding-ok',
};

/** Two providers could serve a bare `claude-` name here, so that one of them is named. */
const PROXIED_MODELS: Models = { ...FAKE_MODELS, messages: (scenario) => `anthropic/claude-${scenario}` };

/** The independent mock tells its answers apart by the prompt. */
const MOCK_MODELS: Models = {
  chat: () => 'mock-chat',
  messages: () => 'mock-messages',
  embeddings: 'mock-embeddings',
};

async function startMock(): Promise<LLMock> {
  const mock = new LLMock({ port: 0, logLevel: 'silent' });
  const call = { name: 'weather', arguments: '{"city":"Zürich","unit":"celsius"}', id: 'call_mock' };
  const answer = { city: 'Zürich', celsius: 4, tags: ['cold', '🦊'] };
  mock.onMessage(/^hello/, {
    content: 'Grüezi from another mock 🦊, at some length, so that it is cut.',
    reasoning: 'Hm.',
  });
  mock.onMessage(/^weather/, { toolCalls: [call] });
  mock.onMessage(/^structured/, { content: answer });
  mock.onMessage(/^fail (\d+)/, { error: { message: 'Not now.', type: 'server_error' }, status: 503 });
  mock.onEmbedding(/hello|world/, { embedding: [0.5, -0.25, 0.125] });
  await mock.start();
  return mock;
}

/** Without what a mock makes up anew for every answer. */
function settled(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, each: unknown) =>
      ['id', 'item_id', 'created', 'created_at', 'completed_at', 'signature', 'obfuscation', 'request_id'].includes(
        name,
      )
        ? undefined
        : each,
    ),
  );
}

/**
 * A provider that is asked for usage (which the proxy does where the caller did not) says `usage: null` in every chunk
 * before the last. That much of it a caller may see; the chunk with the numbers not.
 */
function withoutNullUsage(value: unknown): unknown {
  const chunks = Array.isArray(value) ? value : [];
  for (const chunk of chunks as Record<string, unknown>[]) if (chunk['usage'] === null) delete chunk['usage'];
  return value;
}

describe('official SDKs through the proxy', () => {
  let upstream: Upstream;
  let mock: LLMock;
  let signalbox: Signalbox;
  let direct: ClientOptions;
  let proxied: ClientOptions;
  let mockDirect: ClientOptions;

  before(async () => {
    upstream = await startUpstream();
    mock = await startMock();
    signalbox = await Signalbox.start({
      config: {
        proxy: { workers: 1 },
        providers: {
          openai: { base_url: `${upstream.url}/v1`, api_key: PROVIDER_KEY },
          anthropic: { base_url: upstream.url, api_key: PROVIDER_KEY },
          mock: {
            type: 'openai_compatible',
            base_url: `${mock.url}/v1`,
            api_key: PROVIDER_KEY,
            models: ['mock-chat', 'mock-embeddings'],
          },
          'mock-anthropic': { type: 'anthropic', base_url: mock.url, api_key: PROVIDER_KEY, models: ['mock-messages'] },
        },
        routes: {
          once: { targets: [{ model: 'openai/gpt-fault-500' }], retry: { attempts: 1 } },
          rescued: { strategy: 'fallback', targets: [{ model: 'openai/gpt-fault-500' }], fallback: ['openai/gpt-ok'] },
        },
      },
    });
    direct = { openaiUrl: `${upstream.url}/v1`, anthropicUrl: upstream.url };
    proxied = { openaiUrl: `${signalbox.proxyUrl}/v1`, anthropicUrl: signalbox.proxyUrl };
    mockDirect = { openaiUrl: `${mock.url}/v1`, anthropicUrl: mock.url };
  });

  after(async () => {
    await signalbox?.close();
    await mock?.stop();
    await upstream?.close();
  });

  for (const [name, flow] of Object.entries(ANSWERS)) {
    test(`${name}: the same as directly`, async () => {
      upstream.reset();
      const expected = await flow(clients(direct), FAKE_MODELS);
      const calls = upstream.calls.length;
      upstream.reset();
      const answer = withoutNullUsage(await flow(clients(proxied), PROXIED_MODELS));
      assert.deepEqual(answer, withoutNullUsage(expected));
      assert.equal(upstream.calls.length, calls);
    });

    test(`${name}: the same as directly, by another mock`, async () => {
      const expected = await flow(clients(mockDirect), MOCK_MODELS);
      assert.deepEqual(settled(await flow(clients(proxied), MOCK_MODELS)), settled(expected));
    });
  }

  const errorFlows = (status: number): Readonly<Record<string, Flow>> => ({
    chat: ({ openai }) => openai.chat.completions.create({ model: `gpt-fault-${status}`, messages: ask('id=error') }),
    'chat stream': ({ openai }) =>
      openai.chat.completions.create({ model: `gpt-fault-${status}`, messages: ask('id=error'), stream: true }),
    responses: ({ openai }) => openai.responses.create({ model: `gpt-fault-${status}`, input: 'id=error' }),
    embeddings: ({ openai }) =>
      openai.embeddings.create({ model: `text-embedding-fault-${status}`, input: 'id=error' }),
    messages: ({ anthropic }, { messages }) =>
      anthropic.messages.create({ model: messages(`fault-${status}`), max_tokens: 9, messages: ask('id=error') }),
  });

  for (const status of STATUSES) {
    for (const [name, flow] of Object.entries(errorFlows(status))) {
      test(`${status} from the provider reaches ${name} as the same error`, async () => {
        const expected = await failure(flow(clients(direct), FAKE_MODELS));
        assert.deepEqual(await failure(flow(clients(proxied), PROXIED_MODELS)), expected);
      });
    }
  }

  test('a model that nobody serves is a 404 in the words of each SDK', async () => {
    const { openai, anthropic } = clients(proxied);
    const chat = openai.chat.completions.create({ model: 'nobody-1', messages: ask('hi') });
    await assert.rejects(chat, openaiSdk.NotFoundError);
    const messages = anthropic.messages.create({ model: 'nobody-1', max_tokens: 9, messages: ask('hi') });
    await assert.rejects(messages, anthropicSdk.NotFoundError);
  });

  test('the SDKs’ own retries do not multiply with ours', async () => {
    const { openai, anthropic } = clients({ ...proxied, maxRetries: 2 });
    upstream.reset();
    await failure(openai.chat.completions.create({ model: 'gpt-fault-500', messages: ask('id=retry-openai') }));
    await failure(
      anthropic.messages.create({
        model: 'anthropic/claude-fault-529',
        max_tokens: 9,
        messages: ask('id=retry-claude'),
      }),
    );
    for (const id of ['retry-openai', 'retry-claude']) {
      assert.equal(upstream.callsOf(id).length, 2, 'ours, then x-should-retry: false');
    }
    await failure(openai.chat.completions.create({ model: 'once', messages: ask('id=retry-route') }));
    assert.equal(upstream.callsOf('retry-route').length, 3, 'where we never retry, the SDK may');
  });

  test('a fault that passes is not seen by the caller', async () => {
    const { openai } = clients({ ...proxied, maxRetries: 2 });
    const answer = await openai.chat.completions.create({ model: 'gpt-fault-once-503', messages: ask('id=passes') });
    assert.match(answer.choices[0]?.message.content ?? '', /^Answer to passes/);
    assert.equal(upstream.callsOf('passes').length, 2);
  });

  test('a route falls back before the first byte', async () => {
    const { openai } = clients(proxied);
    const { data, response } = await openai.chat.completions
      .create({ model: 'rescued', messages: ask('id=rescued'), stream: true })
      .withResponse();
    const chunks = await collect(data);
    assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'stop');
    assert.equal(response.headers.get('x-signalbox-route'), 'rescued');
    assert.equal(response.headers.get('x-signalbox-model'), 'gpt-ok');
    const calls = upstream.callsOf('rescued');
    assert.equal(calls.at(-1)?.model, 'gpt-ok');
    assert.equal(response.headers.get('x-signalbox-attempts'), String(calls.length));
  });

  for (const fault of ['rst-after-3', 'fin-mid', 'close-mid', 'error-event']) {
    test(`a stream broken by ${fault} is an error for both SDKs, never a stop`, async () => {
      const { openai, anthropic } = clients(proxied);
      const seen: unknown[] = [];
      const chat = async () => {
        const stream = await openai.chat.completions.create({
          model: `gpt-fault-${fault}`,
          messages: ask(`id=broken-chat-${fault}`),
          stream: true,
        });
        for await (const chunk of stream) seen.push(chunk);
      };
      await assert.rejects(chat());
      assert.ok(seen.length >= 3, 'what came before the break reaches the caller');
      const finish = seen.map((chunk) => (chunk as OpenAI.ChatCompletionChunk).choices[0]?.finish_reason);
      assert.ok(finish.every((reason) => reason === null));
      const messages = anthropic.messages.stream({
        model: `anthropic/claude-fault-${fault}`,
        max_tokens: 9,
        messages: ask(`id=broken-messages-${fault}`),
      });
      await assert.rejects(messages.finalMessage());
    });
  }

  test('leaving a stream ends the call upstream', async () => {
    const { openai, anthropic } = clients(proxied);
    const stream = await openai.chat.completions.create({
      model: 'gpt-slow',
      messages: ask('id=leave-chat'),
      stream: true,
    });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) break;
    const messages = anthropic.messages.stream({
      model: 'anthropic/claude-slow',
      max_tokens: 9,
      messages: ask('id=leave-messages'),
    });
    messages.once('text', () => messages.abort());
    await assert.rejects(messages.finalMessage(), anthropicSdk.APIUserAbortError);
    for (const id of ['leave-chat', 'leave-messages']) {
      await until(`the end of ${id} upstream`, () => upstream.callsOf(id)[0]?.end === 'aborted', 2_000);
      assert.equal(upstream.callsOf(id).length, 1);
    }
  });

  test('leaving before the first byte ends the call upstream', async () => {
    const { openai } = clients(proxied);
    const leave = new AbortController();
    const call = openai.chat.completions.create(
      { model: 'gpt-fault-hang', messages: ask('id=leave-early') },
      { signal: leave.signal },
    );
    await until('the call upstream', () => upstream.callsOf('leave-early').length === 1, 2_000);
    leave.abort();
    await assert.rejects(call, openaiSdk.APIUserAbortError);
    await until('its end upstream', () => upstream.callsOf('leave-early')[0]?.end === 'aborted', 2_000);
  });

  test('the answer says who gave it; the provider hears nothing of us and not the caller’s key', async () => {
    const { openai, anthropic } = clients(proxied);
    const headers = {
      'x-signalbox-user': 'ada',
      'x-signalbox-tags': 'feature=test',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    };
    const chat = await openai.chat.completions
      .create({ model: 'gpt-ok', messages: ask('id=headers-chat') }, { headers })
      .asResponse();
    const messages = await anthropic.messages
      .create({ model: 'anthropic/claude-ok', max_tokens: 9, messages: ask('id=headers-messages') }, { headers })
      .asResponse();
    await Promise.all([chat.text(), messages.text()]);
    for (const [response, provider, model] of [
      [chat, 'openai', 'gpt-ok'],
      [messages, 'anthropic', 'claude-ok'],
    ] as const) {
      const said = Object.fromEntries(response.headers);
      assert.equal(said['x-signalbox-trace-id'], 'a'.repeat(32), 'the caller’s trace goes on');
      assert.equal(said['x-signalbox-provider'], provider);
      assert.equal(said['x-signalbox-model'], model);
      assert.equal(said['x-signalbox-attempts'], '1');
      assert.equal(said['x-signalbox-cache'], 'none');
      assert.ok(said['x-signalbox-reason']);
      assert.ok(said['x-request-id']);
      assert.equal(said['set-cookie'], undefined, 'a provider’s cookie is not the caller’s');
    }
    const seen = [...upstream.callsOf('headers-chat'), ...upstream.callsOf('headers-messages')];
    assert.equal(seen.length, 2);
    for (const call of seen) {
      const text = JSON.stringify([call.headers, call.body]);
      assert.ok(!text.includes(CALLER_KEY), 'the caller’s key stays here');
      assert.ok(text.includes(PROVIDER_KEY));
      assert.deepEqual(
        Object.keys(call.headers).filter((name) => name.startsWith('x-signalbox')),
        [],
      );
    }
  });

  test('the body reaches the provider as the caller wrote it', async () => {
    const { openai } = clients(proxied);
    const body = {
      model: 'gpt-ok',
      messages: ask('id=body ünïcode 🦊 \u2028'),
      temperature: 0.25,
      seed: 7,
      metadata: { a: '1' },
      a_field_of_tomorrow: { deep: [1, 2, { three: null }] },
    };
    await openai.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsNonStreaming);
    assert.deepEqual(upstream.callsOf('body')[0]?.body, body);
  });

  test('the list of models can be read by both SDKs', async () => {
    const models = await collect(await clients(proxied).openai.models.list());
    assert.ok(models.some((model) => model.id === 'mock-chat' || model.id.endsWith('/mock-chat')));
  });
});

describe('official SDKs with keys', () => {
  let upstream: Upstream;
  let signalbox: Signalbox;

  before(async () => {
    upstream = await startUpstream();
    signalbox = await Signalbox.start({
      config: {
        proxy: { workers: 1 },
        providers: {
          openai: { base_url: `${upstream.url}/v1`, api_key: PROVIDER_KEY },
          anthropic: { base_url: upstream.url, api_key: PROVIDER_KEY },
        },
        keys: [
          { name: 'all', key: CALLER_KEY, team: 'search' },
          { name: 'few', key: 'key-of-few-models', models: ['openai/gpt-tools'] },
        ],
      },
    });
  });

  after(async () => {
    await signalbox?.close();
    await upstream?.close();
  });

  const as = (apiKey: string): Clients => ({
    openai: new OpenAI({ baseURL: `${signalbox.proxyUrl}/v1`, apiKey, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: signalbox.proxyUrl, apiKey, maxRetries: 0 }),
  });
  const chat = ({ openai }: Clients, id: string) =>
    openai.chat.completions.create({ model: 'gpt-ok', messages: ask(`id=${id}`) });
  const messages = ({ anthropic }: Clients, id: string) =>
    anthropic.messages.create({ model: 'claude-ok', max_tokens: 9, messages: ask(`id=${id}`) });

  test('the right key, as each SDK carries it', async () => {
    assert.ok((await chat(as(CALLER_KEY), 'key-chat')).id);
    assert.ok((await messages(as(CALLER_KEY), 'key-messages')).id);
    for (const call of [...upstream.callsOf('key-chat'), ...upstream.callsOf('key-messages')]) {
      assert.ok(!JSON.stringify(call.headers).includes(CALLER_KEY));
    }
  });

  test('a wrong key is a 401 in the words of each SDK and reaches nobody', async () => {
    await assert.rejects(chat(as('wrong-key-123'), 'wrong'), openaiSdk.AuthenticationError);
    await assert.rejects(messages(as('wrong-key-123'), 'wrong'), anthropicSdk.AuthenticationError);
    assert.equal(upstream.callsOf('wrong').length, 0);
  });

  test('a model that the key may not use is a 403 and reaches nobody', async () => {
    await assert.rejects(chat(as('key-of-few-models'), 'few'), openaiSdk.PermissionDeniedError);
    await assert.rejects(messages(as('key-of-few-models'), 'few'), anthropicSdk.PermissionDeniedError);
    assert.equal(upstream.callsOf('few').length, 0);
  });
});
