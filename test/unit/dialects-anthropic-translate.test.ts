// Anthropic Messages, both ways: round trips, what is left out and what is refused, and the official client as judge.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { Call, CallEvent, Part, Settings } from '../../schemas/call.ts';
import { anthropic } from '../../schemas/dialects/anthropic/index.ts';
import { unfold } from '../../schemas/dialects/fold.ts';
import { carriesSeals } from '../../schemas/dialects/seals.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';
import {
  callsComeBack,
  cutsDoNotMatter,
  decodeBytes,
  encode,
  folded,
  framed,
  outputsComeBack,
  streamsComeBack,
} from '../support/round-trip.ts';

const CAN: Can = {
  systemApart: true,
  mixed: true,
  images: true,
  imageUrls: true,
  imageResults: true,
  documents: true,
  reasoning: true,
  seal: 'anthropic',
  toolErrors: true,
  mergedResults: true,
  required: ['maxTokens'],
  settings: ['maxTokens', 'temperature', 'topP', 'topK', 'stop', 'toolChoice', 'user'],
};
const THINKS: Can = { ...CAN, settings: ['maxTokens', 'stop', 'thinking'] };

describe('round trips', () => {
  test('property: calls', () => {
    callsComeBack(anthropic, { can: CAN });
    callsComeBack(anthropic, { can: THINKS });
  });
  test('property: answers', () => outputsComeBack(anthropic, { can: CAN }));
  test('property: streams', () => streamsComeBack(anthropic, { can: CAN }));
});

function write(
  call: Partial<Call>,
  model = 'claude-sonnet-4-5',
): { body: Record<string, unknown>; dropped: readonly string[] } {
  const { body, dropped } = anthropic.writeCall({ ...SMALL_CALL, ...call }, { model, stream: false, quirks: {} });
  return { body: JSON.parse(JSON.stringify(body)) as Record<string, unknown>, dropped };
}

const refusal = (field: string) => (error: unknown) => error instanceof Inexpressible && error.field === field;
const TOOL = { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } } as const;

