// What becomes of spans: three generations of the GenAI conventions end in the same row, content in the same payload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESSORS, createProcessors } from '../../collector/processors/index.ts';
import { COLUMNS } from '../../collector/processors/columns.ts';
import { ATTRIBUTE_DIALECTS } from '../../collector/processors/dialects/index.ts';
import * as json from '../../collector/receivers/otlp-json.ts';
import { ATTR } from '../../schemas/attributes.ts';
import type { SpanRow } from '../../schemas/span.ts';
import { otlpAttributes, otlpRequest, otlpSpan } from '../support/ingest.ts';
import { sayingOf } from '../support/wire-types.ts';
import { WIRES } from '../support/wires.ts';

const toItem = createProcessors({
  prices: { 'local/llama': { input: 1, output: 2 } },
  count: (reason) => assert.notEqual(reason, 'processor_failed'),
  now: Date.now,
});

function itemOf(attributes: Readonly<Record<string, unknown>>, more: Record<string, unknown> = {}, scope = 'test') {
  const span = otlpSpan({ kind: 3, name: 'chat', attributes: otlpAttributes(attributes), ...more });
  const [decoded] = json.decodeTraces(Buffer.from(JSON.stringify(otlpRequest([span], scope))));
  assert.ok(decoded);
  return toItem(decoded);
}

const rowOf = (...given: Parameters<typeof itemOf>) => itemOf(...given).row;

function conversation(item: ReturnType<typeof itemOf>) {
  const { input = '', output = '' } = item.io ?? {};
  return {
    input: input === '' ? undefined : (JSON.parse(input) as { system: unknown; messages: unknown; tools: unknown }),
    output: output === '' ? undefined : (JSON.parse(output) as unknown),
  };
}

const pick = (row: SpanRow) => {
  const { op, provider, model, model_returned, in_tok, out_tok, in_cache_read, in_cache_write, finish_reason } = row;
  return { op, provider, model, model_returned, in_tok, out_tok, in_cache_read, in_cache_write, finish_reason };
};

const CALL = {
  op: 'chat',
  provider: 'gcp.vertex_ai',
  model: 'gemini-2.5-pro',
  model_returned: 'gemini-2.5-pro-001',
  in_tok: 1200,
  out_tok: 90,
  in_cache_read: 1000,
  in_cache_write: 100,
  finish_reason: 'stop',
};

const GENERATIONS = {
  'up to 1.36': {
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'vertex_ai',
    'gen_ai.request.model': 'gemini-2.5-pro',
    'gen_ai.response.model': 'gemini-2.5-pro-001',
    'gen_ai.usage.prompt_tokens': 1200,
    'gen_ai.usage.completion_tokens': 90,
    'gen_ai.usage.cache_read.input_tokens': 1000,
    'gen_ai.usage.cache_creation.input_tokens': 100,
    'gen_ai.response.finish_reason': 'stop',
  },
  '1.37 to 1.41': {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'gcp.vertex_ai',
    'gen_ai.request.model': 'gemini-2.5-pro',
    'gen_ai.response.model': 'gemini-2.5-pro-001',
    'gen_ai.usage.input_tokens': 1200,
    'gen_ai.usage.output_tokens': 90,
    'gen_ai.usage.cache_read.input_tokens': 1000,
    'gen_ai.usage.cache_creation.input_tokens': 100,
    'gen_ai.response.finish_reasons': ['stop'],
  },
  today: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'gcp.vertex_ai',
    'gen_ai.request.model': 'gemini-2.5-pro',
    'gen_ai.response.model': 'gemini-2.5-pro-001',
    'gen_ai.usage.input_tokens': '1200',
    'gen_ai.usage.output_tokens': 90.0,
    'gen_ai.usage.cache_read.input_tokens': 1000,
    'gen_ai.usage.cache_write.input_tokens': 100,
    'gen_ai.response.finish_reasons': ['stop'],
  },
};

