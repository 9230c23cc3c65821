// OpenAI Responses, read: items in, items out, and the typed events between.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { cuts, readStream, sseBytes } from '../support/sse.ts';

const reader = DIALECTS.openai_responses;

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'It is 4 °C.', annotations: [] }],
};
const CALL = {
  id: 'fc_1',
  type: 'function_call',
  call_id: 'call_1',
  name: 'weather',
  arguments: '{"city":"Oslo"}',
  status: 'completed',
};
const REASONING = {
  id: 'rs_1',
  type: 'reasoning',
  summary: [
    { type: 'summary_text', text: 'Look it up.' },
    { type: 'summary_text', text: 'Then answer.' },
  ],
};
const USAGE = {
  input_tokens: 50,
  input_tokens_details: { cached_tokens: 32, cache_write_tokens: 8 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 70,
};
const response = (status: string, output: unknown[], more: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  model: 'gpt-5-mini-2025-08-07',
  status,
  error: null,
  incomplete_details: null,
  output,
  usage: null,
  ...more,
});

describe('request', () => {
  test('a plain text', () => {
    assert.deepEqual(reader.readInput({ model: 'm', instructions: 'Be brief.', input: 'Hi' }), {
      system: [{ type: 'text', content: 'Be brief.' }],
      messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
      tools: [],
    });
  });

  test('items of every kind', () => {
    const input = reader.readInput({
      input: [
        { role: 'developer', content: 'Use metric units.' },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'See' },
            { type: 'input_image', image_url: 'data:image/jpeg;base64,/9j/', detail: 'auto' },
            { type: 'input_image', file_id: 'file-img' },
            { type: 'input_file', file_url: 'https://example.com/a.pdf' },
            { type: 'input_file', file_id: 'file-doc' },
          ],
        },
        REASONING,
        CALL,
        { type: 'function_call_output', call_id: 'call_1', output: '4' },
        { type: 'custom_tool_call', id: 'ct', call_id: 'call_2', name: 'shell', input: 'ls' },
        { type: 'item_reference', id: 'msg_0' },
        MESSAGE,
      ],
      tools: [
        { type: 'function', name: 'weather', parameters: { type: 'object' }, strict: true },
        { type: 'web_search' },
      ],
    });
    assert.deepEqual(input.messages, [
      { role: 'developer', parts: [{ type: 'text', content: 'Use metric units.' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'See' },
          { type: 'blob', modality: 'image', mime_type: 'image/jpeg', content: '/9j/' },
          { type: 'file', modality: 'image', file_id: 'file-img' },
          { type: 'uri', modality: 'document', uri: 'https://example.com/a.pdf' },
          { type: 'file', modality: 'document', file_id: 'file-doc' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'reasoning', content: 'Look it up.\nThen answer.' }] },
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Oslo' } }],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '4' }] },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_2', name: 'shell', arguments: 'ls' }] },
      {
        role: 'assistant',
        parts: [{ type: 'generic', generic_type: 'item_reference', content: { type: 'item_reference', id: 'msg_0' } }],
      },
      { role: 'assistant', parts: [{ type: 'text', content: 'It is 4 °C.' }] },
    ]);
    assert.deepEqual(input.tools, [
      { type: 'function', name: 'weather', parameters: { type: 'object' }, strict: true },
      { type: 'web_search', name: 'web_search', raw: { type: 'web_search' } },
    ]);
  });
});

describe('answer', () => {
  test('reasoning, a message and its usage', () => {
    assert.deepEqual(reader.readOutput(response('completed', [REASONING, MESSAGE], { usage: USAGE })), {
      messages: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Look it up.\nThen answer.' },
            { type: 'text', content: 'It is 4 °C.' },
          ],
          finish_reason: 'stop',
        },
      ],
      usage: { input: 50, cacheRead: 32, cacheWrite: 8, output: 20, reasoning: 12 },
      model: 'gpt-5-mini-2025-08-07',
      id: 'resp_1',
      complete: true,
      error: undefined,
    });
  });

  test('how it ended', () => {
    const finish = (body: unknown) => reader.readOutput(body).messages[0]?.finish_reason;
    assert.equal(finish(response('completed', [CALL])), 'tool_call');
    assert.equal(finish(response('completed', [{ type: 'web_search_call', id: 'ws' }, MESSAGE])), 'stop');
    const incomplete = (reason: string) => response('incomplete', [MESSAGE], { incomplete_details: { reason } });
    assert.equal(finish(incomplete('max_output_tokens')), 'length');
    assert.equal(finish(incomplete('content_filter')), 'content_filter');
    assert.equal(finish(incomplete('constructor')), 'constructor');
    const failed = response('failed', [], { error: { code: 'server_error', message: 'Sorry.' } });
    assert.equal(finish(failed), 'error');
    assert.deepEqual(reader.readOutput(failed).error, { type: 'server_error', message: 'Sorry.' });
  });

  test('a refusal and a built-in tool', () => {
    const search = { type: 'web_search_call', id: 'ws', status: 'completed' };
    const refusal = { ...MESSAGE, content: [{ type: 'refusal', refusal: 'No.' }] };
    assert.deepEqual(reader.readOutput(response('completed', [search, refusal])).messages[0]?.parts, [
      { type: 'generic', generic_type: 'web_search_call', content: search },
      { type: 'refusal', content: 'No.' },
    ]);
  });
});

