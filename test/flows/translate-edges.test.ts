// What lies around a translation: errors of our own in every dialect, what had to be left out, targets that cannot be told,
// answers that come in another form than was asked for, counts, lists, embeddings, keys.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { clientsOf, KEY } from '../support/clients.ts';
import { post, startTestProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startWires } from '../support/wire-server.ts';
import type { WireServer } from '../support/wire-server.ts';
import { sayingOf, VECTOR } from '../support/wire-types.ts';

let wires: WireServer;
let proxy: TestProxy;

before(async () => {
  wires = await startWires();
  const api_key = 'provider-key-0123456789';
  proxy = await startTestProxy({
    providers: {
      openai: { base_url: `${wires.url}/v1`, api_key, models: ['gpt-plain'] },
      vllm: { type: 'openai_compatible', base_url: `${wires.url}/v1`, api_key },
      anthropic: { base_url: wires.url, api_key },
      gemini: { base_url: wires.url, api_key },
      bedrock: { base_url: wires.url, api_key },
      ollama: { base_url: wires.url },
      cohere: { base_url: wires.url, api_key },
    },
    routes: {
      'several-answers': {
        strategy: 'fallback',
        targets: [{ model: 'anthropic/fake-plain' }, { model: 'vllm/fake-plain' }],
      },
    },
    keys: [
      { name: 'app', key: KEY },
      { name: 'narrow', key: 'narrow-key-0123456789', models: ['openai/*'] },
    ],
  });
});

after(async () => {
  await proxy.close();
  await wires.close();
});

const bearer = { authorization: `Bearer ${KEY}` };
const MESSAGES = [{ role: 'user', content: 'hello' }];

interface Shape {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of an unknown model: what the error says. */
  check(body: Record<string, unknown>, headers: Headers): void;
}

const CONTENTS = [{ role: 'user', parts: [{ text: 'hello' }] }];
const shapes: Readonly<Record<string, Shape>> = {
  chat: {
    path: '/v1/chat/completions',
    body: { model: 'nothing', messages: MESSAGES },
    check: (body) => assert.equal((body['error'] as Record<string, unknown>)['code'], 'model_not_found'),
  },
  anthropic: {
    path: '/v1/messages',
    body: { model: 'nothing', messages: MESSAGES, max_tokens: 5 },
    check: (body) => {
      assert.equal(body['type'], 'error');
      assert.equal((body['error'] as Record<string, unknown>)['type'], 'not_found_error');
    },
  },
  gemini: {
    path: '/v1beta/models/nothing:generateContent',
    body: { contents: CONTENTS },
    check: (body) => {
      const error = body['error'] as Record<string, unknown>;
      assert.deepEqual([error['code'], error['status']], [404, 'NOT_FOUND']);
    },
  },
  bedrock: {
    path: '/model/nothing/converse',
    body: { messages: [{ role: 'user', content: [{ text: 'hello' }] }] },
    check: (body, headers) => {
      assert.equal(typeof body['message'], 'string');
      assert.equal(headers.get('x-amzn-errortype'), 'ResourceNotFoundException');
    },
  },
  ollama: {
    path: '/api/chat',
    body: { model: 'nothing', messages: MESSAGES },
    check: (body) => assert.equal(typeof body['error'], 'string'),
  },
};

describe("errors of our own have the shape of the caller's API", () => {
  for (const [name, { path, body, check }] of Object.entries(shapes)) {
    test(name, async () => {
      const response = await post(proxy.url, body, { path, headers: bearer });
      assert.equal(response.status, 404);
      assert.equal(response.headers.get('x-signalbox-error'), 'not_found');
      check((await response.json()) as Record<string, unknown>, response.headers);
    });
  }

  test('the AWS SDK knows its exception', async () => {
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: proxy.url,
      token: { token: KEY },
      authSchemePreference: ['httpBearerAuth'],
      maxAttempts: 1,
    });
    const messages = [{ role: 'user' as const, content: [{ text: 'hello' }] }];
    await assert.rejects(client.send(new ConverseCommand({ modelId: 'nothing', messages })), {
      name: 'ResourceNotFoundException',
    });
    client.destroy();
  });
});