describe('a call of another dialect', () => {
  test('gets a limit by the model, where it had none', () => {
    const limit = (model: string) => write({}, model).body['max_tokens'];
    assert.deepEqual(
      ['claude-3-opus-20240229', 'claude-3-5-sonnet-20241022', 'claude-opus-4-1', 'claude-haiku-4-5-20251001'].map(
        limit,
      ),
      [4096, 8192, 32_000, 64_000],
    );
    assert.deepEqual(['anthropic.claude-opus-5-5-v1:0', 'deepseek-chat'].map(limit), [64_000, 8192]);
    assert.equal(write({ settings: { maxTokens: 7 } }).body['max_tokens'], 7);
  });

  test('loses what Claude has no word for, and says so', () => {
    const settings: Settings = {
      temperature: 1.5,
      seed: 1,
      presencePenalty: 1,
      logitBias: { 1: 2 },
      store: true,
      serviceTier: 'flex',
      stop: ['\n', 'END'],
      n: 1,
      parallelTools: true,
    };
    const { body, dropped } = write({ settings, extra: { prediction: {}, background: false } });
    assert.deepEqual([...dropped].sort(), [
      'logitBias',
      'prediction',
      'presencePenalty',
      'seed',
      'serviceTier',
      'stop',
      'store',
      'temperature',
    ]);
    assert.equal('temperature' in body, false);
    assert.deepEqual(body['stop_sequences'], ['END']);
  });

  test('is refused where leaving something out would change it', () => {
    assert.throws(() => write({ settings: { n: 2 } }), refusal('n'));
    assert.throws(() => write({ settings: { logprobs: true } }), refusal('logprobs'));
    assert.throws(() => write({ extra: { previous_response_id: 'resp_1' } }), refusal('previous_response_id'));
    const audio: Part = { type: 'blob', modality: 'audio', mime_type: 'audio/wav', content: 'AAAA' };
    const paths = new WeakMap<object, string>([[audio, 'messages.0.content.1']]);
    const messages = [{ role: 'user', parts: [audio] }] as const;
    assert.throws(() => write({ messages, paths }), refusal('messages.0.content.1'));
    const tool = { type: 'file_search', name: 'file_search', raw: { type: 'file_search' } };
    assert.throws(() => write({ tools: [tool] }), refusal(''));
  });

  test('newer models take no sampling settings, older ones not both', () => {
    const settings = { temperature: 0.2, topP: 0.9, topK: 5 };
    assert.deepEqual(write({ settings }, 'claude-opus-4-7').dropped, ['temperature', 'topP', 'topK']);
    assert.deepEqual(write({ settings }, 'claude-sonnet-4-5').dropped, ['topP']);
    assert.deepEqual(write({ settings }, 'claude-3-7-sonnet-latest').dropped, []);
  });

  test('thinking by budget, by effort, or not at all', () => {
    const thinking = (settings: Settings, model: string) => {
      const { body, dropped } = write({ settings }, model);
      return [body['thinking'], body['output_config'], ...dropped];
    };
    const high = { thinking: { effort: 'high' } } as const;
    assert.deepEqual(thinking(high, 'claude-haiku-4-5'), [{ type: 'enabled', budget_tokens: 24_576 }, undefined]);
    assert.deepEqual(thinking(high, 'claude-opus-5'), [{ type: 'adaptive' }, { effort: 'high' }]);
    assert.deepEqual(thinking({ ...high, maxTokens: 2000 }, 'claude-haiku-4-5'), [
      { type: 'enabled', budget_tokens: 1999 },
      undefined,
    ]);
    assert.deepEqual(thinking({ ...high, maxTokens: 500 }, 'claude-haiku-4-5'), [undefined, undefined, 'thinking']);
    assert.deepEqual(thinking({ thinking: { budget: 5000, show: true } }, 'claude-opus-4-8'), [
      { type: 'adaptive', display: 'summarized' },
      { effort: 'medium' },
    ]);
    assert.deepEqual(thinking({ thinking: { effort: 'xhigh' } }, 'claude-opus-4-6')[1], { effort: 'max' });
    assert.deepEqual(thinking({ thinking: { effort: 'none' } }, 'claude-sonnet-5'), [{ type: 'disabled' }, undefined]);
    assert.deepEqual(thinking({ thinking: { effort: 'none' } }, 'claude-opus-4-7'), [undefined, undefined]);
    assert.deepEqual(thinking({ thinking: { budget: 0, effort: 'high' } }, 'claude-sonnet-4-5'), [
      undefined,
      undefined,
    ]);
    assert.deepEqual(thinking({ thinking: { show: false } }, 'claude-opus-5'), [undefined, undefined]);
    assert.deepEqual(write({ settings: { ...high, temperature: 0.5 } }).dropped, ['temperature']);
  });

  test('a forced tool and thinking exclude each other', () => {
    const { body, dropped } = write({
      tools: [TOOL],
      settings: { toolChoice: { name: 'weather' }, parallelTools: false, thinking: { effort: 'low' } },
    });
    assert.deepEqual(body['tool_choice'], { type: 'tool', name: 'weather', disable_parallel_tool_use: true });
    assert.equal(body['thinking'], undefined);
    assert.deepEqual(dropped, ['thinking']);
  });

  test('an open tool call without its signed thought lets no budget in', () => {
    const call: Part = { type: 'tool_call', id: 'call_1', name: 'weather', arguments: {} };
    const seal = { family: 'anthropic', value: 'sig' } as const;
    const thought: Part = { type: 'reasoning', content: 'Hm.', seal };
    const after = (parts: readonly Part[]) =>
      write({
        settings: { thinking: { effort: 'low' } },
        messages: [
          { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
          { role: 'assistant', parts },
          { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '4' }] },
        ],
      }).dropped;
    assert.deepEqual(after([call]), ['thinking']);
    assert.deepEqual(after([{ ...thought, seal: { ...seal, family: 'openai' } }, call]), ['thinking']);
    assert.deepEqual(after([thought, call]), []);
  });

  test('JSON by a schema, closed and without bounds; any JSON in words', () => {
    const schema = {
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 1, description: 'A number' },
        list: { type: 'array', items: { oneOf: [{ type: 'object', properties: {} }, { type: 'null' }] }, maxItems: 3 },
      },
      required: ['n'],
    };
    const { body, dropped } = write({ settings: { format: { type: 'schema', schema, name: 'answer', strict: true } } });
    assert.deepEqual(body['output_config'], {
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            n: { type: 'integer', description: 'A number\n\n{minimum: 1}' },
            list: {
              type: 'array',
              items: {
                anyOf: [{ type: 'object', properties: {}, additionalProperties: false }, { type: 'null' }],
              },
              description: '{maxItems: 3}',
            },
          },
          required: ['n'],
          additionalProperties: false,
        },
      },
    });
    assert.deepEqual(dropped, []);
    const json = write({ settings: { format: { type: 'json' } } });
    assert.deepEqual(json.dropped, ['format']);
    assert.match(JSON.stringify(json.body['system']), /JSON/);
    const words = anthropic.writeCall(
      { ...SMALL_CALL, settings: { format: { type: 'schema', schema } } },
      { model: 'm', stream: false, quirks: { noJsonSchema: true } },
    );
    assert.deepEqual(words.dropped, ['format.schema']);
  });

  test('roles in turn, blanks left out, instructions where they are taken', () => {
    const text = (content: string): Part => ({ type: 'text', content });
    const messages = [
      { role: 'system', parts: [text('A')] },
      { role: 'user', parts: [text('1')] },
      { role: 'user', parts: [text(' ')] },
      { role: 'user', parts: [text('2')] },
      { role: 'developer', parts: [text('B')] },
      { role: 'assistant', parts: [text('3 \n')] },
    ] as const;
    const said = (value: string) => ({ type: 'text', text: value });
    const old = write({ messages }).body;
    assert.deepEqual(old['system'], [said('A'), said('B')]);
    assert.deepEqual(old['messages'], [
      { role: 'user', content: [said('1'), said('2')] },
      { role: 'assistant', content: [said('3')] },
    ]);
    const newer = write({ messages }, 'claude-opus-4-8').body;
    assert.deepEqual(newer['system'], [said('A')]);
    assert.deepEqual((newer['messages'] as unknown[])[1], { role: 'system', content: [said('B')] });
    assert.deepEqual(write({ messages: messages.slice(0, 1) }).body['messages'], [
      { role: 'user', content: [said('A')] },
    ]);
  });

  test('ids of other servers become ids that the API takes', () => {
    const messages = [
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'functions.weather:0', name: 'weather', arguments: '' }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'functions.weather:0', response: { t: 4 } }] },
    ] as const;
    assert.deepEqual(write({ messages }).body['messages'], [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'functions_weather_0', name: 'weather', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'functions_weather_0', content: [{ type: 'text', text: '{"t":4}' }] },
        ],
      },
    ]);
  });

  test('a search of the web has another name here', () => {
    const tools = [{ type: 'web_search_preview', name: 'web_search_preview', raw: { type: 'web_search_preview' } }];
    assert.deepEqual(write({ tools }).body['tools'], [{ type: 'web_search_20250305', name: 'web_search' }]);
  });
});

