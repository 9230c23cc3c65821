// The demo: reproducible, in shapes that the official clients accept, with incidents that come and go.

import Anthropic, { NotFoundError as ClaudeNotFound } from '@anthropic-ai/sdk';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import OpenAI, { NotFoundError } from 'openai';
import { behave } from '../../demo/behaviour.ts';
import { demoConfig } from '../../demo/config.ts';
import { ask, pickExchange, recall, type Task } from '../../demo/corpus/index.ts';
import { CYCLE_MS, INCIDENTS, activeAt, demandOf, effectOn } from '../../demo/incidents.ts';
import { DEPLOYMENTS, deploymentOf } from '../../demo/models.ts';
import { startProvider, type Provider } from '../../demo/providers/server.ts';
import { Random } from '../../demo/random.ts';
import { fillHistory } from '../../demo/traffic/history.ts';
import { PastWorld } from '../../demo/traffic/past.ts';
import { play } from '../../demo/traffic/scenarios.ts';
import type { DemoSpan } from '../../demo/traffic/spans.ts';
import { ATTR } from '../../schemas/attributes.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';

const HOUR = 3_600_000;
const EPOCH = Date.UTC(2026, 10, 22, 15);

function placeOf(id: string) {
  const deployment = deploymentOf(id);
  const model = deployment?.models[0];
  assert.ok(deployment && model);
  return { deployment, model };
}

/** A provider without chance faults. */
const calm = (id: string, active: () => readonly (typeof INCIDENTS)[number][] = () => []) => {
  const { deployment } = placeOf(id);
  const faults = { throttled: 0, failed: 0, overloaded: 0, reset: 0 };
  return startProvider({ deployment: { ...deployment, faults }, port: 0, seed: 'test', active, pace: 0 });
};

describe('chance', () => {
  test('the same seed gives the same numbers, another gives others', () => {
    const draw = (seed: string) =>
      Array.from(
        { length: 20 },
        (
          (random) => () =>
            random.next()
        )(new Random(seed)),
      );
    assert.deepEqual(draw('a'), draw('a'));
    assert.notDeepEqual(draw('a'), draw('b'));
  });

  test('behaviour is a function of call, conditions and seed', () => {
    const conditions = { ...placeOf('openai'), effect: {} };
    const facts = { inputTokens: 900, earlierMessages: 3 };
    const once = Array.from({ length: 50 }, (_, at) => behave(facts, conditions, new Random(`x${at}`)));
    const again = Array.from({ length: 50 }, (_, at) => behave(facts, conditions, new Random(`x${at}`)));
    assert.deepEqual(once, again);
  });

  test('the past is the same for the same seed', async () => {
    assert.deepEqual(await past(40), await past(40));
  });
});

describe('corpus', () => {
  test('every question is recognised again, with its blanks', () => {
    const tasks: Task[] = ['support', 'review', 'extract', 'rag', 'summary', 'agent', 'follow_up'];
    for (const task of tasks) {
      for (let at = 0; at < 60; at++) {
        const random = new Random(`${task}${at}`);
        const exchange = pickExchange(task, random);
        assert.ok(exchange);
        const answer = recall(`Context first.\n\n${ask(exchange, random)}`);
        assert.ok(answer, exchange.ask);
        assert.doesNotMatch(answer, /\{(order|product|person|city|day|dd|invoice|file)\}/);
        if (task === 'extract') JSON.parse(answer);
      }
    }
  });
});

describe('incidents', () => {
  test('each one is on once in a cycle and once in the past', () => {
    for (const incident of INCIDENTS) {
      const { live, history } = incident;
      const on = (time: number) => activeAt(time).includes(incident);
      assert.equal(on(live.at - 1), false);
      assert.equal(on(live.at), true);
      assert.equal(on(live.at + live.for), false);
      assert.equal(on(CYCLE_MS + live.at), true);
      assert.equal(on(history.at), true);
      assert.equal(on(history.at + history.for), false);
    }
    assert.deepEqual(activeAt(0), []);
  });

  test('all four have begun within two minutes', () => {
    const begun = new Set(Array.from({ length: 120 }, (_, second) => activeAt(second * 1000)).flat());
    assert.equal(begun.size, 4);
  });

  test('slow, failing, worse: only where they say', () => {
    const [latency, errors, quality, cost] = INCIDENTS;
    assert.ok(latency && errors && quality && cost);
    assert.deepEqual(effectOn([latency], 'azure-eu-1', 'gpt-4.1'), {});
    const ttft = (effect: object) => {
      const found = behave(
        { inputTokens: 10, earlierMessages: 0 },
        { ...placeOf('azure-eu-1'), effect },
        new Random('s'),
      );
      return found.kind === 'answer' ? found.ttftMs : 0;
    };
    assert.equal(ttft(effectOn([latency], 'azure-eu-2', 'gpt-4.1')) / ttft({}), latency.provider?.ttftFactor);
    const burst = { ...placeOf('anthropic'), effect: effectOn([errors], 'anthropic', 'claude-haiku-4-5') };
    const failed = Array.from({ length: 1000 }, (_, at) =>
      behave({ inputTokens: 1, earlierMessages: 0 }, burst, new Random(`e${at}`)),
    );
    const share = failed.filter((each) => each.kind === 'error').length / 1000;
    assert.ok(share > 0.35 && share < 0.47, `${share} of the calls failed`);
    assert.deepEqual(effectOn([quality], 'openai', 'gpt-5-nano'), {});
    assert.equal(effectOn([quality], 'openai', 'gpt-5-mini').quality, 'poor');
    assert.equal(demandOf([cost], 'research')?.model, 'openai/gpt-5');
    assert.equal(demandOf([cost], 'support'), undefined);
  });
});

