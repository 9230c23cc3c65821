// OpenAI Chat Completions, read: requests, answers, streams, and the numbers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { cuts, readStream, sseBytes } from '../support/sse.ts';

const reader = DIALECTS.openai_chat;
const readUsage = DIALECTS.openai_chat.readUsage;

const WEATHER = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};

describe('request', () => {
  test('a conversation with tools, images, audio, files and unknown parts', () => {
    const input = reader.readInput({
      model: 'gpt-5-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          name: 'ada',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
            { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } },
            { type: 'file', file: { file_id: 'file-1' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERg==' } },
            { type: 'hologram', beam: 3 },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            { id: 'call_2', type: 'custom', custom: { name: 'shell', input: 'ls -l' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"celsius":4}' },
        { role: 'developer', content: 'Use metric units.' },
      ],
      tools: [
        { type: 'function', function: { name: 'weather', description: 'Weather now', parameters: WEATHER } },
        { type: 'custom', custom: { name: 'shell' } },
      ],
    });
    assert.deepEqual(input, {
      system: [],
      messages: [
        { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
        {
          role: 'user',
          name: 'ada',
          parts: [
            { type: 'text', content: 'What is this?' },
            { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0=' },
            { type: 'blob', modality: 'audio', mime_type: 'audio/mp3', content: 'UklGRg==' },
            { type: 'file', modality: 'document', file_id: 'file-1' },
            { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'JVBERg==', name: 'a.pdf' },
            { type: 'generic', generic_type: 'hologram', content: { type: 'hologram', beam: 3 } },
          ],
        },
        {
          role: 'assistant',
          parts: [
            { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Oslo' } },
            { type: 'tool_call', id: 'call_2', name: 'shell', arguments: 'ls -l' },
          ],
        },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '{"celsius":4}' }] },
        { role: 'developer', parts: [{ type: 'text', content: 'Use metric units.' }] },
      ],
      tools: [
        { type: 'function', name: 'weather', description: 'Weather now', parameters: WEATHER },
        { type: 'custom', name: 'shell', raw: { type: 'custom', custom: { name: 'shell' } } },
      ],
    });
  });

  test('functions of the first generation are tools', () => {
    const input = reader.readInput({
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'weather', arguments: '{}' } },
        { role: 'function', name: 'weather', content: 'sunny' },
      ],
      functions: [{ name: 'weather', parameters: WEATHER }],
    });
    assert.deepEqual(input.messages, [
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'weather', name: 'weather', arguments: {} }] },
      {
        role: 'tool',
        name: 'weather',
        parts: [{ type: 'tool_call_response', id: 'weather', response: 'sunny' }],
      },
    ]);
    assert.deepEqual(input.tools, [{ type: 'function', name: 'weather', parameters: WEATHER, raw: 'functions' }]);
  });
});