describe('a request', () => {
  const read = (body: Record<string, unknown>) => anthropic.readCall({ body, model: 'claude-opus-5', stream: true });

  test('every setting', () => {
    const call = read({
      max_tokens: 100,
      messages: [],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      stop_sequences: ['END'],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2000, display: 'omitted' },
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
      speed: 'fast',
      cache_control: { type: 'ephemeral' },
    });
    assert.deepEqual(call.settings, {
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      stop: ['END'],
      toolChoice: 'required',
      parallelTools: false,
      thinking: { budget: 2000, show: false },
      format: { type: 'schema', schema: { type: 'object' } },
      user: 'u1',
      serviceTier: 'default',
    });
    assert.deepEqual(call.extra, { speed: 'fast', cache_control: { type: 'ephemeral' } });
    assert.deepEqual([call.stream, call.streamUsage], [true, true]);
  });

  test('ways to think', () => {
    const thinking = (body: Record<string, unknown>) => read({ messages: [], ...body }).settings.thinking;
    const enabled = { type: 'enabled', budget_tokens: 2000 };
    assert.deepEqual(thinking({ thinking: enabled }), { budget: 2000, show: true });
    assert.deepEqual(thinking({ thinking: { type: 'adaptive' } }), { budget: -1 });
    assert.deepEqual(thinking({ thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } }), {
      effort: 'xhigh',
    });
    assert.deepEqual(thinking({ output_config: { effort: 'low' } }), { effort: 'low' });
    assert.deepEqual(thinking({ thinking: { type: 'disabled' } }), { effort: 'none' });
    assert.deepEqual(thinking({ thinking: { type: 'between_tools' } }), { effort: 'minimal' });
    assert.equal(thinking({}), undefined);
  });

  test('mistakes are said with their place', () => {
    const cases: readonly [Record<string, unknown>, string][] = [
      [{ messages: 'Hi' }, 'messages'],
      [{ messages: [], max_tokens: '5' }, 'max_tokens'],
      [{ messages: [], stop_sequences: [1] }, 'stop_sequences'],
      [{ messages: [], thinking: { type: 'enabled', budget_tokens: 'many' } }, 'thinking.budget_tokens'],
      [{ messages: [], tools: {} }, 'tools'],
    ];
    for (const [body, field] of cases) assert.throws(() => read(body), refusal(field));
    assert.throws(() => anthropic.readCall({ body: [], model: 'm', stream: false }), refusal(''));
  });

  test('places of parts and tools', () => {
    const { paths, messages, tools, system } = read({
      system: [{ type: 'text', text: 'S' }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: { type: 'url', url: 'u' } }] },
            { type: 'text', text: 'Hi' },
          ],
        },
      ],
      tools: [{ name: 'a', input_schema: {} }],
    });
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['tool', 'user'],
    );
    const place = (thing: object | undefined) => thing && paths.get(thing);
    assert.equal(place(system[0]), 'system.0');
    assert.equal(place(messages[1]?.parts[0]), 'messages.0.content.1');
    assert.equal(place(tools[0]), 'tools.0');
    const result = messages[0]?.parts[0];
    const inner = result?.type === 'tool_call_response' ? (result.response as object[])[0] : undefined;
    assert.equal(place(inner), 'messages.0.content.0.content.0');
  });

  test('documents, searches and marks', () => {
    const [message] = read({
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
              cache_control: { type: 'ephemeral', ttl: '1h' },
            },
            { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'Inside' }] } },
            { type: 'search_result', title: 'T', source: 'https://e.com', content: [{ type: 'text', text: 'Found' }] },
          ],
        },
      ],
    }).messages;
    assert.deepEqual(message?.parts, [
      {
        type: 'blob',
        modality: 'document',
        mime_type: 'application/pdf',
        content: 'JVBE',
        name: 'a.pdf',
        cache: { ttl: '1h' },
      },
      { type: 'text', content: 'Inside' },
      { type: 'text', content: 'T\nhttps://e.com\nFound', citations: [{ url: 'https://e.com', title: 'T' }] },
    ]);
  });

  test('cache marks go back where they stood', () => {
    const body = {
      model: 'claude-opus-5',
      max_tokens: 10,
      system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }],
      tools: [{ name: 'a', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } }],
    };
    const { model, stream, ...call } = read(body);
    assert.deepEqual(write({ model, stream, ...call }, 'claude-opus-5').body, body);
  });
});

