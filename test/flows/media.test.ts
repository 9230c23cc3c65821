// Images, audio, moderations, files, batches and realtime through the official client: bytes as they came, and the bill.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { readForm } from '../../proxy/media/form.ts';
import { issue } from '../support/certificate.ts';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const AUDIO = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256));

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What the upstream says, by path. */
type Answers = Record<string, (seen: Seen, response: ServerResponse) => void>;

const json =
  (value: unknown) =>
  (_seen: Seen, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

const BATCH = {
  id: 'batch_abc',
  object: 'batch',
  endpoint: '/v1/chat/completions',
  status: 'completed',
  model: 'gpt-4o-mini-2024-07-18',
  usage: {
    input_tokens: 1_000_000,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 1_000_000,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 2_000_000,
  },
};

const ANSWERS: Answers = {
  '/v1/images/generations': json({
    created: 1,
    data: [{ b64_json: Buffer.alloc(900_000, 7).toString('base64') }],
    usage: {
      input_tokens: 50,
      output_tokens: 4160,
      total_tokens: 4210,
      input_tokens_details: { text_tokens: 50, image_tokens: 0 },
    },
  }),
  '/v1/audio/speech': (_seen, response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': String(AUDIO.length) });
    response.end(AUDIO);
  },
  '/v1/audio/transcriptions': json({ text: 'hello', usage: { type: 'duration', seconds: 12 } }),
  '/v1/moderations': json({ id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged: false }] }),
  '/v1/files': json({ object: 'list', data: [{ id: 'file-1', object: 'file' }], has_more: false }),
  '/v1/files/file-1/content': (_seen, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('{"line":1}\n{"line":2}\n');
  },
  '/v1/batches/batch_abc': json(BATCH),
  '/v2/rerank': json({ id: 'r', results: [], meta: { billed_units: { search_units: 1 } } }),
};

