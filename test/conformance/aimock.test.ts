// Neither end is ours: official clients ask, @copilotkit/aimock answers for OpenAI, Azure, Anthropic, Gemini, Vertex, Bedrock,
// Cohere and Ollama, and the proxy stands between. Plain, streamed, and with tools.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import type { Ask, Got } from '../support/clients.ts';
import { startTestProxy } from '../support/proxy.ts';
import { callersOf } from './callers.ts';
import type { Caller } from './callers.ts';

const TEXT = 'Grüße aus Zürich, all is well.';
const ARGS = { city: 'Zürich', days: 2 };

const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 7 });
mock.addFixture({ match: { model: /plain$/ }, response: { content: TEXT } });
mock.addFixture({
  match: { model: /tools$/ },
  response: { toolCalls: [{ id: 'call_a1b2c3d4', name: 'weather', arguments: JSON.stringify(ARGS) }] },
});
const url = await mock.start();

const api_key = 'provider-key-0123456789';
const vertex = { type: 'vertex', api_key, project: 'fake', region: 'global', base_url: `${url}/v1` } as const;
const PROVIDERS = {
  openai: { base_url: `${url}/v1`, api_key },
  azure_openai: { base_url: url, api_key, api_version: '2025-04-01-preview' },
  anthropic: { base_url: url, api_key },
  gemini: { base_url: url, api_key },
  vertex,
  bedrock: { base_url: url, api_key },
  cohere: { base_url: url, api_key },
  ollama: { base_url: url },
} as const;

const proxy = await startTestProxy({ providers: PROVIDERS });
const callers = callersOf(proxy.url).filter(({ features }) => features.includes('stream'));

after(async () => {
  for (const { client } of callers) client.close();
  await proxy.close();
  await mock.stop();
});

function checkText({ text, finish }: Got): void {
  assert.deepEqual({ text, finish }, { text: TEXT, finish: 'stop' });
}

function checkTools({ tools, finish }: Got): void {
  assert.deepEqual(
    { tools: tools.map(({ name, args }) => ({ name, args })), finish },
    { tools: [{ name: 'weather', args: ARGS }], finish: 'tools' },
  );
}

/** What the mock does not have, or not in its provider's form: it goes untouched to callers of the same dialect. */
const ABSENT: ReadonlySet<string> = new Set([
  'openai_completions openai',
  'openai_completions azure_openai',
  'openai_completions ollama',
  // Its events lack the envelope around the bytes.
  'bedrock_invoke bedrock',
]);
const answers = ({ dialect, by }: Caller, provider: string): boolean =>
  !ABSENT.has(`${dialect} ${provider}`) &&
  // It ends calls of functions with a reason that Gemini does not have, and that this client takes for another.
  !(by === 'ai + @ai-sdk/google' && ['gemini', 'vertex'].includes(provider));

describe('aimock', { concurrency: 16 }, () => {
  for (const caller of callers) {
    const { client, dialect, by, features, mistral } = caller;
    for (const provider of Object.keys(PROVIDERS).filter((each) => answers(caller, each))) {
      const ask = (scenario: string, more: Partial<Ask> = {}): Ask => ({
        model: `${provider}/fake-${scenario}`,
        ...more,
      });
      test(`${dialect} by ${by} -> ${provider}`, async () => {
        checkText(await client.whole(ask('plain')));
        checkText(await client.stream(ask('plain')));
        if (!features.includes('tools')) return;
        checkTools(await client.whole(ask('tools', { tools: true })));
        // Mistral's client cannot read pieces of a call as OpenAI streams them.
        if (!mistral) checkTools(await client.stream(ask('tools', { tools: true })));
      });
    }
  }
});
