// The same SDKs in front of an upstream that is not ours either: @copilotkit/aimock, in the wire format of each provider.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import { clientsOf } from '../support/clients.ts';
import type { Client, Got } from '../support/clients.ts';
import { startTestProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';

const mock = new LLMock({ port: 0 });
let proxy: TestProxy;
let clients: readonly Client[] = [];

/** How aimock is reached as each provider, below its address. */
const PROVIDERS: Readonly<Record<string, { readonly base: string; readonly model: string }>> = {
  openai: { base: '/v1', model: 'gpt-5-mini' },
  anthropic: { base: '', model: 'claude-haiku-4-5' },
  gemini: { base: '', model: 'gemini-3-flash' },
  bedrock: { base: '', model: 'anthropic.claude-3-5-sonnet-20241022-v2:0' },
  cohere: { base: '', model: 'command-a-03-2025' },
};

before(async () => {
  mock.onMessage('weather', { toolCalls: [{ name: 'weather', arguments: '{"city":"Zürich","days":2}' }] });
  mock.onMessage('hello', { content: 'Hi there, this is aimock speaking!' });
  await mock.start();
  const api_key = 'provider-key-0123456789';
  const providers = Object.fromEntries(
    Object.entries(PROVIDERS).map(([id, { base }]) => [id, { base_url: mock.url + base, api_key }]),
  );
  proxy = await startTestProxy({ providers });
  clients = clientsOf(proxy.url);
});

after(async () => {
  for (const client of clients) client.close();
  await proxy.close();
  await mock.stop();
});

for (const id of ['openai_chat', 'openai_responses', 'anthropic', 'gemini', 'bedrock', 'ollama_chat']) {
  describe(`${id} in front of aimock`, () => {
    for (const [provider, { model }] of Object.entries(PROVIDERS)) {
      test(`as ${provider}: text and tools, whole and streamed`, async () => {
        const client = clients.find((each) => each.id === id);
        assert.ok(client);
        for (const way of ['whole', 'stream'] as const) {
          const said: Got = await client[way]({ model: `${provider}/${model}`, text: 'hello' });
          assert.equal(said.text, 'Hi there, this is aimock speaking!', way);
          assert.equal(said.finish, 'stop', way);
          const called: Got = await client[way]({ model: `${provider}/${model}`, text: 'weather please', tools: true });
          assert.deepEqual(
            called.tools.map(({ name, args }) => ({ name, args })),
            [{ name: 'weather', args: { city: 'Zürich', days: 2 } }],
            way,
          );
          assert.equal(called.finish, 'tools', way);
        }
      });
    }
  });
}
