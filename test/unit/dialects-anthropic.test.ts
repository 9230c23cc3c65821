// Anthropic Messages, read: blocks, instructions, cache counts, and the typed events.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { cuts, readStream, sseBytes } from '../support/sse.ts';

const reader = DIALECTS.anthropic;
const readUsage = DIALECTS.anthropic.readUsage;

describe('request', () => {
  test('instructions, blocks of every kind, tool results and tools', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const input = reader.readInput({
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'A greeting.', signature: 'c2ln' },
            { type: 'redacted_thinking', data: 'eHh4' },
            { type: 'text', text: 'Let me look.' },
            { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Oslo' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: '4' }] },
            { type: 'tool_result', tool_use_id: 'toolu_2', content: 'down', is_error: true },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            { type: 'document', source: { type: 'file', file_id: 'file_1' } },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Once' } },
          ],
        },
      ],
      tools: [
        { name: 'weather', description: 'Weather now', input_schema: schema },
        { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
      ],
    });
    assert.deepEqual(input, {
      system: [{ type: 'text', content: 'Be brief.', cache: { ttl: '5m' } }],
      messages: [
        { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'A greeting.', seal: { family: 'anthropic', value: 'c2ln' } },
            { type: 'reasoning', content: '', redacted: true, seal: { family: 'anthropic', value: 'eHh4' } },
            { type: 'text', content: 'Let me look.' },
            { type: 'tool_call', id: 'toolu_1', name: 'weather', arguments: { city: 'Oslo' } },
          ],
        },
        {
          role: 'tool',
          parts: [
            { type: 'tool_call_response', id: 'toolu_1', response: '4' },
            { type: 'tool_call_response', id: 'toolu_2', response: 'down', is_error: true },
          ],
        },
        {
          role: 'user',
          parts: [
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0=' },
            { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
            { type: 'file', modality: 'document', file_id: 'file_1' },
            { type: 'text', content: 'Once' },
          ],
        },
      ],
      tools: [
        { type: 'function', name: 'weather', description: 'Weather now', parameters: schema },
        {
          type: 'web_search_20250305',
          name: 'web_search',
          raw: { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
        },
      ],
    });
  });

  test('instructions as one text', () => {
    assert.deepEqual(reader.readInput({ system: 'Be brief.', messages: [] }).system, [
      { type: 'text', content: 'Be brief.' },
    ]);
  });
});

const USAGE = {
  input_tokens: 10,
  cache_creation_input_tokens: 200,
  cache_read_input_tokens: 3000,
  output_tokens: 40,
  output_tokens_details: { thinking_tokens: 15 },
  service_tier: 'standard',
};

describe('answer', () => {
  test('thinking, text, a tool call and the total of the input', () => {
    const output = reader.readOutput({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-haiku-4-5-20251001',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 's' },
        { type: 'text', text: 'One moment.' },
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Oslo' } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: USAGE,
    });
    assert.deepEqual(output, {
      messages: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Hm.', seal: { family: 'anthropic', value: 's' } },
            { type: 'text', content: 'One moment.' },
            { type: 'tool_call', id: 'toolu_1', name: 'weather', arguments: { city: 'Oslo' } },
          ],
          finish_reason: 'tool_call',
        },
      ],
      usage: { input: 3210, cacheRead: 3000, cacheWrite: 200, output: 40, reasoning: 15 },
      model: 'claude-haiku-4-5-20251001',
      id: 'msg_1',
      serviceTier: 'standard',
      complete: true,
      error: undefined,
    });
  });

  test('how it ended', () => {
    const finish = (stop_reason: unknown) => reader.readOutput({ content: [], stop_reason }).messages[0]?.finish_reason;
    const words = { end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', refusal: 'content_filter' };
    for (const [theirs, ours] of Object.entries(words)) assert.equal(finish(theirs), ours);
    assert.equal(finish('pause_turn'), 'pause_turn');
    assert.equal(finish(null), 'error');
    assert.equal(finish('constructor'), 'constructor');
  });

  test('an error', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' };
    const output = reader.readOutput(body);
    assert.deepEqual(output.error, { type: 'overloaded_error', message: 'Overloaded' });
    assert.deepEqual([output.messages, output.complete, output.usage], [[], true, undefined]);
  });
});

