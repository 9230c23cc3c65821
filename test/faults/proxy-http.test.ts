// Faults A and B of the catalogue: what arrives at the proxy that is no clean request, over raw sockets against the real
// server. Behind it stands a real provider that counts what reaches it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { openSocket, post, raw, startTestProxy, wholeAnswer, type TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const seen: Seen[] = [];
const provider = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const answer = { id: 'c', model: 'm', choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
});

let proxy: TestProxy;
let small: TestProxy;

before(async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  provider.listen(0, '127.0.0.1', resolve);
  await promise;
  const base = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
  const providers = { openai: { api_key: 'sk-upstream', base_url: base } };
  proxy = await startTestProxy({ providers });
  const limits = { max_body: '64KiB', max_inflight_bytes: '96KiB' };
  small = await startTestProxy({
    proxy: limits,
    providers,
    keys: [
      { name: 'all', key: 'sk-signalbox-all' },
      { name: 'few', key: 'sk-signalbox-few', models: ['openai/gpt-4*'] },
    ],
  });
});

after(async () => {
  await Promise.all([proxy.close(), small.close()]);
  provider.close();
  provider.closeAllConnections();
});

beforeEach(() => {
  seen.length = 0;
  proxy.recorder.reset();
  small.recorder.reset();
});

const BODY = '{"model":"gpt-4o","messages":[]}';
const head = (lines: readonly string[], start = 'POST /v1/chat/completions HTTP/1.1') =>
  `${[start, ...lines].join('\r\n')}\r\n\r\n`;
const usual = ['Host: localhost', 'Content-Type: application/json'];
const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

function assertPlain(text: string): void {
  assert.match(text, /content-type: application\/json/i);
  assert.match(text, /x-signalbox-error: /i);
  assert.doesNotMatch(text, /\bat .*\.ts|node:internal|<html/i);
}

