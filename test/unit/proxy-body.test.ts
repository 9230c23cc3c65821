// Places in a JSON body, edits of it, paths, patterns, headers: the pure parts of the way in.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headersDown, headersUp, headerText, credentialOf } from '../../proxy/headers.ts';
import { applyEdits } from '../../proxy/json/edit.ts';
import { scanBody } from '../../proxy/json/scan.ts';
import { parseBody } from '../../proxy/parse.ts';
import { Keyring } from '../../proxy/keys.ts';
import { Patterns } from '../../proxy/patterns.ts';
import { retryAfterMs } from '../../proxy/retry-after.ts';
import { surfaceOf } from '../../proxy/surface.ts';
import { traceOf } from '../../proxy/trace.ts';

const WANTED = new Set(['model', 'stream_options']);
const scan = (text: string) => scanBody(Buffer.from(text).toString('latin1'), WANTED, 128);

function renamed(text: string, model: string): string {
  const span = scan(text).found.get('model');
  assert.ok(span);
  return applyEdits(Buffer.from(text), [{ ...span, text: JSON.stringify(model) }]).toString();
}

describe('the model is rewritten and no other byte', () => {
  const cases: [string, string][] = [
    ['{"model":"a"}', '{"model":"NEW"}'],
    ['{ "model" : "a" , "n" : 1e400 }', '{ "model" : "NEW" , "n" : 1e400 }'],
    ['{"n":9007199254740993,"model":"ä🦊","x":1.10}', '{"n":9007199254740993,"model":"NEW","x":1.10}'],
    [
      '{"a":{"model":"inner"},"b":["model","x"],"model":"m"}',
      '{"a":{"model":"inner"},"b":["model","x"],"model":"NEW"}',
    ],
    ['{"text":"\\"model\\":\\"x\\" \\\\","model":"m\\"q"}', '{"text":"\\"model\\":\\"x\\" \\\\","model":"NEW"}'],
    [
      '{"é":"\\u00e9","mod\\u0065l":"m","__proto__":{"a":1}}',
      '{"é":"\\u00e9","mod\\u0065l":"NEW","__proto__":{"a":1}}',
    ],
    ['{"x":"model","model":"m"}', '{"x":"model","model":"NEW"}'],
    ['\n{\t"model":\n"m"\n}\n', '\n{\t"model":\n"NEW"\n}\n'],
  ];
  for (const [before, after] of cases) test(before, () => assert.equal(renamed(before, 'NEW'), after));
});

describe('scanning', () => {
  test('finds what stands twice, also when one is written with escapes', () => {
    assert.equal(scan('{"model":"cheap","model":"dear"}').duplicate, 'model');
    assert.equal(scan('{"model":"cheap","\\u006dodel":"dear"}').duplicate, 'model');
    assert.equal(scan('{"a":{"model":1,"model":2},"model":"x"}').duplicate, undefined);
  });

  test('stops at the depth it is given', () => {
    assert.equal(scan(`{"a":${'['.repeat(127)}${']'.repeat(127)}}`).deepest, 128);
    assert.ok(scan(`{"a":${'['.repeat(200_000)}`).deepest === 129);
  });

  test('takes anything', () => {
    for (const text of ['', '"', '{"', '{"a', '{"a":', '}}}}', ']', '{"a":"\\', '\\"', ':,:,', '{"a"::"b",,}'])
      scan(text);
  });
});

