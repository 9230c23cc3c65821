// Every official SDK against every wire format behind the proxy: what the provider said is what the caller got, whole and
// streamed, with tools, thoughts, usage and errors, whatever lies between.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientsOf, SYSTEM } from '../support/clients.ts';
import type { Ask, Client, Got } from '../support/clients.ts';
import { startTestProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import { startWires } from '../support/wire-server.ts';
import type { WireServer } from '../support/wire-server.ts';
import { sayingOf } from '../support/wire-types.ts';

let wires: WireServer;
let proxy: TestProxy;
let clients: readonly Client[] = [];

/** Provider by the dialect that is spoken with it. */
const PROVIDERS = {
  openai_chat: 'vllm',
  anthropic: 'anthropic',
  gemini: 'gemini',
  bedrock: 'bedrock',
  cohere: 'cohere',
} as const;
const wireIds = Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[];
const clientIds = ['openai_chat', 'openai_responses', 'anthropic', 'gemini', 'bedrock', 'ollama_chat'] as const;

before(async () => {
  wires = await startWires();
  const api_key = 'provider-key-0123456789';
  proxy = await startTestProxy({
    providers: {
      vllm: { type: 'openai_compatible', base_url: `${wires.url}/v1`, api_key },
      anthropic: { base_url: wires.url, api_key },
      gemini: { base_url: wires.url, api_key },
      bedrock: { base_url: wires.url, api_key },
      cohere: { base_url: wires.url, api_key },
    },
  });
  clients = clientsOf(proxy.url);
});

after(async () => {
  for (const client of clients) client.close();
  await proxy.close();
  await wires.close();
});

function clientOf(id: string): Client {
  const client = clients.find((each) => each.id === id);
  if (client === undefined) throw new Error(`there is no client ${id}`);
  return client;
}

/** What can be said in the caller's dialect of what the provider said. */
function expected(client: string, scenario: string): Got {
  const { text, thought, tools, finish, usage } = sayingOf(scenario);
  const noIds = client === 'ollama_chat';
  return {
    text,
    thought,
    tools: tools.map(({ id, name, args }) => ({ id: noIds ? '' : id, name, args })),
    finish,
    chunks: 0,
    usage: { input: usage.input, cached: client === 'ollama_chat' ? 0 : usage.cached, output: usage.output },
  };
}

for (const client of clientIds) {
  for (const wire of wireIds) {
    const model = (scenario: string) => `${PROVIDERS[wire]}/fake-${scenario}`;
    const ask = (scenario: string, more: Partial<Ask> = {}): Ask => ({
      model: model(scenario),
      ...(scenario === 'tools' || scenario === 'parallel' ? { tools: true } : {}),
      ...more,
    });

    // Servers of OpenAI's API speak more than one of its dialects.
    const spoken = client.startsWith('openai_') && wire === 'openai_chat' ? client : wire;

    describe(`${client} -> ${wire}`, () => {
      for (const scenario of ['plain', 'cut', 'thinking', 'tools', 'parallel']) {
        test(`${scenario}, whole`, async () => {
          const got = await clientOf(client).whole(ask(scenario));
          assert.deepEqual({ ...got, chunks: 0 }, expected(client, scenario));
        });

        test(`${scenario}, streamed`, async () => {
          const got = await clientOf(client).stream(ask(scenario));
          assert.deepEqual({ ...got, chunks: 0 }, expected(client, scenario));
          if (scenario === 'plain') assert.ok(got.chunks > 3, `${got.chunks} chunks`);
        });
      }

      test('bytes one by one', async () => {
        const got = await clientOf(client).stream(ask('dribble'));
        assert.equal(got.text, sayingOf('plain').text);
      });

      test('instructions, an image, and what a tool gave reach the provider', async () => {
        wires.calls.length = 0;
        await clientOf(client).whole(
          ask('plain', { system: SYSTEM, history: true, image: true, text: 'Look at this.' }),
        );
        const sent = JSON.stringify(wires.calls.at(-1)?.body);
        for (const word of [SYSTEM, 'Look at this.', 'weather', 'Zürich', '4 degrees', 'iVBORw0KGgo']) {
          assert.ok(sent.includes(word), `${word} is missing in ${sent}`);
        }
        assert.equal(wires.calls.at(-1)?.wire, spoken);
      });

      for (const status of [400, 429, 503]) {
        test(`an error ${status} of the provider`, async () => {
          const { failure, whole } = clientOf(client);
          const error = failure(
            await whole(ask(`fault-${status}`)).then(
              () => assert.fail('it should fail'),
              (error: unknown) => error,
            ),
          );
          const given = status === 503 && client === 'anthropic' && wire !== 'anthropic' ? 529 : status;
          assert.equal(error.status, given, error.message);
          assert.match(error.message, new RegExp(`fault ${status} as asked`));
        });
      }

      for (const scenario of ['broken', 'failing']) {
        test(`a stream that is ${scenario}`, async () => {
          proxy.recorder.reset();
          await assert.rejects(clientOf(client).stream(ask(scenario)));
          const { outcome } = await proxy.recorder.settled();
          assert.equal(outcome, scenario === 'broken' ? 'truncated' : 'upstream_error');
        });
      }

      test("a caller who leaves ends the provider's work, and what came is on record", async () => {
        proxy.recorder.reset();
        wires.calls.length = 0;
        const abort = new AbortController();
        let chunks = 0;
        const onChunk = () => {
          if (++chunks === 20) abort.abort();
        };
        await clientOf(client)
          .stream(ask('slow', { signal: abort.signal, onChunk }))
          .catch(() => {});
        const exchange = await proxy.recorder.settled();
        assert.equal(exchange.outcome, 'client_cancelled');
        assert.equal(exchange.attempts[0]?.reading.usageSource, 'estimated');
        await until(() => wires.calls[0]?.end === 'aborted');
      });

      test('the record says what was used, and in which dialect', async () => {
        proxy.recorder.reset();
        await clientOf(client).stream(ask('thinking'));
        const { attempts, dialect, outcome } = await proxy.recorder.settled();
        const [attempt] = attempts;
        assert.equal(dialect, client);
        assert.equal(outcome, 'ok');
        assert.equal(attempt?.dialect, spoken);
        const { usage } = sayingOf('thinking');
        assert.equal(attempt?.reading.usageSource, 'provider');
        assert.deepEqual([attempt?.reading.usage?.input, attempt?.reading.usage?.output], [usage.input, usage.output]);
        assert.deepEqual(attempt?.reading.finishReasons, ['stop']);
        assert.ok((attempt?.reading.firstTokenUs ?? 0) > 0);
      });
    });
  }
}
