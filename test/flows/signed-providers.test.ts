// Providers with proofs of their own behind the real proxy: what arrives at them, and what happens when no proof is to be
// had.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};

describe('providers that sign', () => {
  const seen: IncomingMessage[] = [];
  let loginWorks = true;
  let upstream: Server;
  let proxy: TestProxy;
  let client: OpenAI;

  before(async () => {
    upstream = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        seen.push(request);
        const login = request.url?.endsWith('/oauth2/v2.0/token') === true;
        const status = login && !loginWorks ? 401 : 200;
        const body = login ? { access_token: 'entra-token', expires_in: 3600 } : ANSWER;
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(status === 200 ? body : { error: 'invalid_client' }));
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const azure = (tenant: string) => ({
      type: 'azure_openai',
      base_url: base,
      api_version: '2024-10-21',
      entra: { tenant_id: tenant, client_id: 'app', client_secret: 'client-secret', login_url: base },
    });
    proxy = await startTestProxy({
      providers: {
        azure: azure('one'),
        broken: azure('two'),
        spare: { type: 'openai', base_url: `${base}/v1`, api_key: 'sk-spare' },
      },
      routes: {
        chat: { strategy: 'fallback', targets: [{ model: 'broken/gpt-4o-mini' }, { model: 'spare/gpt-4o-mini' }] },
      },
    } as Parameters<typeof startTestProxy>[0]);
    client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'mine', maxRetries: 0 });
  });

  after(async () => {
    await proxy.close();
    await new Promise<void>((resolve) => upstream.close(() => resolve()).closeAllConnections());
  });

  const ask = (model: string) => client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });

  test('the token goes where the key would, and the caller’s key stays here', async () => {
    const answer = await ask('azure/gpt-4o-mini');
    assert.equal(answer.choices[0]?.message.content, 'Hello');
    const last = seen.at(-1);
    assert.equal(last?.headers.authorization, 'Bearer entra-token');
    assert.equal(last?.headers['api-key'], undefined);
    assert.equal(last?.url, '/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21');
  });

  test('without a token the next target answers', async () => {
    loginWorks = false;
    proxy.recorder.reset();
    const answer = await ask('chat');
    assert.equal(answer.choices[0]?.message.content, 'Hello');
    assert.equal(seen.at(-1)?.headers.authorization, 'Bearer sk-spare');
    const { attempts } = await proxy.recorder.settled();
    assert.deepEqual(
      [...new Set(attempts.map(({ target, errorType }) => `${target.deployment} ${errorType}`))],
      ['broken connect', 'spare '],
    );
  });

  test('without a token and without another target the answer says why, and no secret', async () => {
    await assert.rejects(ask('broken/gpt-4o-mini'), (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.equal(error.status, 502);
      assert.match(error.message, /login server of the provider "broken" answered 401 invalid_client/);
      assert.ok(!error.message.includes('client-secret'));
      return true;
    });
  });
});