describe('strict JSON', () => {
  const refused = async (body: string | Buffer, errorClass: string) => {
    await assert.rejects(parseBody(Buffer.from(body as string)), (error: { class?: string; message: string }) => {
      assert.equal(error.class, errorClass);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  };

  test('refuses what is no JSON object, and never quotes it', async () => {
    for (const body of [
      '',
      '   ',
      '{"a":"secret"',
      '{"a":secret}',
      '{"a":1,}',
      '{"a":NaN}',
      '[]',
      '"secret"',
      'null',
      '1',
    ]) {
      await refused(body, 'invalid_json');
    }
    await refused(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'invalid_json');
    await refused(`{"a":${'['.repeat(129)}${']'.repeat(129)}}`, 'bad_request');
    await refused('{"model":"a","model":"b"}', 'bad_request');
  });

  test('accepts a byte order mark and takes it off', async () => {
    const { body, json } = await parseBody(Buffer.from('\ufeff{"model":"ä"}'));
    assert.deepEqual([body.toString(), json], ['{"model":"ä"}', { model: 'ä' }]);
  });

  test('of a big body only the settings are read', async () => {
    const messages = Array.from({ length: 40_000 }, (_none, at) => ({ role: 'user', content: `number ${at}` }));
    const text = JSON.stringify({ messages, temperature: 0.5, model: 'big', stream: true });
    const { json } = await parseBody(Buffer.from(text));
    assert.deepEqual(json, { temperature: 0.5, model: 'big', stream: true });
    assert.equal(renamed(text, 'NEW').endsWith('"model":"NEW","stream":true}'), true);
  });
});

describe('paths are matched exactly', () => {
  test('known ones', () => {
    for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages', '/v1/models']) {
      const surface = surfaceOf(path);
      assert.ok(typeof surface === 'object' && surface.route === path);
    }
  });

  test('those that name a model, which is decoded once', () => {
    const named = [
      ['/v1beta/models/gemini-3:generateContent', '/v1beta/models/{model}:generateContent', 'gemini-3', 'never'],
      ['/v1beta/models/team/a%2Fb:streamGenerateContent', '/v1beta/models/{model}:streamGenerateContent', 'team/a/b', 'always'],
      ['/v1/models/ft:gpt:x:countTokens', '/v1/models/{model}:countTokens', 'ft:gpt:x', 'never'],
      ['/v1/models/ft:gpt:x', '/v1/models/{model}', 'ft:gpt:x', 'never'],
      ['/model/us.anthropic.claude-v1%3A0/converse-stream', '/model/{model}/converse-stream', 'us.anthropic.claude-v1:0', 'always'],
      ['/model/arn%3Aaws%3Abedrock%2Fx/invoke', '/model/{model}/invoke', 'arn:aws:bedrock/x', 'never'],
      ['/model/a%252Fb/converse', '/model/{model}/converse', 'a%2Fb', 'never'],
    ] as const; // prettier-ignore
    for (const [path, route, model, streams] of named) {
      const surface = surfaceOf(path);
      assert.ok(typeof surface === 'object', path);
      assert.deepEqual([surface.route, surface.model, surface.streams], [route, model, streams]);
    }
    assert.equal(surfaceOf('/model/%zz/converse'), 'ambiguous');
  });

  test('nothing else', () => {
    const near = [
      '/V1/chat/completions', '//v1/chat/completions', '/v1//chat/completions', '/v1/./chat/completions',
      '/v1/chat/completions/', '/v1/chat/completions;x', '/%76%31/chat/completions', '/v1/chat%2Fcompletions',
      '/v1/chat/completions%00', '/v1/x/../chat/completions', 'v1/chat/completions', '*', '', '/', '/passthrough',
      '/passthrough/', '/passthrough/openai', '/V1beta/models/x:generateContent',
      '/model/x', '/model//converse', '/model/x/Converse', '/api/chat/', '/Api/chat', '/passthrough//v1/x', '/Passthrough/openai/v1/x',
    ]; // prettier-ignore
    for (const path of near) assert.equal(surfaceOf(path), undefined, path);
  });

  test('passthrough paths that two servers could read in two ways', () => {
    for (const rest of [
      '/../x',
      '/a/../b',
      '/a/./b',
      '/a//b',
      '/a%2fb',
      '/a%2Fb',
      '/%2e%2e/x',
      '/a%00',
      '/a\\b',
      '/a/..',
      '/a%5cb',
    ]) {
      assert.equal(surfaceOf(`/passthrough/openai${rest}`), 'ambiguous', rest);
    }
    for (const rest of ['/v1/files', '/v1/files/', '/v1/a.b/..c', '/', '/v1/models/ft:gpt-4o:x::1']) {
      const surface = surfaceOf(`/passthrough/openai${rest}`);
      assert.ok(typeof surface === 'object' && surface.upstreamPath === rest, rest);
    }
    const chat = surfaceOf('/passthrough/openai/v1/chat/completions');
    assert.ok(typeof chat === 'object' && chat.dialect === 'openai_chat');
  });
});

describe('keys and patterns', () => {
  test('a key is known whole or not at all', () => {
    const keys = new Keyring([{ name: 'k', key: 'sk-0123456789', team: 't', models: [] }]);
    assert.equal(keys.find('sk-0123456789')?.keyId, 'k');
    for (const wrong of ['', 'sk-012345678', 'sk-01234567890', 'SK-0123456789', "' OR 1=1--", 'x'.repeat(1e6)]) {
      assert.equal(keys.find(wrong), undefined);
    }
  });

  test('credentials come in four headers', () => {
    assert.equal(credentialOf({ authorization: 'Bearer abc' }), 'abc');
    assert.equal(credentialOf({ authorization: 'bearer  abc ' }), 'abc');
    assert.equal(credentialOf({ authorization: 'abc' }), 'abc');
    assert.equal(credentialOf({ 'x-api-key': 'a' }), 'a');
    assert.equal(credentialOf({ 'x-goog-api-key': 'b' }), 'b');
    assert.equal(credentialOf({ 'api-key': 'c' }), 'c');
    assert.equal(credentialOf({}), '');
  });

  test('patterns', () => {
    const patterns = new Patterns(['assistant', 'openai/*', 'gpt-5.*-mini']);
    for (const name of ['assistant', 'openai/gpt-5', 'openai/a/b', 'gpt-5.1-mini'])
      assert.ok(patterns.match(name), name);
    for (const name of ['assistants', 'openai', 'xopenai/a', 'gpt-5x1-mini', ''])
      assert.ok(!patterns.match(name), name);
    assert.ok(new Patterns([]).match('anything'));
  });
});

describe('headers', () => {
  test('upstream sees a short list', () => {
    const headers = {
      host: 'a', authorization: 'x', cookie: 'c', te: 'gzip', 'x-forwarded-for': '1', 'x-signalbox-user': 'u',
      'content-type': 'application/json', 'anthropic-beta': 'b', 'x-stainless-lang': 'js',
    }; // prettier-ignore
    assert.deepEqual(headersUp(headers, false), ['content-type', 'application/json', 'anthropic-beta', 'b']);
    const all = headersUp({ ...headers, connection: 'close, x-hop', 'x-hop': '1' }, true);
    assert.deepEqual(all, ['content-type', 'application/json', 'anthropic-beta', 'b', 'x-stainless-lang', 'js']);
  });

  test('the client sees none of the other connection', () => {
    const out: string[] = [];
    headersDown(
      { connection: 'x-hop', 'x-hop': '1', 'set-cookie': ['a=b'], 'transfer-encoding': 'chunked', 'x-signalbox-cost-usd': '0', 'retry-after': '3' },
      out,
    ); // prettier-ignore
    assert.deepEqual(out, ['retry-after', '3']);
  });

  test('text in headers', () => {
    assert.equal(headerText('plain/model-1'), 'plain/model-1');
    assert.equal(headerText('mödel\n🦊'), 'm%C3%B6del%0A%F0%9F%A6%8A');
    assert.equal(headerText('\ud83e'), '%EF%BF%BD');
  });

  test('trace context', () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    assert.deepEqual(traceOf({ traceparent: parent, tracestate: 'a=b' }), {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      traceState: 'a=b',
    });
    const bad = [
      '',
      'x',
      parent.slice(1),
      parent.replace('0af7', '0AF7'),
      `ff${parent.slice(2)}`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    ];
    for (const traceparent of bad) assert.equal(traceOf({ traceparent }), undefined, traceparent);
  });

  test('retry-after in every form', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const ms = (value: string) => retryAfterMs({ 'retry-after': value }, now);
    assert.equal(ms('2'), 2000);
    assert.equal(ms('0.5'), 500);
    assert.equal(ms('Thu, 01 Jan 2026 00:00:03 GMT'), 3000);
    assert.equal(ms('Wed, 31 Dec 2025 00:00:00 GMT'), 0);
    assert.equal(ms('1000000000'), 86_400_000);
    for (const nonsense of ['-1', '', 'soon', '1e9', '99999999999999']) assert.equal(ms(nonsense), undefined, nonsense);
    assert.equal(retryAfterMs({ 'retry-after-ms': '250', 'retry-after': '9' }, now), 250);
  });
});