const START = {
  type: 'message_start',
  message: {
    id: 'msg_2',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 25, cache_creation_input_tokens: 0, cache_read_input_tokens: 100, output_tokens: 1 },
  },
};
const blockStart = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const blockDelta = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta });
const blockStop = (index: number) => ({ type: 'content_block_stop', index });
const EVENTS = [
  START,
  { type: 'ping' },
  blockStart(0, { type: 'thinking', thinking: '', signature: '' }),
  blockDelta(0, { type: 'thinking_delta', thinking: 'Let me ' }),
  blockDelta(0, { type: 'thinking_delta', thinking: 'see.' }),
  blockDelta(0, { type: 'signature_delta', signature: 'c2ln' }),
  blockStop(0),
  blockStart(1, { type: 'text', text: '' }),
  blockDelta(1, { type: 'text_delta', text: 'Grüße ' }),
  blockDelta(1, { type: 'text_delta', text: '🦊' }),
  blockStop(1),
  blockStart(2, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
  blockDelta(2, { type: 'input_json_delta', partial_json: '' }),
  blockDelta(2, { type: 'input_json_delta', partial_json: '{"city": ' }),
  blockDelta(2, { type: 'input_json_delta', partial_json: '"Oslo"}' }),
  blockStop(2),
  blockStart(3, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }),
  blockStop(3),
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 33 } },
  { type: 'message_stop' },
];
const EXPECTED = {
  messages: [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'Let me see.', seal: { family: 'anthropic', value: 'c2ln' } },
        { type: 'text', content: 'Grüße 🦊' },
        { type: 'tool_call', id: 'toolu_1', name: 'weather', arguments: { city: 'Oslo' } },
        { type: 'tool_call', id: 'toolu_2', name: 'now', arguments: {} },
      ],
      finish_reason: 'tool_call',
    },
  ],
  usage: { input: 125, cacheRead: 100, cacheWrite: 0, output: 33, reasoning: 0 },
  model: 'claude-haiku-4-5-20251001',
  id: 'msg_2',
  complete: true,
  error: undefined,
};

describe('stream', () => {
  test('cut at every byte, the answer is the same', () => {
    for (const pieces of cuts(sseBytes(EVENTS, true))) assert.deepEqual(readStream('anthropic', pieces), EXPECTED);
  });

  test('message_delta repeats totals; it does not add', () => {
    const delta = (usage: object) => ({ type: 'message_delta', delta: { stop_reason: null }, usage });
    const stream = [
      START,
      delta({ output_tokens: 10, input_tokens: 25 }),
      delta({ output_tokens: 33, input_tokens: null }),
    ];
    assert.deepEqual(readStream('anthropic', [sseBytes(stream, true)]).usage, EXPECTED.usage);
  });

  test('broken off after message_start, the input is known; tool input cut short stays text', () => {
    const output = readStream('anthropic', [sseBytes(EVENTS.slice(0, 14), true)]);
    assert.deepEqual(output.usage, { input: 125, cacheRead: 100, cacheWrite: 0, output: 1, reasoning: 0 });
    assert.equal(output.complete, false);
    assert.deepEqual(output.messages[0]?.parts[2], {
      type: 'tool_call',
      id: 'toolu_1',
      name: 'weather',
      arguments: '{"city": ',
    });
    assert.equal(output.messages[0]?.finish_reason, 'error');
  });

  test('an error event', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const output = readStream('anthropic', [sseBytes([START, error], true)]);
    assert.deepEqual(output.error, { type: 'overloaded_error', message: 'Overloaded' });
    assert.equal(output.complete, false);
  });

  test('message_stop twice, a delta without its start, events without their event line', () => {
    assert.deepEqual(readStream('anthropic', [sseBytes([...EVENTS, { type: 'message_stop' }])]), EXPECTED);
    const headless = [
      blockDelta(0, { type: 'text_delta', text: 'a' }),
      blockDelta(0, { type: 'text_delta', text: 'b' }),
    ];
    assert.deepEqual(readStream('anthropic', [sseBytes(headless)]).messages[0]?.parts, [
      { type: 'text', content: 'ab' },
    ]);
  });
});

describe('usage', () => {
  test('input is the sum of fresh, read and written', () => {
    assert.deepEqual(readUsage(USAGE), { input: 3210, cacheRead: 3000, cacheWrite: 200, output: 40, reasoning: 15 });
  });

  test('absent or impossible numbers', () => {
    for (const value of [undefined, null, {}, 'x', { input_tokens: null, output_tokens: null }]) {
      assert.equal(readUsage(value), undefined);
    }
    for (const bad of [-1, '12', 1e12, Number.NaN]) {
      assert.equal(readUsage({ input_tokens: bad, output_tokens: 1 }), undefined);
      assert.equal(readUsage({ input_tokens: 1, output_tokens: 2, cache_read_input_tokens: bad })?.input, 1);
    }
  });
});