describe('seals of other families', () => {
  test('survive a client that echoes its message', () => {
    const parts: readonly Part[] = [
      { type: 'reasoning', content: 'Hm.', seal: { family: 'openai', value: 'enc~1', id: 'rs_1' } },
      { type: 'tool_call', id: 'a', name: 'f', arguments: {}, seal: { family: 'gemini', value: 'c2ln' } },
      { type: 'tool_call', id: 'b', name: 'g', arguments: {} },
    ];
    const output = {
      ...folded([]),
      id: 'a',
      messages: [{ role: 'assistant', parts, finish_reason: 'tool_call' }],
      complete: true,
    } as const;
    const { content } = anthropic.writeOutput(output, asked(SMALL_CALL)) as { content: unknown };
    const echo = { messages: [{ role: 'assistant', content }] };
    const streamed = encode(anthropic, [
      { type: 'start', id: 'a', model: 'm' },
      ...parts.flatMap((part, index): CallEvent[] => [
        { type: 'open', choice: 0, index, part: part.type === 'tool_call' ? { ...part, arguments: undefined } : part },
        { type: 'close', choice: 0, index },
      ]),
      { type: 'end' },
    ]);
    assert.match(streamed.map(({ data }) => data).join(''), /redacted_thinking.*signalbox~gemini/);
    assert.deepEqual(anthropic.readInput(echo).messages[0]?.parts, parts);
  });
});