describe('A01, A03: framing that two servers could read in two ways', () => {
  const smuggled = head(usual.concat('Content-Length: 0'), 'POST /v1/embeddings HTTP/1.1');
  const cases: [string, string][] = [
    [
      'content-length and transfer-encoding',
      head([...usual, `Content-Length: ${BODY.length}`, 'Transfer-Encoding: chunked']) + chunked,
    ],
    [
      'transfer-encoding and content-length',
      head([...usual, 'Transfer-Encoding: chunked', `Content-Length: ${BODY.length}`]) + chunked,
    ],
    [
      'two content-lengths',
      head([...usual, `Content-Length: ${BODY.length}`, `Content-Length: ${BODY.length}`]) + BODY,
    ],
    ['a list of content-lengths', head([...usual, 'Content-Length: 5, 5']) + BODY],
    ['a signed content-length', head([...usual, `Content-Length: +${BODY.length}`]) + BODY],
    ['a negative content-length', head([...usual, 'Content-Length: -1']) + BODY],
    ['an endless content-length', head([...usual, `Content-Length: ${'9'.repeat(40)}`]) + BODY],
    ['an unknown transfer-encoding', head([...usual, 'Transfer-Encoding: xchunked']) + chunked],
    ['chunked and then identity', head([...usual, 'Transfer-Encoding: chunked, identity']) + chunked],
    ['two transfer-encodings', head([...usual, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity']) + chunked],
    ['a space before the colon', head([...usual, `Content-Length : ${BODY.length}`]) + BODY],
    ['A02 gzip and chunked', head([...usual, 'Transfer-Encoding: gzip, chunked']) + chunked],
    ['bare line feeds', head([...usual, 'Transfer-Encoding: chunked']).replaceAll('\r\n', '\n') + chunked],
    ['a folded header', head([...usual, 'X-Folded: a\r\n b']) + BODY],
    ['a NUL in a header', head([...usual, 'X-Nul: a\0b']) + BODY],
    ['a bare carriage return', head([...usual, 'X-Cr: a\rb']) + BODY],
    [
      'a line feed in a chunk extension',
      `${head([...usual, 'Transfer-Encoding: chunked'])}5;a\nb\r\nhello\r\n0\r\n\r\n`,
    ],
    ['a chunk size with a prefix', `${head([...usual, 'Transfer-Encoding: chunked'])}0x5\r\nhello\r\n0\r\n\r\n`],
    [
      'an endless chunk size',
      `${head([...usual, 'Transfer-Encoding: chunked'])}${'f'.repeat(20)}\r\nhello\r\n0\r\n\r\n`,
    ],
    ['no Host', head(['Content-Type: application/json', 'Content-Length: 0'])],
    ['HTTP/1.2', head(usual, 'POST /v1/chat/completions HTTP/1.2')],
    ['a method in lower case', head(usual, 'post /v1/chat/completions HTTP/1.1')],
    ['TLS', '\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003'],
    ['noise', 'nonsense\r\n\r\n'],
  ];
  for (const [name, bytes] of cases) {
    test(name, async () => {
      const reply = await raw(proxy.port, Buffer.from(bytes + smuggled, 'latin1'), () => false);
      assert.equal(reply.status, 400, reply.text);
      assert.equal(reply.text.match(/HTTP\/1\.1 \d{3} /g)?.length, 1, 'one answer only');
      assert.match(reply.text, /connection: close/i);
      assertPlain(reply.text);
      assert.deepEqual(seen, []);
    });
  }
});

describe('A04-A08, A12: heads', () => {
  const answer = (lines: readonly string[], start?: string) =>
    raw(proxy.port, Buffer.from(head(lines, start), 'latin1'), wholeAnswer);

  test('A04 long and many headers are 431', async () => {
    const long = await answer([...usual, `X-Long: ${'x'.repeat(17_000)}`]);
    assert.equal(long.status, 431);
    assertPlain(long.text);
    const url = await answer(usual, `POST /${'x'.repeat(17_000)} HTTP/1.1`);
    assert.equal(url.status, 431);
    for (const count of [300, 1_100]) {
      const many = Array.from({ length: count }, (_none, at) => `h${at}: 1`);
      const reply = await answer([...usual, ...many, 'Content-Length: 0']);
      assert.equal(reply.status, 431, String(count));
      assertPlain(reply.text);
    }
    assert.deepEqual(seen, []);
  });

  test('A05 what reaches the provider is a short list', async () => {
    const hop = [
      'Connection: authorization, keep-alive',
      'Proxy-Authorization: x',
      'TE: trailers',
      'X-Forwarded-For: 1.2.3.4',
    ];
    const ours = ['X-Signalbox-User: u', 'Cookie: a=b', 'Authorization: Bearer mine', 'Forwarded: for=1'];
    const request = head([...usual, ...hop, ...ours, `Content-Length: ${BODY.length}`]) + BODY;
    const reply = await raw(proxy.port, request, wholeAnswer);
    assert.equal(reply.status, 200);
    const { host, authorization, ...rest } = seen[0]?.headers ?? {};
    assert.match(host ?? '', /^127\.0\.0\.1:/);
    assert.equal(authorization, 'Bearer sk-upstream');
    assert.deepEqual(rest, {
      connection: 'keep-alive',
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'content-length': String(BODY.length),
    });
  });

  test('A06 a Host is there once and well-formed', async () => {
    for (const host of ['', 'x/../admin?', `${'h'.repeat(300)}`, 'a b', 'user@host', 'a,b']) {
      const reply = await answer([`Host: ${host}`, 'Content-Type: application/json', 'Content-Length: 0']);
      assert.equal(reply.status, 400, host);
      assertPlain(reply.text);
    }
    const two = await answer(['Host: a', 'Host: b', 'Content-Length: 0']);
    assert.equal(two.status, 400);
    for (const host of ['localhost', '127.0.0.1:80', '[::1]:8080', 'a.example']) {
      const reply = await raw(proxy.port, head([`Host: ${host}`], 'GET /v1/models HTTP/1.1'), wholeAnswer);
      assert.equal(reply.status, 200, host);
    }
  });

  test('A07 targets that are no path, and methods that are not offered', async () => {
    const absolute = await answer([...usual, 'Content-Length: 0'], 'POST http://evil/v1/chat/completions HTTP/1.1');
    assert.equal(absolute.status, 400);
    assert.equal((await answer(usual, 'OPTIONS * HTTP/1.1')).status, 400);
    const statuses: [string, number, RegExp][] = [
      ['TRACE /v1/chat/completions HTTP/1.1', 405, /allow: /i],
      ['CONNECT evil:443 HTTP/1.1', 405, /allow: /i],
      ['GET /v1/chat/completions HTTP/1.1', 405, /allow: POST/i],
      ['POST /v1/models HTTP/1.1', 405, /allow: GET/i],
      ['PROPFIND /v1/models HTTP/1.1', 405, /allow: GET/i],
      ['DELETE /v1/messages HTTP/1.1', 405, /allow: POST/i],
    ];
    for (const [start, status, expected] of statuses) {
      const reply = await answer(['Host: localhost', 'Content-Length: 0'], start);
      assert.equal(reply.status, status, start);
      assert.match(reply.text, expected);
      assertPlain(reply.text);
    }
    assert.deepEqual(seen, []);
  });

  test('A08, A09 other spellings of a path are other paths', async () => {
    const paths = [
      '/V1/Chat/Completions',
      '//v1/chat/completions',
      '/v1/./chat/completions',
      '/v1/chat/completions/',
      '/%76%31/chat/completions',
      '/v1/chat/completions;x',
      '/v1%2Fchat/completions',
    ];
    for (const path of paths) {
      const reply = await answer([...usual, 'Content-Length: 0'], `POST ${path} HTTP/1.1`);
      assert.equal(reply.status, 404, path);
      assertPlain(reply.text);
    }
    for (const path of ['/passthrough/openai/../admin', '/passthrough/openai/a%2fb', '/passthrough/openai/%00']) {
      assert.equal((await answer(['Host: localhost'], `GET ${path} HTTP/1.1`)).status, 400, path);
    }
    assert.deepEqual(seen, []);
  });

  test('A12 names that mean something to JavaScript are data', async () => {
    const odd = ['__proto__: x', 'constructor: y', 'toString: z', 'Authorization: Bearer a', 'Authorization: Bearer b'];
    const reply = await raw(proxy.port, head([...usual, ...odd, `Content-Length: ${BODY.length}`]) + BODY, wholeAnswer);
    assert.equal(reply.status, 200);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
    const expecting = head([...usual, 'Expect: foo', 'Content-Length: 0']);
    const expect = await raw(proxy.port, expecting, (text) => text.includes('\r\n\r\n'));
    assert.equal(expect.status, 417);
  });

  test('health and metrics are on the same address', async () => {
    for (const [path, expected] of [
      ['/healthz', /ok/],
      ['/readyz', /ready/],
      ['/metrics', /# TYPE signalbox_requests_total counter/],
    ] as const) {
      const response = await fetch(proxy.url + path);
      assert.equal(response.status, 200);
      assert.match(await response.text(), expected);
    }
    assert.equal((await fetch(`${proxy.url}/healthz`, { method: 'POST' })).status, 404);
  });
});

describe('B: bodies', () => {
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: body as string,
    });
  const refused = async (response: Response, status: number) => {
    assert.equal(response.status, status);
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    assert.ok(error.message.length > 0 && error.type.length > 0);
    assert.doesNotMatch(error.message, /secret/);
    assert.equal(response.headers.get('x-should-retry'), status === 503 ? 'true' : 'false');
    return error;
  };

  test('B01 a body that announces too much is answered before it is sent', async () => {
    const auth = 'Authorization: Bearer sk-signalbox-all';
    const announced = await raw(small.port, head([...usual, auth, 'Content-Length: 10000000']), wholeAnswer);
    assert.equal(announced.status, 413);
    assertPlain(announced.text);
    const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const socket = await openSocket(small.port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(head([...usual, auth, 'Transfer-Encoding: chunked']));
    for (let times = 0; times < 6; times++) socket.write(piece);
    await until(() => wholeAnswer(text));
    assert.match(text, /^HTTP\/1\.1 413 /);
    socket.destroy();
    await until(() => small.recorder.ended.length === 2);
    assert.deepEqual(
      small.recorder.ended.map(({ outcome }) => outcome),
      ['refused', 'refused'],
    );
    assert.match(small.metrics.text(), /signalbox_inflight_bytes 0/);
  });

  test('B02 all bodies together have a budget', async () => {
    const auth = 'Authorization: Bearer sk-signalbox-all';
    const first = await openSocket(small.port);
    first.write(head([...usual, auth, 'Content-Length: 60000']));
    await until(() => /signalbox_inflight_bytes 60000/.test(small.metrics.text()));
    const second = await raw(small.port, head([...usual, auth, 'Content-Length: 60000']), wholeAnswer);
    assert.equal(second.status, 503);
    assert.match(second.text, /retry-after: 1/i);
    first.destroy();
    await until(() => /signalbox_inflight_bytes 0/.test(small.metrics.text()));
    await until(() => small.recorder.ended.length === 2);
    assert.deepEqual(small.recorder.ended.map(({ outcome }) => outcome).sort(), ['client_cancelled', 'refused']);
  });

  test('B03 deep nesting', async () => {
    await refused(await send(`{"model":"gpt-4o","a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`), 400);
    await refused(await send(`{"model":"gpt-4o","a":${'{"a":'.repeat(129)}1${'}'.repeat(129)}}`), 400);
    assert.deepEqual(seen, []);
  });

  test('B05 packed bodies', async () => {
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
    ] as const) {
      const response = await send(pack(BODY), { 'content-encoding': encoding });
      assert.equal(response.status, 200, encoding);
      assert.equal(seen.at(-1)?.body, BODY);
      assert.equal(seen.at(-1)?.headers['content-encoding'], undefined);
    }
    await refused(await send('not packed', { 'content-encoding': 'gzip' }), 400);
    await refused(await send(gzipSync(Buffer.alloc(80 * 1024 * 1024)), { 'content-encoding': 'gzip' }), 413);
    await refused(await send(BODY, { 'content-encoding': 'foo' }), 415);
    await refused(await send(gzipSync(gzipSync(BODY)), { 'content-encoding': 'gzip, gzip' }), 415);
  });

  test('B06 text that is no UTF-8, and text that only looks odd', async () => {
    await refused(await send(Buffer.from([...Buffer.from('{"model":"'), 0xff, 0xfe, ...Buffer.from('"}')])), 400);
    await refused(
      await send(Buffer.from(BODY, 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }),
      415,
    );
    assert.equal((await send(`\ufeff${BODY}`)).status, 200);
    const odd = '{"model":"gpt-4o","messages":[{"content":"\\ud83e \\u0000 ä"}]}';
    assert.equal((await send(odd)).status, 200);
    assert.equal(seen.at(-1)?.body, odd);
  });

  test('B07 what is no JSON object, and the message never quotes it', async () => {
    for (const body of [
      '',
      ' ',
      '{"model":"gpt-4o"',
      '{"a":NaN}',
      '{"a":1,}',
      '[]',
      '"secret"',
      '{"secret":secret}',
      '1',
    ]) {
      const error = await refused(await send(body), 400);
      assert.equal(error.type, 'invalid_request_error');
    }
  });

  test('B08 content types', async () => {
    for (const type of ['text/plain', 'multipart/form-data', 'application/json, text/plain', 'application/jsonx']) {
      await refused(await send(BODY, { 'content-type': type }), 415);
    }
    const none = await raw(proxy.port, head(['Host: localhost', `Content-Length: ${BODY.length}`]) + BODY, wholeAnswer);
    assert.equal(none.status, 415);
    assert.equal((await send(BODY, { 'content-type': 'Application/JSON; charset="UTF-8"' })).status, 200);
  });

  test('B09 the model that decides is the model that is forwarded', async () => {
    await refused(await send('{"model":"gpt-4o-mini","model":"gpt-4o"}'), 400);
    await refused(await send('{"model":"gpt-4o-mini","\\u006dodel":"gpt-4o"}'), 400);
    assert.deepEqual(seen, []);
  });

  test('B10, B11 unknown fields and numbers go through byte by byte', async () => {
    const odd =
      '{"model":"openai/gpt-4o","__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"n":9007199254740993,"e":1e400, "new_field" : [1.10]}';
    assert.equal((await send(odd)).status, 200);
    assert.equal(seen.at(-1)?.body, odd.replace('openai/gpt-4o', 'gpt-4o'));
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  test('B11 names that are no models', async () => {
    for (const model of ['', 'x'.repeat(300), 'gpt-4o\nInjected: 1', null, 5, {}]) {
      await refused(await send(JSON.stringify({ model })), 400);
    }
    await refused(await send(JSON.stringify({ model: 'unknown-🦊' })), 404);
    const emoji = await send(JSON.stringify({ model: 'openai/🦊' }));
    assert.equal(emoji.status, 200);
    assert.equal(emoji.headers.get('x-signalbox-model'), '%F0%9F%A6%8A');
  });

  test('B12 pipelined requests are answered in order, each with its own body', async () => {
    const one = (model: string) => {
      const body = JSON.stringify({ model: `openai/${model}` });
      return head([...usual, `Content-Length: ${body.length}`]) + body;
    };
    const reply = await raw(proxy.port, one('first') + one('second'), (text) => text.split('"choices"').length === 3);
    assert.ok(reply.text.indexOf('x-signalbox-model: first') < reply.text.indexOf('x-signalbox-model: second'));
    assert.deepEqual(seen.map(({ body }) => body).sort(), ['{"model":"first"}', '{"model":"second"}']);
    const extra = await raw(proxy.port, `${one('third')}x`, () => false);
    assert.match(extra.text, /x-signalbox-model: third|HTTP\/1\.1 400/);
  });

  test('every accepted request has one begin and one end', async () => {
    await Promise.all([
      send(BODY),
      send('{'),
      send('{"model":"nobody"}'),
      send(BODY, { 'content-type': 'text/plain' }),
    ]);
    await until(() => proxy.recorder.ended.length === 4);
    assert.equal(proxy.recorder.begun.length, 4);
    assert.equal(new Set(proxy.recorder.ended.map(({ spanId }) => spanId)).size, 4);
    assert.deepEqual(proxy.recorder.ended.map(({ outcome }) => outcome).sort(), [
      'ok',
      'refused',
      'refused',
      'refused',
    ]);
  });
});

describe('who may call', () => {
  const models = (headers: Record<string, string>) => post(small.url, { model: 'gpt-4o' }, { headers });

  test('a key in any of four headers', async () => {
    const key = 'sk-signalbox-all';
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { 'x-api-key': key },
      { 'x-goog-api-key': key },
      { 'api-key': key },
    ]) {
      assert.equal((await models(headers as Record<string, string>)).status, 200);
    }
    assert.ok(
      seen.every(({ headers }) => headers.authorization === 'Bearer sk-upstream' && headers['x-api-key'] === undefined),
    );
  });

  test('no key, a wrong key, a key in the query', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong-key-0000' }, { authorization: "Bearer ' OR 1=1--" }]) {
      const response = await models(headers as Record<string, string>);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('x-signalbox-error'), 'unauthorized');
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    const query = await post(small.url, {}, { path: '/v1/chat/completions?key=sk-signalbox-all' });
    assert.equal(query.status, 401);
    const anthropic = await post(small.url, {}, { path: '/v1/messages' });
    assert.equal(((await anthropic.json()) as { error: { type: string } }).error.type, 'authentication_error');
    await until(() => small.recorder.ended.length === 5);
    assert.ok(small.recorder.ended.every(({ outcome, path }) => outcome === 'refused' && !path.includes('key=')));
    assert.deepEqual(seen, []);
  });

  test('a key for some models', async () => {
    const headers = { authorization: 'Bearer sk-signalbox-few' };
    assert.equal((await post(small.url, { model: 'gpt-4o' }, { headers })).status, 200);
    assert.equal((await post(small.url, { model: 'openai/gpt-4o' }, { headers })).status, 200);
    assert.equal((await post(small.url, { model: 'openai/gpt-5' }, { headers })).status, 403);
    const path = '/passthrough/openai/v1/files';
    assert.equal((await post(small.url, { model: 'gpt-4o' }, { headers, path })).status, 403);
    const list = (await (await fetch(`${small.url}/v1/models`, { headers })).json()) as { data: unknown[] };
    assert.deepEqual(list.data, []);
  });
});