describe('providers', () => {
  let openai: Provider;
  let anthropic: Provider;
  before(async () => {
    openai = await calm('openai');
    anthropic = await calm('anthropic');
  });
  after(() => Promise.all([openai.close(), anthropic.close()]));

  const client = () => new OpenAI({ baseURL: openai.baseUrl, apiKey: 'any', maxRetries: 0 });
  const claude = () => new Anthropic({ baseURL: anthropic.baseUrl, apiKey: 'any', maxRetries: 0 });
  const question =
    'Hi, my order #12345 was supposed to arrive on Friday and the tracking page has not moved since. Can you tell me where it is?';
  const weather = {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  };

  test('openai chat', async () => {
    const answer = await client()
      .chat.completions.create({ model: 'gpt-5-mini', messages: [{ role: 'user', content: question }] })
      .withResponse();
    assert.match(answer.data.choices[0]?.message.content ?? '', /order #12345 is late/);
    assert.equal(answer.data.model, 'gpt-5-mini-2025-08-07');
    assert.ok(
      answer.data.usage &&
        answer.data.usage.total_tokens === answer.data.usage.prompt_tokens + answer.data.usage.completion_tokens,
    );
    assert.match(answer.request_id ?? '', /^req_/);
    assert.ok(answer.response.headers.get('x-ratelimit-remaining-requests'));
  });

  test('openai chat, streamed, with tools', async () => {
    const stream = client().chat.completions.stream({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Weather in Graz?' }],
      tools: [{ type: 'function', function: weather }],
      tool_choice: 'required',
      stream_options: { include_usage: true },
    });
    const done = await stream.finalChatCompletion();
    const call = done.choices[0]?.message.tool_calls?.[0];
    assert.equal(call?.type === 'function' && call.function.name, 'get_weather');
    assert.deepEqual(JSON.parse(call?.type === 'function' ? call.function.arguments : ''), { city: 'example' });
    assert.equal(done.choices[0]?.finish_reason, 'tool_calls');
    assert.ok(done.usage?.completion_tokens);
  });

  test('openai structured output fits its schema', async () => {
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['good', 'bad'] }, tags: { type: 'array', items: { type: 'string' } } },
    };
    const answer = await client().chat.completions.create({
      model: 'gpt-5-nano',
      messages: [{ role: 'user', content: 'How are you?' }],
      response_format: { type: 'json_schema', json_schema: { name: 'mood', schema } },
    });
    assert.deepEqual(JSON.parse(answer.choices[0]?.message.content ?? ''), { mood: 'good', tags: ['example'] });
  });

  test('openai responses, whole and streamed', async () => {
    const answer = await client().responses.create({ model: 'gpt-5', input: question });
    assert.match(answer.output_text, /order #12345/);
    const stream = client().responses.stream({ model: 'gpt-5', input: question });
    assert.equal((await stream.finalResponse()).output_text, answer.output_text);
  });

  test('openai embeddings and models', async () => {
    const { data } = await client().embeddings.create({
      model: 'text-embedding-3-small',
      input: ['one text', 'another'],
    });
    assert.equal(data.length, 2);
    assert.ok(Math.abs(Math.hypot(...(data[0]?.embedding ?? [])) - 1) < 1e-5);
    const { data: models } = await client().models.list();
    assert.deepEqual(
      models.map((model) => model.id),
      placeOf('openai').deployment.models.map((model) => model.id),
    );
  });

  test('anthropic messages, whole and streamed, with tools', async () => {
    const ask = {
      model: 'claude-haiku-4-5',
      max_tokens: 500,
      messages: [{ role: 'user' as const, content: question }],
    };
    const answer = await claude().messages.create(ask);
    const text = answer.content[0]?.type === 'text' ? answer.content[0].text : '';
    assert.match(text, /order #12345/);
    const streamed = await claude().messages.stream(ask).finalMessage();
    assert.deepEqual(streamed.content, answer.content);
    const tools = [{ name: weather.name, input_schema: { ...weather.parameters, type: 'object' as const } }];
    const used = await claude()
      .messages.stream({ ...ask, tools, tool_choice: { type: 'any' } })
      .finalMessage();
    assert.equal(used.stop_reason, 'tool_use');
    assert.equal(used.content[0]?.type === 'tool_use' && used.content[0].name, 'get_weather');
  });

  test('max_tokens cuts', async () => {
    const answer = await claude().messages.create({
      model: 'claude-haiku-4-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: question }],
    });
    assert.equal(answer.stop_reason, 'max_tokens');
    assert.ok(answer.usage.output_tokens <= 9);
  });

  test('errors are the ones the clients know', async () => {
    await assert.rejects(client().chat.completions.create({ model: 'nothing', messages: [] }), NotFoundError);
    await assert.rejects(claude().messages.create({ model: 'nothing', max_tokens: 1, messages: [] }), ClaudeNotFound);
    const broken = await fetch(`${openai.baseUrl}/chat/completions`, { method: 'POST', body: '{' });
    assert.equal(broken.status, 400);
  });

  test('an incident shows: worse answers under another fingerprint', async () => {
    const incident = INCIDENTS.filter((each) => each.id === 'quality');
    const changed = await calm('openai', () => incident);
    const run = (base: string) =>
      new OpenAI({ baseURL: base, apiKey: 'any' }).chat.completions.create({
        model: 'gpt-5-mini',
        messages: [{ role: 'user', content: question }],
      });
    const [good, poor] = await Promise.all([run(openai.baseUrl), run(changed.baseUrl)]);
    await changed.close();
    assert.equal(good.model, poor.model);
    assert.notEqual(good.system_fingerprint, poor.system_fingerprint);
    assert.ok((poor.choices[0]?.message.content ?? '').length < (good.choices[0]?.message.content ?? '').length);
  });
});