describe('answer', () => {
  test('text, reasoning, refusal and several choices', () => {
    const output = reader.readOutput({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'gpt-5-mini-2025-08-07',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello.', reasoning_content: 'A greeting.', refusal: null },
          finish_reason: 'stop',
        },
        { index: 1, message: { role: 'assistant', content: null, refusal: 'No.' }, finish_reason: 'content_filter' },
      ],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 30,
        total_tokens: 130,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      system_fingerprint: 'fp_1',
    });
    assert.deepEqual(output, {
      messages: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'A greeting.' },
            { type: 'text', content: 'Hello.' },
          ],
          finish_reason: 'stop',
        },
        { role: 'assistant', parts: [{ type: 'refusal', content: 'No.' }], finish_reason: 'content_filter' },
      ],
      usage: { input: 100, cacheRead: 64, cacheWrite: 0, output: 30, reasoning: 20 },
      model: 'gpt-5-mini-2025-08-07',
      id: 'chatcmpl-1',
      complete: true,
      error: undefined,
    });
  });

  test('spoken answers are their transcript; broken tool arguments stay text', () => {
    const output = reader.readOutput({
      choices: [
        {
          message: {
            role: 'assistant',
            content: null,
            audio: { id: 'audio_1', data: 'UklGRg==', transcript: 'Hi there.' },
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
    assert.deepEqual(output.messages[0], {
      role: 'assistant',
      parts: [
        { type: 'text', content: 'Hi there.' },
        { type: 'tool_call', id: 'c', name: 'f', arguments: '{"a":' },
      ],
      finish_reason: 'tool_call',
    });
  });

  test('errors as OpenAI, as Ollama, and as nobody words them', () => {
    const error = (body: unknown) => reader.readOutput(body).error;
    assert.deepEqual(error({ error: { message: 'No.', type: 'invalid_request_error', code: 'bad' } }), {
      type: 'invalid_request_error',
      message: 'No.',
    });
    assert.deepEqual(error({ error: 'model not found' }), { type: 'error', message: 'model not found' });
    assert.deepEqual(error({ error: {} }), { type: 'error', message: '' });
    assert.equal(error({ error: null }), undefined);
    assert.equal(reader.readOutput({}).complete, false, 'an empty object is no answer');
  });
});

const chunk = (choices: unknown[], more: object = {}) => ({
  id: 'chatcmpl-2',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-5-mini-2025-08-07',
  choices,
  ...more,
});
const delta = (value: object, finish: string | null = null, index = 0) => ({
  index,
  delta: value,
  finish_reason: finish,
});
const USAGE = {
  prompt_tokens: 12,
  completion_tokens: 9,
  total_tokens: 21,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

describe('stream', () => {
  const events = [
    chunk([delta({ role: 'assistant', content: '', refusal: null })]),
    chunk([delta({ reasoning_content: 'Think' })]),
    chunk([delta({ reasoning_content: 'ing.' })]),
    chunk([delta({ content: 'Grüße, ' }), delta({ role: 'assistant', content: 'Other' }, null, 1)]),
    chunk([delta({ content: '🦊.' })]),
    chunk([
      delta({
        tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }],
      }),
    ]),
    chunk([
      delta({
        tool_calls: [{ index: 1, id: 'call_b', type: 'function', function: { name: 'time', arguments: '{"tz"' } }],
      }),
    ]),
    chunk([delta({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })]),
    chunk([delta({ tool_calls: [{ index: 1, function: { arguments: ':"CET"}' } }] })]),
    chunk([delta({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] })]),
    chunk([delta({}, 'tool_calls')]),
    chunk([delta({}, 'length', 1)]),
    chunk([], { usage: USAGE }),
    '[DONE]',
  ];
  const expected = {
    messages: [
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Thinking.' },
          { type: 'text', content: 'Grüße, 🦊.' },
          { type: 'tool_call', id: 'call_a', name: 'weather', arguments: { city: 'Oslo' } },
          { type: 'tool_call', id: 'call_b', name: 'time', arguments: { tz: 'CET' } },
        ],
        finish_reason: 'tool_call',
      },
      { role: 'assistant', parts: [{ type: 'text', content: 'Other' }], finish_reason: 'length' },
    ],
    usage: { input: 12, cacheRead: 4, cacheWrite: 0, output: 9, reasoning: 3 },
    model: 'gpt-5-mini-2025-08-07',
    id: 'chatcmpl-2',
    complete: true,
    error: undefined,
  };

  test('cut at every byte, the answer is the same', () => {
    const bytes = sseBytes(events);
    for (const pieces of cuts(bytes)) assert.deepEqual(readStream('openai_chat', pieces), expected);
  });

  test('without [DONE] it is not complete, without a finish reason it ends in error', () => {
    const output = readStream('openai_chat', [sseBytes(events.slice(0, 5))]);
    assert.equal(output.complete, false);
    assert.deepEqual(
      output.messages.map((message) => message.finish_reason),
      ['error', 'error'],
    );
    assert.equal(output.usage, undefined);
  });

  test('an error event is kept with what came before it', () => {
    const error = { error: { message: 'Overloaded', type: 'server_error', code: null } };
    const output = readStream('openai_chat', [sseBytes([events[3], error])]);
    assert.deepEqual(output.error, { type: 'server_error', message: 'Overloaded' });
    assert.equal(output.complete, false);
    assert.deepEqual(output.messages[0]?.parts, [{ type: 'text', content: 'Grüße, ' }]);
  });

  test('broken lines are passed over', () => {
    const output = readStream('openai_chat', [sseBytes(['{"choices":[{"del', events[3], 'null', '7', '[]', '[DONE]'])]);
    assert.equal(output.complete, true);
    assert.deepEqual(output.messages[1]?.parts, [{ type: 'text', content: 'Other' }]);
  });

  test('servers that leave out the tool index', () => {
    const call = (value: object) => chunk([delta({ tool_calls: [value] })]);
    const output = readStream('openai_chat', [
      sseBytes([
        call({ id: 'a', function: { name: 'f', arguments: '{"x"' } }),
        call({ function: { arguments: ':1}' } }),
        call({ id: 'b', function: { name: 'g', arguments: '{}' } }),
      ]),
    ]);
    assert.deepEqual(output.messages[0]?.parts, [
      { type: 'tool_call', id: 'a', name: 'f', arguments: { x: 1 } },
      { type: 'tool_call', id: 'b', name: 'g', arguments: {} },
    ]);
  });

  test('usage in every chunk, and in the place Groq puts it', () => {
    const growing = [1, 2, 3].map((completion_tokens) => chunk([], { usage: { prompt_tokens: 5, completion_tokens } }));
    assert.equal(readStream('openai_chat', [sseBytes(growing)]).usage?.output, 3);
    const groq = chunk([], { x_groq: { id: 'req', usage: { prompt_tokens: 7, completion_tokens: 2 } } });
    assert.equal(readStream('openai_chat', [sseBytes([groq])]).usage?.input, 7);
  });
});