const EVENTS = [
  { type: 'response.created', response: response('in_progress', []), sequence_number: 0 },
  { type: 'response.in_progress', response: response('in_progress', []), sequence_number: 1 },
  { type: 'response.output_item.added', output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [] } },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Look ' },
  {
    type: 'response.reasoning_summary_text.delta',
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 0,
    delta: 'it up.',
  },
  { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'Then answer.' },
  { type: 'response.output_item.added', output_index: 1, item: { ...MESSAGE, status: 'in_progress', content: [] } },
  { type: 'response.content_part.added', output_index: 1, content_index: 0, part: { type: 'output_text', text: '' } },
  { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 1, content_index: 0, delta: 'It is ' },
  { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 1, content_index: 0, delta: '4 °C.' },
  { type: 'response.output_item.added', output_index: 2, item: { ...CALL, arguments: '', status: 'in_progress' } },
  { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{"city":' },
  { type: 'response.function_call_arguments.delta', output_index: 2, delta: '"Oslo"}' },
];
const PARTS = [
  { type: 'reasoning', content: 'Look it up.\nThen answer.' },
  { type: 'text', content: 'It is 4 °C.' },
  { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Oslo' } },
];

describe('stream', () => {
  const whole = response('completed', [REASONING, MESSAGE, CALL], { usage: USAGE });
  const end = { type: 'response.completed', response: whole, sequence_number: 99 };

  test('cut at every byte, the answer is the same as the whole one', () => {
    const expected = reader.readOutput(whole);
    const bytes = sseBytes([...EVENTS, end], true);
    for (const pieces of cuts(bytes)) assert.deepEqual(readStream('openai_responses', pieces), expected);
  });

  test('broken off, the deltas are kept', () => {
    const output = readStream('openai_responses', [sseBytes(EVENTS, true)]);
    assert.equal(output.complete, false);
    assert.equal(output.id, 'resp_1');
    assert.deepEqual(output.messages, [{ role: 'assistant', parts: PARTS, finish_reason: 'error' }]);
  });

  test('a whole item wins over its deltas, and the terminal event need not repeat the items', () => {
    const done = { type: 'response.output_item.done', output_index: 1, item: MESSAGE };
    const bare = { type: 'response.completed', response: response('completed', [], { usage: USAGE }) };
    const output = readStream('openai_responses', [sseBytes([...EVENTS, done, bare], true)]);
    assert.deepEqual(output.messages, [{ role: 'assistant', parts: PARTS, finish_reason: 'tool_call' }]);
    assert.equal(output.usage?.input, 50);
  });

  test('the events without their event line', () => {
    assert.deepEqual(readStream('openai_responses', [sseBytes([...EVENTS, end])]), reader.readOutput(whole));
  });

  test('an error event, and a response that failed', () => {
    const error = { type: 'error', code: 'server_error', message: 'Sorry.', param: null, sequence_number: 3 };
    const broken = readStream('openai_responses', [sseBytes([EVENTS[0], error], true)]);
    assert.deepEqual([broken.error?.message, broken.complete], ['Sorry.', false]);
    const failed = response('failed', [], { error: { code: 'server_error', message: 'Sorry.' } });
    const output = readStream('openai_responses', [sseBytes([{ type: 'response.failed', response: failed }], true)]);
    assert.deepEqual(output.error, { type: 'server_error', message: 'Sorry.' });
    assert.equal(output.complete, true);
  });
});

test('usage: totals with subsets', () => {
  const readUsage = DIALECTS.openai_responses.readUsage;
  assert.deepEqual(readUsage(USAGE), { input: 50, cacheRead: 32, cacheWrite: 8, output: 20, reasoning: 12 });
  assert.equal(readUsage({ input_tokens: -3, output_tokens: 1 }), undefined);
  assert.equal(readUsage(null), undefined);
});

test('searches are billed beside the tokens: as the response counts them, else by their calls', () => {
  const usage = (more: object, output: object[] = []) =>
    reader.readOutput(response('completed', output, { usage: USAGE, ...more })).usage?.units?.searches;
  const search = (type?: string) => ({
    type: 'web_search_call',
    id: 'ws',
    action: type === undefined ? undefined : { type },
  });
  assert.equal(usage({ tool_usage: { web_search: { num_requests: 3 } } }), 3);
  assert.equal(usage({}, [search(), search('search'), search('open_page')]), 2);
  assert.equal(usage({}), undefined);
  const bytes = [
    sseBytes([{ type: 'response.completed', response: response('completed', [search()], { usage: USAGE }) }]),
  ];
  assert.equal(readStream('openai_responses', bytes).usage?.units?.searches, 1);
});