const anyConfig = () =>
  demoConfig(DEPLOYMENTS.map(({ id }) => ({ id, baseUrl: 'http://127.0.0.1:1', close: () => Promise.resolve() })));

/** Spans of some scenarios of the past. */
async function past(scenarios: number): Promise<DemoSpan[]> {
  const spans: DemoSpan[] = [];
  const config = anyConfig();
  for (let at = 0; at < scenarios; at++) {
    const world = new PastWorld({ config, epoch: EPOCH, emit: (span) => spans.push(span) }, EPOCH - (at % 24) * HOUR);
    await play(world, new Random(`p${at}`));
  }
  return spans;
}

describe('history', () => {
  test('spans hang together, and their payloads are readable', async () => {
    const spans = await past(200);
    const ids = new Set(spans.map((span) => span.spanId));
    assert.equal(ids.size, spans.length);
    assert.deepEqual(
      spans.filter((span) => span.parentSpanId !== '' && !ids.has(span.parentSpanId)),
      [],
    );
    assert.ok(spans.every((span) => span.end >= span.start));
    const chats = spans.filter(
      (span) => span.kind === 'client' && span.attributes[ATTR.DIALECT] === 'openai_chat' && !span.error,
    );
    assert.ok(chats.length > 20);
    for (const { attributes } of chats) {
      const request = attributes[ATTR.CAPTURE_REQUEST];
      assert.ok(request instanceof Uint8Array);
      const input = DIALECTS.openai_chat.readInput(JSON.parse(Buffer.from(request).toString('utf8')));
      assert.ok(input.messages.length >= 2);
    }
  });

  test('it is sent to the collector in batches and begins where the store ends', async (context) => {
    const received: { spans: number; earliest: number }[] = [];
    const server = createServer((request, response) => {
      if (request.method === 'GET') {
        response.end(JSON.stringify({ traces: [{ start: EPOCH - 2 * HOUR }] }));
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const starts = [...text.matchAll(/"startTimeUnixNano":"(\d+)"/g)].map((match) => Number(match[1]) / 1e6);
        received.push({ spans: starts.length, earliest: Math.min(...starts) });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close().closeAllConnections());
    const collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = anyConfig();
    const sent = await fillHistory({
      config,
      collector,
      seed: 's',
      epoch: EPOCH,
      rate: 0.05,
      hours: 24,
      signal: new AbortController().signal,
    });
    assert.equal(
      received.reduce((sum, batch) => sum + batch.spans, 0),
      sent,
    );
    assert.ok(sent > 100);
    assert.ok(received.every((batch) => batch.earliest >= EPOCH - 2 * HOUR));
  });
});