describe('what a provider has no word for', () => {
  test('harmless: left out, and named as the caller named it', async () => {
    const body = {
      model: 'anthropic/fake-plain',
      messages: MESSAGES,
      seed: 7,
      logit_bias: { 5: 1 },
      max_completion_tokens: 9,
    };
    const response = await post(proxy.url, body, { headers: bearer });
    assert.equal(response.status, 200);
    assert.deepEqual(
      new Set(response.headers.get('x-signalbox-dropped')?.split(', ')),
      new Set(['seed', 'logit_bias']),
    );
    await response.arrayBuffer();
  });

  test('not harmless: 400 with the field', async () => {
    const response = await post(
      proxy.url,
      { model: 'anthropic/fake-plain', messages: MESSAGES, n: 3 },
      { headers: bearer },
    );
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as { error: { param: string; type: string } };
    assert.deepEqual([error.param, error.type], ['n', 'invalid_request_error']);
  });

  test('a target that cannot be told is passed over for one that can', async () => {
    proxy.recorder.reset();
    const body = { model: 'several-answers', messages: MESSAGES, n: 2 };
    const response = await post(proxy.url, body, { headers: bearer });
    await response.arrayBuffer();
    const { attempts } = await proxy.recorder.settled();
    assert.deepEqual(
      [response.status, ...attempts.map(({ target, errorType }) => `${target.deployment}: ${errorType}`)],
      [200, 'anthropic: inexpressible', 'vllm: '],
    );
  });
});

describe('keys', () => {
  test("in the query, as Google's REST callers show it; it goes no further", async () => {
    wires.calls.length = 0;
    const path = `/v1beta/models/gemini%2Ffake-plain:generateContent?key=${KEY}`;
    const response = await post(proxy.url, { contents: CONTENTS }, { path });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    const [call] = wires.calls;
    assert.equal(call?.query, '');
    assert.equal(call?.headers['x-goog-api-key'], 'provider-key-0123456789');
  });

  test('of an AWS client that signs', async () => {
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: proxy.url,
      credentials: { accessKeyId: KEY, secretAccessKey: 'whatever' },
      maxAttempts: 1,
    });
    const messages = [{ role: 'user' as const, content: [{ text: 'hello' }] }];
    const { output } = await client.send(new ConverseCommand({ modelId: 'bedrock/fake-plain', messages }));
    assert.equal(output?.message?.content?.[0]?.text, sayingOf('plain').text);
    client.destroy();
  });

  test('that may not use a model', async () => {
    const path = '/v1beta/models/gemini%2Ffake-plain:generateContent';
    const response = await post(
      proxy.url,
      { contents: CONTENTS },
      { path, headers: { 'x-goog-api-key': 'narrow-key-0123456789' } },
    );
    assert.equal(response.status, 403);
    assert.equal(((await response.json()) as { error: { status: string } }).error.status, 'PERMISSION_DENIED');
  });
});

describe('untranslated', () => {
  const calls = [
    ['gemini', '/v1beta/models/gemini%2Ffake-tools:generateContent', { contents: CONTENTS, unknownField: { a: 1 } }],
    ['gemini, streamed', '/v1beta/models/gemini%2Ffake-tools:streamGenerateContent?alt=sse', { contents: CONTENTS }],
    ['bedrock', '/model/bedrock%2Ffake-tools/converse', { messages: [], unknownField: 1 }],
    ['bedrock, streamed', '/model/bedrock%2Ffake-tools/converse-stream', { messages: [] }],
    ['ollama', '/api/chat', { model: 'ollama/fake-tools', messages: MESSAGES, stream: false, unknown: [1] }],
    ['ollama, streamed', '/api/chat', { model: 'ollama/fake-tools', messages: MESSAGES }],
  ] as const;
  for (const [name, path, body] of calls) {
    test(`${name}: the bytes are the provider's`, async () => {
      wires.calls.length = 0;
      proxy.recorder.reset();
      const response = await post(proxy.url, body, { path, headers: bearer });
      const bytes = Buffer.from(await response.arrayBuffer());
      const [call] = wires.calls;
      assert.equal(response.status, 200, bytes.toString());
      assert.ok(call?.bytes.equals(bytes));
      assert.deepEqual({ ...call?.body, model: 0 }, { ...body, model: 0 });
      assert.equal(call?.model, 'fake-tools');
      const [attempt] = (await proxy.recorder.settled()).attempts;
      const { usage } = sayingOf('tools');
      assert.deepEqual(
        [
          attempt?.reading.usage?.input,
          attempt?.reading.usage?.output,
          attempt?.reading.toolsCalled,
          attempt?.reading.complete,
        ],
        [usage.input, usage.output, ['weather'], true],
      );
    });
  }
});

test('passed through: counted all the same', async () => {
  for (const [path, body] of [
    ['/passthrough/gemini/v1beta/models/fake-tools:generateContent', { contents: CONTENTS }],
    ['/passthrough/gemini/v1beta/models/fake-tools:streamGenerateContent?alt=sse', { contents: CONTENTS }],
    ['/passthrough/bedrock/model/fake-tools/converse-stream', { messages: [] }],
    ['/passthrough/ollama/api/chat', { model: 'fake-tools', messages: MESSAGES }],
  ] as const) {
    wires.calls.length = 0;
    proxy.recorder.reset();
    const response = await post(proxy.url, body, { path, headers: bearer });
    assert.ok(wires.calls[0]?.bytes.equals(Buffer.from(await response.arrayBuffer())), path);
    const { attempts, modelAsked } = await proxy.recorder.settled();
    assert.deepEqual(
      [modelAsked, attempts[0]?.reading.usage?.output],
      ['fake-tools', sayingOf('tools').usage.output],
      path,
    );
  }
});