for (const [name, attributes] of Object.entries(GENERATIONS)) {
  test(`generation ${name} fills the same columns`, () => {
    const row = rowOf(attributes);
    assert.deepEqual(pick(row), CALL);
    assert.equal(row.usage_source, 'provider');
    assert.equal(row.cost_known, true, 'priced from the list');
    assert.match(row.price_id, /^google\//);
  });
}

test('the newest name wins, older ones stay as attributes', () => {
  const row = rowOf({
    'gen_ai.usage.prompt_tokens': 1,
    'gen_ai.usage.input_tokens': 2,
    'gen_ai.system': 'xai',
    'gen_ai.provider.name': 'X_AI',
  });
  assert.equal(row.in_tok, 2);
  assert.equal(row.provider, 'x_ai');
  assert.equal(row.attrs['gen_ai.usage.prompt_tokens'], '1');
  assert.equal(row.attrs['gen_ai.system'], 'xai');
});

const MESSAGES = [
  { role: 'system', parts: [{ type: 'text', content: 'be brief' }] },
  { role: 'user', parts: [{ type: 'text', content: 'weather in Paris?' }] },
];
const ANSWER = [
  {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Paris' } }],
    finish_reason: 'tool_call',
  },
];

const CONTENT: Record<string, [attributes: Record<string, unknown>, more?: Record<string, unknown>]> = {
  'JSON text': [
    { 'gen_ai.input.messages': JSON.stringify(MESSAGES), 'gen_ai.output.messages': JSON.stringify(ANSWER) },
  ],
  'attribute trees': [{ 'gen_ai.input.messages': MESSAGES, 'gen_ai.output.messages': ANSWER }],
  'numbered attributes': [
    {
      'gen_ai.completion.0.tool_calls.0.id': 'c1',
      'gen_ai.completion.0.tool_calls.0.name': 'weather',
      'gen_ai.completion.0.tool_calls.0.arguments': '{"city":"Paris"}',
      'gen_ai.completion.0.role': 'assistant',
      'gen_ai.completion.0.finish_reason': 'tool_call',
      'gen_ai.prompt.1.role': 'user',
      'gen_ai.prompt.1.content': 'weather in Paris?',
      'gen_ai.prompt.0.role': 'system',
      'gen_ai.prompt.0.content': 'be brief',
    },
  ],
  'span events': [
    {},
    {
      events: [
        { name: 'gen_ai.system.message', attributes: otlpAttributes({ content: 'be brief' }) },
        { name: 'gen_ai.user.message', attributes: otlpAttributes({ content: 'weather in Paris?' }) },
        { name: 'other', timeUnixNano: '1000', attributes: otlpAttributes({ a: 1 }) },
        {
          name: 'gen_ai.choice',
          attributes: otlpAttributes({
            index: 0,
            finish_reason: 'tool_call',
            message: JSON.stringify({
              role: 'assistant',
              tool_calls: [
                { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
              ],
            }),
          }),
        },
      ],
    },
  ],
  'one text each': [
    {
      'gen_ai.prompt': JSON.stringify([
        { role: 'system', content: 'be brief' },
        { role: 'user', content: [{ type: 'text', text: 'weather in Paris?' }] },
      ]),
      'gen_ai.completion': JSON.stringify(ANSWER),
    },
  ],
};

for (const [name, [attributes, more]] of Object.entries(CONTENT)) {
  test(`content as ${name} becomes the same conversation`, () => {
    const item = itemOf(attributes, more);
    const { input, output } = conversation(item);
    assert.deepEqual(input?.messages, MESSAGES);
    assert.deepEqual(output, ANSWER);
    assert.equal(item.row.in_preview, 'weather in Paris?');
    assert.equal(item.row.out_preview, 'weather({"city":"Paris"})');
    assert.doesNotMatch(JSON.stringify(item.row.attrs), /Paris/, 'content is no attribute');
    assert.deepEqual(
      item.row.events.map((event) => event.name),
      name === 'span events' ? ['other'] : [],
    );
  });
}

test('plain prompts, broken JSON and unknown shapes are kept as text', () => {
  const plain = conversation(itemOf({ 'gen_ai.prompt': 'hello', 'gen_ai.completion': 'hi' }));
  assert.deepEqual(plain.input?.messages, [{ role: 'user', parts: [{ type: 'text', content: 'hello' }] }]);
  const broken = itemOf({ 'gen_ai.input.messages': '[{"role":"user","par', 'gen_ai.output.messages': [1, ['x']] });
  assert.match(broken.io?.input ?? '', /\[\{\\"role\\":\\"user/);
  assert.equal(broken.row.in_preview, '[{"role":"user","par');
  const deep = itemOf({ 'gen_ai.input.messages': `${'['.repeat(20_000)}${']'.repeat(20_000)}` });
  assert.equal(typeof deep.io?.input, 'string');
  const json = itemOf({ 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': '{"a":1}' });
  assert.deepEqual(conversation(json).input?.messages, [
    { role: 'user', parts: [{ type: 'text', content: '{"a":1}' }] },
  ]);
});

test('system instructions, tool definitions and old tool results are understood', () => {
  const { input } = conversation(
    itemOf({
      'gen_ai.system_instructions': '[{"type":"text","content":"be kind"}]',
      'gen_ai.tool.definitions': [{ type: 'function', name: 'weather' }],
      'gen_ai.input.messages': JSON.stringify([
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', result: 'sunny' }] },
      ]),
    }),
  );
  assert.deepEqual(input, {
    system: [{ type: 'text', content: 'be kind' }],
    messages: [{ role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'sunny' }] }],
    tools: [{ type: 'function', name: 'weather' }],
  });
});

test('a tool span shows what went in and out', () => {
  const item = itemOf({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'weather',
    'gen_ai.tool.call.id': 'c1',
    'gen_ai.tool.call.arguments': '{"city":"Paris"}',
    'gen_ai.tool.call.result': { sky: 'clear' },
  });
  assert.equal(item.row.op, 'execute_tool');
  assert.equal(item.row.in_preview, 'weather({"city":"Paris"})');
  assert.equal(item.row.out_preview, '{"sky":"clear"}');
  assert.equal(item.row.attrs['gen_ai.tool.name'], 'weather');
});

test('large content is cut to valid JSON, newest messages first', () => {
  const messages = Array.from({ length: 40 }, (_, at) => ({
    role: 'user',
    parts: [{ type: 'text', content: `${at} ${'x'.repeat(200_000)}` }],
  }));
  const item = itemOf({ 'gen_ai.input.messages': JSON.stringify(messages) });
  const kept = conversation(item).input?.messages as { parts: { content: string }[] }[];
  assert.ok((item.io?.input.length ?? 0) <= 1024 * 1024);
  assert.match(kept[0]?.parts[0]?.content ?? '', /of the messages were too large/);
  assert.match(kept.at(-1)?.parts[0]?.content ?? '', /^39 x+… \[cut from 200003 characters\]$/);
});

const CHAT = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
const REPLY = {
  id: 'r1',
  model: 'gpt-5-mini-2025',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi there' }, finish_reason: 'stop' }],
};

test('a capture of the proxy is parsed by its dialect and kept as it passed', () => {
  const raw = JSON.stringify(CHAT);
  const item = itemOf(
    {
      [ATTR.DIALECT]: 'openai_chat',
      [ATTR.CAPTURE_REQUEST]: Buffer.from(raw),
      [ATTR.CAPTURE_REQUEST_SIZE]: 9999,
      [ATTR.CAPTURE_RESPONSE]: Buffer.from(JSON.stringify(REPLY)),
    },
    {},
    'signalbox.proxy',
  );
  assert.equal(item.row.source, 'gateway');
  assert.equal(item.io?.raw_request, raw);
  assert.equal(item.io?.request_size, 9999);
  assert.equal(item.io?.response_size, JSON.stringify(REPLY).length);
  assert.equal(item.row.in_preview, 'hello');
  assert.equal(item.row.out_preview, 'hi there');
  assert.deepEqual(conversation(item).output, [
    { role: 'assistant', parts: [{ type: 'text', content: 'hi there' }], finish_reason: 'stop' },
  ]);
  assert.equal(
    Object.keys(item.row.attrs).some((key) => key.includes('capture.re') && !key.endsWith('size')),
    false,
  );
});

test('a captured stream is put together; a cut or unreadable capture keeps its raw text', () => {
  const chunk = (delta: unknown, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'r1', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const stream = `${chunk({ role: 'assistant', content: 'Bon' }, null)}${chunk({ content: 'jour' }, 'stop')}data: [DONE]\n\n`;
  const capture = (request: string, response: string, dialect = 'openai_chat') =>
    itemOf({
      [ATTR.DIALECT]: dialect,
      [ATTR.CAPTURE_REQUEST]: Buffer.from(request),
      [ATTR.CAPTURE_RESPONSE]: Buffer.from(response),
    });
  const whole = capture(JSON.stringify(CHAT), stream);
  assert.equal(whole.row.out_preview, 'Bonjour');
  assert.equal(whole.io?.raw_response, stream);
  const cut = capture(JSON.stringify(CHAT).slice(0, 30), stream.slice(0, 150));
  assert.equal(cut.io?.raw_request, JSON.stringify(CHAT).slice(0, 30));
  assert.equal(cut.io?.input, '');
  assert.equal(cut.io?.raw_response, stream.slice(0, 150));
  const unknown = capture('a', 'b', 'morse');
  assert.deepEqual([unknown.io?.raw_request, unknown.io?.raw_response], ['a', 'b']);
});

test('the answer of a translated call is read in the dialect of its provider, binary frames too', () => {
  const ofProvider = (dialect: string, response: Buffer) =>
    itemOf({
      [ATTR.DIALECT]: 'openai_chat',
      [ATTR.UPSTREAM_DIALECT]: dialect,
      [ATTR.CAPTURE_REQUEST]: Buffer.from(JSON.stringify(CHAT)),
      [ATTR.CAPTURE_RESPONSE]: response,
    });
  const [asked, saying] = [{ path: '', query: '', body: {} }, sayingOf('plain')];
  for (const wire of WIRES.slice(0, 7)) {
    const bytes = [
      Buffer.from(JSON.stringify(wire.whole(saying, 'm', asked))),
      Buffer.concat(wire.frames(saying, 'm', asked)),
    ];
    for (const response of bytes) {
      const item = ofProvider(wire.id, response);
      assert.equal(item.row.in_preview, 'hello', wire.id);
      assert.equal(item.row.out_preview, saying.text, wire.id);
      assert.ok(item.io?.raw_response.includes('Zürich'), wire.id);
      assert.equal(item.io?.response_size, response.length);
    }
  }
});

test('our own SERVER and CLIENT spans fill every column of theirs', () => {
  const client = rowOf(
    {
      [ATTR.OPERATION]: 'chat',
      [ATTR.PROVIDER]: 'openai',
      [ATTR.REQUEST_MODEL]: 'gpt-5-mini',
      [ATTR.STREAM]: true,
      [ATTR.TTFT]: 0.25,
      [ATTR.INPUT_TOKENS]: 10,
      [ATTR.OUTPUT_TOKENS]: 5,
      [ATTR.REASONING_TOKENS]: 2,
      [ATTR.USAGE_SOURCE]: 'estimated',
      [ATTR.COST_TOTAL]: 0.0000001,
      [ATTR.COST_PRICE_ID]: 'openai/gpt-5-mini@x',
      [ATTR.DEPLOYMENT]: 'azure-eu',
      [ATTR.ATTEMPT]: 2,
      [ATTR.TOOLS_CALLED]: ['a', 'b'],
      [ATTR.TEAM]: 'search',
      [`${ATTR.TAG_PREFIX}feature`]: 'chat',
    },
    { status: { code: 2, message: 'boom' }, parentSpanId: '00f067aa0ba902b7' },
    'signalbox.proxy',
  );
  assert.deepEqual(
    [client.stream, client.ttft_us, client.out_reasoning, client.usage_source, client.cost_usd, client.cost_known],
    [true, 250_000, 2, 'estimated', 1e-7, true],
  );
  assert.deepEqual([client.deployment, client.attempt, client.tools_called], ['azure-eu', 2, ['a', 'b']]);
  assert.deepEqual(
    [client.team, client.tags, client.status, client.is_entry],
    ['search', { feature: 'chat' }, 'error', false],
  );
  assert.deepEqual(client.attrs, {});
  const server = rowOf(
    {
      [ATTR.HTTP_STATUS]: 200,
      [ATTR.OUTCOME]: 'ok',
      [ATTR.ROUTE]: 'assistant',
      [ATTR.CACHE_STATUS]: 'exact',
      [ATTR.OVERHEAD_US]: 210,
    },
    { kind: 2, parentSpanId: '00f067aa0ba902b7' },
    'signalbox.proxy',
  );
  assert.deepEqual(
    [
      server.http_status,
      server.outcome,
      server.route,
      server.cache,
      server.overhead_us,
      server.is_root,
      server.is_entry,
    ],
    [200, 'ok', 'assistant', 'exact', 210, false, true],
  );
});

test('Anthropic-style exclusive input counts become totals', () => {
  const row = rowOf({
    'gen_ai.usage.input_tokens': 5,
    'gen_ai.usage.cache_read.input_tokens': 1000,
    'gen_ai.usage.cache_write.input_tokens': 20,
  });
  assert.equal(row.in_tok, 1025);
});

test('prices: given costs stay, overrides count, unknown models are unpriced', () => {
  const call = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.usage.input_tokens': 1_000_000,
    'gen_ai.usage.output_tokens': 0,
  };
  const given = rowOf({
    ...call,
    'gen_ai.provider.name': 'local',
    'gen_ai.request.model': 'llama',
    'gen_ai.usage.cost': 7,
  });
  assert.deepEqual([given.cost_usd, given.cost_known, given.price_id], [7, true, '']);
  const override = rowOf({ ...call, 'gen_ai.provider.name': 'local', 'gen_ai.request.model': 'llama' });
  assert.deepEqual([override.cost_usd, override.cost_known, override.price_id], [1, true, 'local/llama@config']);
  const unknown = rowOf({ ...call, 'gen_ai.provider.name': 'nobody', 'gen_ai.request.model': 'nothing' });
  assert.deepEqual([unknown.cost_usd, unknown.cost_known], [0, false]);
  const euros = rowOf({ ...call, 'gen_ai.usage.cost.amount': 3, 'gen_ai.usage.cost.currency': 'EUR' });
  assert.equal(euros.cost_known, false);
  const agent = rowOf({
    ...call,
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'local',
    'gen_ai.request.model': 'llama',
  });
  assert.equal(agent.cost_known, false, 'outer spans repeat usage and cost nothing');
});

test('values that a column cannot hold stay attributes', () => {
  const row = rowOf({
    'gen_ai.usage.input_tokens': 'many',
    'gen_ai.usage.output_tokens': -1,
    'http.response.status_code': 'teapot',
    'gen_ai.response.finish_reasons': ['stop', 'length'],
    'signalbox.cost.total': Number.MAX_VALUE,
    'gen_ai.request.model': 'm'.repeat(2000),
  });
  assert.deepEqual(
    [row.in_tok, row.out_tok, row.http_status, row.finish_reason, row.cost_known],
    [0, 0, 0, 'stop', false],
  );
  assert.equal(row.attrs['gen_ai.usage.input_tokens'], 'many');
  assert.equal(row.attrs['gen_ai.response.finish_reasons'], '["stop","length"]');
  assert.equal(row.attrs['gen_ai.request.model']?.length, 2000);
  assert.equal(row.model, '__other__');
});

test('every dialect leads to columns or attributes, every processor says what it does', () => {
  for (const dialect of ATTRIBUTE_DIALECTS) {
    for (const [to, sources] of Object.entries(dialect.aliases)) {
      const names = sources.map((source) => (typeof source === 'string' ? source : source.from));
      assert.deepEqual(
        names.filter((name) => COLUMNS.has(name)),
        [],
        "columns' own names",
      );
      assert.ok(to in Object.fromEntries(Object.values(ATTR).map((name) => [name, true])), `${to} is unknown`);
    }
  }
  assert.equal(new Set(PROCESSORS.map((processor) => processor.id)).size, PROCESSORS.length);
  for (const { summary } of PROCESSORS) assert.ok(summary.length > 10);
});