describe('media', () => {
  const seen: Seen[] = [];
  const sockets: { readonly socket: WebSocket; readonly request: IncomingMessage }[] = [];
  let upstream: Server;
  let proxy: TestProxy;
  let client: OpenAI;
  /** The official client speaks realtime over TLS only: what stands in front of a proxy ends it. */
  let front: TlsServer;

  const connectSession = (model: string, apiKey = 'sb-everything') => {
    const secure = new OpenAI({ baseURL: `https://127.0.0.1:${(front.address() as AddressInfo).port}/v1`, apiKey });
    return new OpenAIRealtimeWS({ model, options: { rejectUnauthorized: false } }, secure);
  };

  before(async () => {
    upstream = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = (request.url ?? '').replace(/\?.*/, '');
        const one = { method: request.method ?? '', path, headers: request.headers, body: Buffer.concat(chunks) };
        seen.push(one);
        const answer = ANSWERS[path];
        if (answer === undefined) response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
        else answer(one, response);
      });
    });
    const acceptor = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    upstream.on('upgrade', (request: IncomingMessage, socket, head) => {
      if (request.url?.includes('model=no-such-model')) {
        const body = '{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}';
        socket.end(
          `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
        return;
      }
      acceptor.handleUpgrade(request, socket, head, (accepted) => {
        sockets.push({ socket: accepted, request });
        accepted.send(JSON.stringify({ type: 'session.created', session: { id: 'sess_1', model: 'gpt-realtime' } }));
        accepted.on('message', (data: Buffer) => onEvent(accepted, data.toString()));
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    proxy = await startTestProxy({
      providers: {
        openai: { base_url: `${base}/v1`, api_key: 'sk-upstream' },
        cohere: { base_url: base, api_key: 'co-upstream' },
      },
      keys: [
        { name: 'all', key: 'sb-everything' },
        { name: 'chat-only', key: 'sb-chat-only', models: ['openai/gpt-*'] },
      ],
    });
    const { keyText, cert } = issue({ name: 'front', host: '127.0.0.1' });
    front = createTlsServer({ key: keyText, cert }, (secure) => {
      const plain = connect(proxy.port, '127.0.0.1');
      secure.pipe(plain).pipe(secure);
      for (const [one, other] of [
        [secure, plain],
        [plain, secure],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'sb-everything', maxRetries: 0 });
  });

  after(async () => {
    await proxy.close();
    await new Promise((resolve) => front.close(resolve));
    for (const { socket } of sockets) socket.terminate();
    await new Promise<void>((resolve) => upstream.close(() => resolve()).closeAllConnections());
  });

  async function attempt() {
    const exchange = await proxy.recorder.settled();
    const last = exchange.attempts.at(-1);
    assert.ok(last);
    proxy.recorder.reset();
    return { exchange, last };
  }

  test('an image of more than a megabyte passes whole, and its tokens are counted', async () => {
    const made = await client.images.generate({ model: 'openai/gpt-image-1', prompt: 'a signal box' });
    assert.equal(made.data?.[0]?.b64_json?.length, 1_200_000);
    const { last, exchange } = await attempt();
    assert.equal(exchange.operation, 'image');
    assert.equal(exchange.outcome, 'ok');
    assert.deepEqual(last.reading.usage?.units, { imageOutput: 4160 });
    assert.equal(last.reading.usage?.input, 50);
    assert.ok((last.cost?.total ?? 0) > 0.1, String(last.cost?.total));
    assert.equal(JSON.parse(seen.at(-1)?.body.toString() ?? '').model, 'gpt-image-1');
    assert.equal(seen.at(-1)?.headers.authorization, 'Bearer sk-upstream');
  });

  test('speech: bytes as they came, characters as an estimate', async () => {
    const answer = await client.audio.speech.create({ model: 'openai/tts-1', voice: 'alloy', input: 'Grüezi' });
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), AUDIO);
    const { last } = await attempt();
    assert.deepEqual(last.reading.usage?.units, { characters: 6 });
    assert.equal(last.reading.usageSource, 'estimated');
  });

  test('transcription: the form goes on as it is, but for the name of the model', async () => {
    const file = await toFile(AUDIO, 'call.mp3');
    const answer = await client.audio.transcriptions.create({ model: 'openai/whisper-1', file, language: 'de' });
    assert.equal(answer.text, 'hello');
    const { body, headers } = seen.at(-1) ?? { body: Buffer.alloc(0), headers: {} };
    const form = readForm(body, headers['content-type'] ?? '');
    assert.deepEqual([form.fields['model'], form.fields['language']], ['whisper-1', 'de']);
    assert.ok(body.includes(AUDIO));
    const { last } = await attempt();
    assert.deepEqual(last.reading.usage?.units, { seconds: 12 });
  });

  test('moderations are free: no usage, no cost, nothing unpriced', async () => {
    const answer = await client.moderations.create({ model: 'openai/omni-moderation-latest', input: 'x' });
    assert.equal(answer.results[0]?.flagged, false);
    const { last } = await attempt();
    assert.deepEqual([last.reading.usage, last.cost], [undefined, undefined]);
  });

  test('rerank goes to the provider of its model', async () => {
    const answer = await fetch(`${proxy.url}/v2/rerank`, {
      method: 'POST',
      headers: { authorization: 'Bearer sb-everything', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'cohere/rerank-v3.5', query: 'q', documents: ['a'] }),
    });
    assert.equal(answer.status, 200);
    await answer.text();
    assert.equal(seen.at(-1)?.path, '/v2/rerank');
    const { last } = await attempt();
    assert.deepEqual(last.reading.usage?.units, { searches: 1 });
  });

  test('files name no model: the only provider that has them gets them', async () => {
    const files = await client.files.list();
    assert.equal(files.data[0]?.id, 'file-1');
    await attempt();
    const content = await client.files.content('file-1');
    assert.equal(await content.text(), '{"line":1}\n{"line":2}\n');
    const { exchange } = await attempt();
    assert.equal(exchange.httpRoute, '/v1/files/{id}/content');
    assert.equal(exchange.outcome, 'ok');
  });

  test('a finished batch is billed once, however often it is looked at', async () => {
    await client.batches.retrieve('batch_abc');
    const first = await attempt();
    assert.equal(first.last.reading.usage?.input, 1_000_000);
    // gpt-4o-mini: 0.15 + 0.60 USD a million, half of it in a batch.
    assert.equal(first.last.cost?.total, 0.375);
    await client.batches.retrieve('batch_abc');
    const second = await attempt();
    assert.deepEqual([second.last.reading.usage, second.last.cost], [undefined, undefined]);
  });

  test('a key for some models may not use what names none', async () => {
    const limited = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'sb-chat-only', maxRetries: 0 });
    await assert.rejects(limited.files.list(), { status: 403 });
    proxy.recorder.reset();
  });

  test('ids that are no ids are no paths', async () => {
    for (const path of ['/v1/files/a%2fb', '/v1/batches/x/y', '/v1/files/a.b']) {
      const answer = await fetch(proxy.url + path, {
        headers: { authorization: 'Bearer sb-everything' },
      });
      assert.equal(answer.status, 404, path);
      await answer.text();
    }
  });

  test('realtime: events both ways, usage of every answer, the provider never sees our key', async () => {
    const session = connectSession('openai/gpt-realtime');
    const texts: string[] = [];
    let done = 0;
    session.on('response.output_text.delta', ({ delta }) => texts.push(delta));
    session.on('response.done', () => done++);
    await new Promise((resolve) => session.socket.on('open', resolve));
    session.send({ type: 'response.create' });
    await until(() => done === 1);
    session.send({ type: 'response.create' });
    await until(() => done === 2);
    session.close();
    assert.equal(texts.join(''), 'Hello Hello ');
    const { exchange, last } = await attempt();
    const request = sockets.at(-1)?.request;
    assert.equal(request?.headers.authorization, 'Bearer sk-upstream');
    assert.ok(!JSON.stringify(request?.headers).includes('sb-everything'));
    assert.match(request?.url ?? '', /^\/v1\/realtime\?.*model=gpt-realtime/);
    assert.deepEqual([exchange.outcome, exchange.httpStatus, exchange.stream], ['ok', 101, true]);
    assert.equal(last.reading.model, 'gpt-realtime');
    assert.equal(last.reading.usage?.input, 2 * 132);
    assert.deepEqual(last.reading.usage?.units, { audioInput: 26, audioCacheRead: 8, audioOutput: 182 });
    assert.ok((last.cost?.total ?? 0) > 0);
    assert.ok(last.reading.firstTokenUs > 0);
  });

  test("realtime: a provider that declines is answered in HTTP, in the provider's words", async () => {
    const session = connectSession('openai/no-such-model');
    session.on('error', () => {});
    const status = await new Promise((resolve) => {
      session.socket.on('unexpected-response', (_request: unknown, answer: IncomingMessage) =>
        resolve(answer.statusCode),
      );
    });
    assert.equal(status, 404);
    const { exchange } = await attempt();
    assert.equal(exchange.outcome, 'upstream_error');
  });

  test('realtime: a wrong key is refused before anything goes upstream; no WebSocket, no session', async () => {
    const before = sockets.length;
    const session = connectSession('openai/gpt-realtime', 'sb-wrong');
    session.on('error', () => {});
    const status = await new Promise((resolve) => {
      session.socket.on('unexpected-response', (_request: unknown, answer: IncomingMessage) =>
        resolve(answer.statusCode),
      );
    });
    assert.equal(status, 401);
    assert.equal(sockets.length, before);
    const plain = await fetch(`${proxy.url}/v1/realtime?model=x`, {
      headers: { authorization: 'Bearer sb-everything' },
    });
    assert.equal(plain.status, 400);
    assert.match(await plain.text(), /is a WebSocket/);
    await until(() => proxy.recorder.ended.length === proxy.recorder.begun.length);
    proxy.recorder.reset();
  });

  test('realtime: a provider that vanishes ends the session as broken', async () => {
    const session = connectSession('openai/gpt-realtime');
    session.on('error', () => {});
    const closed = new Promise((resolve) => session.socket.on('close', resolve));
    await new Promise((resolve) => session.socket.on('open', resolve));
    await until(() => sockets.at(-1)?.socket.readyState === 1);
    sockets.at(-1)?.socket.terminate();
    await closed;
    const { last } = await attempt();
    assert.equal(last.errorType, 'truncated');
  });
});

function onEvent(socket: WebSocket, text: string): void {
  const event = JSON.parse(text) as { type: string };
  if (event.type !== 'response.create') return;
  const usage = {
    total_tokens: 253,
    input_tokens: 132,
    output_tokens: 121,
    input_token_details: {
      text_tokens: 119,
      audio_tokens: 13,
      cached_tokens: 64,
      cached_tokens_details: { text_tokens: 60, audio_tokens: 4 },
    },
    output_token_details: { text_tokens: 30, audio_tokens: 91 },
  };
  const send = (value: unknown) => socket.send(JSON.stringify(value));
  send({
    type: 'response.output_text.delta',
    event_id: 'e1',
    response_id: 'r',
    item_id: 'i',
    output_index: 0,
    content_index: 0,
    delta: 'Hello ',
  });
  send({ type: 'response.done', event_id: 'e2', response: { id: 'r', status: 'completed', output: [], usage } });
}