test('Gemini without alt=sse: a stream that is one JSON array, translated or not', async () => {
  for (const provider of ['gemini', 'anthropic']) {
    const path = `/v1beta/models/${provider}%2Ffake-plain:streamGenerateContent`;
    const response = await post(proxy.url, { contents: CONTENTS }, { path, headers: bearer });
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const chunks = (await response.json()) as { candidates: { content: { parts: { text?: string }[] } }[] }[];
    const texts = chunks.flatMap(
      ({ candidates }) => candidates?.[0]?.content?.parts?.map(({ text }) => text ?? '') ?? [],
    );
    assert.equal(texts.join(''), sayingOf('plain').text, provider);
    assert.ok(chunks.length > 3);
  }
});

describe('counting tokens', () => {
  test('an estimate where the provider does not count', async () => {
    const anthropic = new Anthropic({ baseURL: proxy.url, apiKey: KEY, maxRetries: 0 });
    const { data, response } = await anthropic.messages
      .countTokens({ model: 'vllm/fake-plain', messages: [{ role: 'user', content: 'hello world, this is a test' }] })
      .withResponse();
    assert.equal(response.headers.get('x-signalbox-estimated'), 'true');
    assert.ok(data.input_tokens > 7 && data.input_tokens < 20, String(data.input_tokens));
    const gemini = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: proxy.url } });
    const { totalTokens } = await gemini.models.countTokens({
      model: 'vllm/fake-plain',
      contents: 'hello world, this is a test',
    });
    assert.equal(totalTokens, data.input_tokens);
  });

  test('long runs do not hold anybody up', async () => {
    const text = ' '.repeat(200_000) + 'a'.repeat(900_000);
    const body = { model: 'vllm/fake-plain', messages: [{ role: 'user', content: text }] };
    const response = await post(proxy.url, body, { path: '/v1/messages/count_tokens', headers: bearer });
    assert.ok(((await response.json()) as { input_tokens: number }).input_tokens > 10_000);
  });
});

describe('lists of models', () => {
  test("in each API's shape", async () => {
    const get = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(proxy.url + path, { headers: { ...bearer, ...headers } })).json() as Promise<
        Record<string, unknown>
      >;
    const ids = ['several-answers', 'openai/gpt-plain'];
    const names = (value: unknown, key: string) => (value as Record<string, unknown>[]).map((each) => each[key]);
    assert.deepEqual(names((await get('/v1/models'))['data'], 'id'), ids);
    assert.deepEqual(names((await get('/v1/models', { 'anthropic-version': '2023-06-01' }))['data'], 'id'), ids);
    assert.deepEqual(
      names((await get('/v1beta/models'))['models'], 'name'),
      ids.map((id) => `models/${id}`),
    );
    assert.deepEqual(names((await get('/api/tags'))['models'], 'name'), ids);
    assert.equal(typeof (await get('/api/version'))['version'], 'string');
    assert.equal((await get('/v1/models/several-answers'))['id'], 'several-answers');
    assert.equal((await get('/v1/models/openai%2Fgpt-plain'))['id'], 'openai/gpt-plain');
    assert.equal((await get('/v1beta/models/several-answers'))['name'], 'models/several-answers');
    assert.equal(((await get('/v1/models/none'))['error'] as { code: string }).code, 'model_not_found');
  });

  test('by the SDKs', async () => {
    const openai = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: KEY, maxRetries: 0 });
    assert.equal((await openai.models.retrieve('several-answers')).id, 'several-answers');
    const ollama = new Ollama({ host: proxy.url, headers: bearer });
    assert.equal((await ollama.list()).models.length, 2);
  });
});