describe('a thought without a seal', () => {
  const output = {
    ...folded([]),
    messages: [{ role: 'assistant', parts: [{ type: 'reasoning', content: 'Hm.' }], finish_reason: 'stop' }],
    complete: true,
  } as const;

  test('is signed for the client, comes back without, and is known in a body', () => {
    const written = JSON.stringify(anthropic.writeOutput(output, asked(SMALL_CALL)));
    assert.equal(carriesSeals(Buffer.from(written)), true);
    assert.equal(carriesSeals(Buffer.from('{"signature":"c2ln","text":"a signalbox~none"}')), false);
    const { messages } = anthropic.readOutput(JSON.parse(written));
    assert.deepEqual(messages, output.messages);
  });

  test('in a stream too', () => {
    const frames = encode(anthropic, unfold(output));
    assert.deepEqual(
      frames.map(({ event }) => event),
      [
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ],
    );
    assert.match(frames[3]?.data ?? '', /"signature_delta","signature":"signalbox~none~~"/);
    assert.deepEqual(folded(decodeBytes(anthropic, framed(anthropic, frames), 9)).messages, output.messages);
  });
});

describe('counting', () => {
  test('a request without what is about the answer, and its number', () => {
    const { counting } = anthropic;
    assert.ok(counting);
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
    const call = counting.readCall({ body, model: 'm', stream: false });
    const written = counting.writeCall(call, { model: 'claude-opus-5', stream: false, quirks: {} });
    assert.deepEqual(JSON.parse(JSON.stringify(written.body)), {
      model: 'claude-opus-5',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    });
    assert.equal(counting.readAnswer(counting.writeAnswer(14)), 14);
    assert.equal(counting.readAnswer({ input_tokens: 'many' }), undefined);
  });
});

const EVENTS: readonly CallEvent[] = [
  { type: 'start', id: 'chatcmpl-1', model: 'gpt-5' },
  { type: 'open', choice: 0, index: 0, part: { type: 'reasoning', content: '' } },
  { type: 'delta', choice: 0, index: 0, text: 'Let me ' },
  { type: 'delta', choice: 0, index: 0, text: 'see.' },
  { type: 'mark', choice: 0, index: 0, seal: { family: 'anthropic', value: 'sig' } },
  { type: 'close', choice: 0, index: 0 },
  { type: 'open', choice: 0, index: 1, part: { type: 'text', content: '' } },
  { type: 'delta', choice: 0, index: 1, text: 'Grüße 🦊' },
  { type: 'mark', choice: 0, index: 1, citation: { url: 'https://e.com', title: 'E', quote: 'q' } },
  { type: 'close', choice: 0, index: 1 },
  {
    type: 'open',
    choice: 0,
    index: 2,
    part: { type: 'tool_call', id: 'call_1', name: 'weather', arguments: undefined },
  },
  { type: 'delta', choice: 0, index: 2, text: '{"city":' },
  { type: 'open', choice: 0, index: 3, part: { type: 'tool_call', id: 'call_2', name: 'now', arguments: undefined } },
  { type: 'delta', choice: 0, index: 3, text: '{}' },
  { type: 'delta', choice: 0, index: 2, text: '"Oslo"}' },
  { type: 'close', choice: 0, index: 2 },
  { type: 'close', choice: 0, index: 3 },
  { type: 'finish', choice: 0, reason: 'tool_call' },
  {
    type: 'usage',
    usage: { input: 130, cacheRead: 100, cacheWrite: 5, output: 33, reasoning: 7, units: { searches: 2 } },
  },
  { type: 'end' },
];