describe('usage', () => {
  const usage = (input: number, output: number, more: object = {}) => ({
    input,
    cacheRead: 0,
    cacheWrite: 0,
    output,
    reasoning: 0,
    ...more,
  });

  test('absent or impossible numbers', () => {
    for (const value of [undefined, null, {}, [], 'x', 7, { prompt_tokens: null, completion_tokens: null }]) {
      assert.equal(readUsage(value), undefined);
    }
    for (const bad of [-1, '12', 1e12, Number.NaN, Infinity, {}, true]) {
      assert.equal(readUsage({ prompt_tokens: bad, completion_tokens: 1 }), undefined, String(bad));
      assert.equal(readUsage({ prompt_tokens: 1, completion_tokens: bad }), undefined, String(bad));
      const details = {
        prompt_tokens_details: { cached_tokens: bad },
        completion_tokens_details: { reasoning_tokens: bad },
      };
      assert.deepEqual(readUsage({ prompt_tokens: 3, completion_tokens: 1, ...details }), usage(3, 1), String(bad));
    }
    assert.deepEqual(readUsage({ prompt_tokens: 2.9, completion_tokens: 0 }), usage(2, 0));
  });

  test('what is left out is what the total leaves', () => {
    assert.deepEqual(readUsage({ prompt_tokens: 5, total_tokens: 12 }), usage(5, 7));
    assert.deepEqual(readUsage({ prompt_tokens: 5 }), usage(5, 0));
  });

  test('a subset is never larger than its whole', () => {
    const value = {
      prompt_tokens: 10,
      completion_tokens: 4,
      prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 9 },
    };
    assert.deepEqual(readUsage(value), usage(10, 4, { cacheRead: 8, cacheWrite: 2, reasoning: 4 }));
  });

  test('reasoning that a provider left out of completion_tokens is added once', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 300 } };
    const xai = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 330, ...details };
    assert.deepEqual(readUsage(xai), usage(20, 310, { reasoning: 300 }));
    const openai = { prompt_tokens: 20, completion_tokens: 310, total_tokens: 330, ...details };
    assert.deepEqual(readUsage(openai), usage(20, 310, { reasoning: 300 }));
  });

  test('DeepSeek names its cache hits', () => {
    const value = { prompt_tokens: 10, completion_tokens: 1, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 };
    assert.equal(readUsage(value)?.cacheRead, 6);
  });
});