describe('embeddings', () => {
  const inputs = ['one', 'two'];
  for (const provider of ['vllm', 'gemini', 'ollama', 'cohere']) {
    const model = `${provider}/fake-vectors`;
    test(`OpenAI -> ${provider}`, async () => {
      const openai = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: KEY, maxRetries: 0 });
      const { data, usage } = await openai.embeddings.create({ model, input: inputs });
      assert.deepEqual(
        data.map(({ embedding }) => embedding),
        [VECTOR, VECTOR],
      );
      if (provider !== 'gemini') assert.equal(usage.prompt_tokens, 9);
    });

    test(`Gemini -> ${provider}`, async () => {
      const gemini = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: proxy.url } });
      const { embeddings } = await gemini.models.embedContent({ model, contents: inputs });
      assert.deepEqual(
        embeddings?.map(({ values }) => values),
        [VECTOR, VECTOR],
      );
    });

    test(`Ollama -> ${provider}`, async () => {
      const ollama = new Ollama({ host: proxy.url, headers: bearer });
      assert.deepEqual((await ollama.embed({ model, input: inputs })).embeddings, [VECTOR, VECTOR]);
      assert.deepEqual((await ollama.embeddings({ model, prompt: 'one' })).embedding, VECTOR);
    });
  }

  test('a provider without embeddings', async () => {
    const response = await post(
      proxy.url,
      { model: 'anthropic/x', input: 'one' },
      { path: '/v1/embeddings', headers: bearer },
    );
    assert.equal(response.status, 400);
  });
});

test('route names with a slash go through every path that names a model', async () => {
  for (const client of clientsOf(proxy.url)) {
    const { text } = await client.whole({ model: 'anthropic/fake-plain' });
    assert.equal(text, sayingOf('plain').text, client.id);
    client.close();
  }
});

describe('answers in another form than was asked for', () => {
  for (const provider of ['vllm', 'anthropic', 'gemini', 'bedrock', 'cohere']) {
    test(`${provider}: a whole answer becomes a stream, a stream a whole answer`, async () => {
      for (const client of clientsOf(proxy.url)) {
        const same = [provider, provider === 'vllm' ? 'openai_chat' : ''].includes(client.id);
        if (same || client.id.startsWith('openai_') === (provider === 'vllm')) continue;
        const streamed = await client.stream({ model: `${provider}/fake-wholeonly` });
        assert.deepEqual([streamed.text, streamed.finish], [sayingOf('plain').text, 'stop'], client.id);
        const whole = await client.whole({ model: `${provider}/fake-streamonly` });
        assert.deepEqual([whole.text, whole.finish], [sayingOf('plain').text, 'stop'], client.id);
        // A chat stream tells its usage only to who asks for it.
        if (provider !== 'vllm') assert.equal(whole.usage.output, sayingOf('plain').usage.output, client.id);
        client.close();
      }
    });
  }
});

describe('the older APIs', () => {
  const providers = ['vllm', 'anthropic', 'gemini', 'bedrock', 'cohere'];
  test('completions', async () => {
    const openai = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: KEY, maxRetries: 0 });
    for (const provider of providers.slice(1)) {
      const model = `${provider}/fake-plain`;
      const whole = await openai.completions.create({ model, prompt: 'hello' });
      assert.equal(whole.choices[0]?.text, sayingOf('plain').text);
      assert.equal(whole.usage?.completion_tokens, sayingOf('plain').usage.output);
      let text = '';
      for await (const { choices } of await openai.completions.create({ model, prompt: 'hello', stream: true })) {
        text += choices[0]?.text ?? '';
      }
      assert.equal(text, sayingOf('plain').text);
    }
  });

  test('Ollama generate', async () => {
    const ollama = new Ollama({ host: proxy.url, headers: bearer });
    for (const provider of providers) {
      const model = `${provider}/fake-plain`;
      const { response, eval_count: output } = await ollama.generate({ model, prompt: 'hello' });
      assert.deepEqual([response, output], [sayingOf('plain').text, sayingOf('plain').usage.output]);
      let text = '';
      for await (const part of await ollama.generate({ model, prompt: 'hello', stream: true })) text += part.response;
      assert.equal(text, sayingOf('plain').text);
    }
  });

  test('Bedrock invoke, in the format of Anthropic', async () => {
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: proxy.url,
      token: { token: KEY },
      authSchemePreference: ['httpBearerAuth'],
      maxAttempts: 1,
    });
    const body = JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'hello' }],
    });
    for (const provider of ['vllm', 'anthropic', 'gemini', 'cohere']) {
      const modelId = `${provider}/fake-tools`;
      const whole = await client.send(new InvokeModelCommand({ modelId, body }));
      const { content } = JSON.parse(new TextDecoder().decode(whole.body)) as {
        content: { type: string; name?: string }[];
      };
      assert.deepEqual(
        content.map(({ type, name }) => name ?? type),
        ['text', 'weather'],
        provider,
      );
      const { body: stream } = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }));
      const types: string[] = [];
      for await (const { chunk } of stream ?? []) {
        types.push((JSON.parse(new TextDecoder().decode(chunk?.bytes)) as { type: string }).type);
      }
      assert.deepEqual([types[0], types.at(-1)], ['message_start', 'message_stop'], provider);
      assert.ok(types.includes('content_block_delta'));
    }
    client.destroy();
  });
});