/** Runs the official client against one answer. */
async function withClient<T>(
  answer: { type: string; body: Buffer | string },
  use: (client: Anthropic) => Promise<T>,
): Promise<T> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new Anthropic({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
  try {
    return await use(client);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const ASK = { model: 'claude-opus-5', max_tokens: 10, messages: [{ role: 'user' as const, content: 'Hi' }] };

describe('the official client', () => {
  test('reads an encoded stream', async () => {
    const body = framed(anthropic, encode(anthropic, EVENTS));
    const message = await withClient({ type: 'text/event-stream', body }, (client) =>
      client.messages.stream(ASK).finalMessage(),
    );
    assert.equal(message.id, 'chatcmpl-1');
    assert.equal(message.model, 'gpt-5');
    assert.equal(message.stop_reason, 'tool_use');
    const said = message.content.map((block) => {
      if (block.type === 'thinking') return [block.thinking, block.signature];
      if (block.type === 'text') return [block.text, block.citations?.[0]?.type];
      return block.type === 'tool_use' ? [block.id, block.name, block.input] : [];
    });
    assert.deepEqual(said, [
      ['Let me see.', 'sig'],
      ['Grüße 🦊', 'web_search_result_location'],
      ['call_1', 'weather', { city: 'Oslo' }],
      ['call_2', 'now', {}],
    ]);
    const { usage } = message;
    assert.deepEqual(
      [usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens],
      [25, 100, 5, 33],
    );
    assert.deepEqual(
      [usage.output_tokens_details?.thinking_tokens, usage.server_tool_use?.web_search_requests],
      [7, 2],
    );
  });

  test('reads a written answer', async () => {
    const body = JSON.stringify(anthropic.writeOutput(folded(EVENTS), asked(SMALL_CALL)));
    const message = await withClient({ type: 'application/json', body }, (client) => client.messages.create(ASK));
    assert.deepEqual(
      message.content.map(({ type }) => type),
      ['thinking', 'text', 'tool_use', 'tool_use'],
    );
    assert.equal(message.usage.input_tokens, 25);
  });

  test('sees an error in the middle as one', async () => {
    const error: CallEvent = { type: 'error', error: { type: 'server_overloaded', message: 'Busy', status: 529 } };
    const body = framed(anthropic, encode(anthropic, [...EVENTS.slice(0, 4), error, { type: 'end' }]));
    const failed = withClient({ type: 'text/event-stream', body }, (client) =>
      client.messages.stream(ASK).finalMessage(),
    );
    await assert.rejects(failed, /overloaded_error.*Busy|Busy.*overloaded_error/s);
  });

  test('sees no end where there was none', () => {
    const frames = encode(anthropic, EVENTS.slice(0, -1));
    assert.equal(
      frames.some(({ event }) => event === 'message_stop' || event === 'message_delta'),
      false,
    );
  });
});

test('a stream cut anywhere is the same stream', () => {
  cutsDoNotMatter(anthropic, framed(anthropic, encode(anthropic, EVENTS)));
});

describe('the decoder', () => {
  const decode = (events: readonly Record<string, unknown>[]) => {
    const decoder = anthropic.decoder();
    return events.flatMap((event) => decoder.push('', JSON.stringify(event)));
  };

  test('keeps what the provider ran, whole', () => {
    const result = { type: 'web_search_tool_result', tool_use_id: 's1', content: [] };
    const output = folded(
      decode([
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} },
        },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'content_block_start', index: 1, content_block: result },
        { type: 'content_block_stop', index: 1 },
        { type: 'message_stop' },
      ]),
    );
    const use = { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } };
    assert.deepEqual(output.messages[0]?.parts, [
      { type: 'generic', generic_type: 'server_tool_use', content: use },
      { type: 'generic', generic_type: 'web_search_tool_result', content: result },
    ]);
    const [message] = output.messages;
    const echoed = write({ messages: [{ role: 'assistant', parts: message?.parts ?? [] }] });
    assert.deepEqual(echoed.body['messages'], [{ role: 'assistant', content: [use, result] }]);
  });

  test('takes input that came whole at the start', () => {
    const block = { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } };
    const events = decode([
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_stop', index: 0 },
    ]);
    assert.deepEqual(folded(events).messages[0]?.parts, [
      { type: 'tool_call', id: 't', name: 'f', arguments: { a: 1 } },
    ]);
  });

  test('fast mode is a tier', () => {
    const body = { content: [], usage: { input_tokens: 1, output_tokens: 1, service_tier: 'standard', speed: 'fast' } };
    const output = anthropic.readOutput(body);
    assert.equal(output.serviceTier, 'fast');
    const { usage } = anthropic.writeOutput(output, asked(SMALL_CALL)) as { usage: { speed: string } };
    assert.equal(usage.speed, 'fast');
  });

  test('counts what is kept for an hour, and searches', () => {
    const usage = {
      input_tokens: 1,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 2,
      server_tool_use: { web_search_requests: 3 },
    };
    assert.deepEqual(anthropic.readUsage(usage), {
      input: 31,
      cacheRead: 0,
      cacheWrite: 30,
      output: 2,
      reasoning: 0,
      units: { cacheWrite1h: 20, searches: 3 },
    });
  });
});
