// Where Mistral's chat differs from OpenAI's: thoughts as blocks of the content, short ids of tool calls, bare errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOSTS } from '../../schemas/hosts.ts';
import { openaiChat } from '../../schemas/dialects/openai-chat/index.ts';
import { anthropic } from '../../schemas/dialects/anthropic/index.ts';

const THINKING = {
  type: 'thinking',
  thinking: [
    { type: 'text', text: 'Hm, ' },
    { type: 'text', text: 'hm.' },
  ],
};

test('thoughts in the content of a whole answer', () => {
  const { messages } = openaiChat.readOutput({
    choices: [{ message: { role: 'assistant', content: [THINKING, { type: 'text', text: 'Four.' }] } }],
  });
  assert.deepEqual(messages[0]?.parts, [
    { type: 'reasoning', content: 'Hm, hm.' },
    { type: 'text', content: 'Four.' },
  ]);
});

test('thoughts in the content of a stream', () => {
  const reader = openaiChat.stream();
  const delta = (content: unknown) =>
    reader.push('', JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
  delta([{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm, ' }] }]);
  delta([{ type: 'thinking', thinking: [{ type: 'text', text: 'hm.' }] }]);
  delta([{ type: 'text', text: 'Fo' }]);
  delta('ur.');
  reader.push('', '[DONE]');
  assert.deepEqual(reader.output().messages[0]?.parts, [
    { type: 'reasoning', content: 'Hm, hm.' },
    { type: 'text', content: 'Four.' },
  ]);
});

test('ids of tool calls in nine letters and digits, the same in call and result', () => {
  const ids = ['toolu_01A09q90qw90lq917835lq9', 'call_0', 'D681PevKs'];
  const call = anthropic.readCall({
    model: 'm',
    stream: false,
    body: {
      model: 'm',
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: ids.map((id) => ({ type: 'tool_use', id, name: 'weather', input: {} })) },
        { role: 'user', content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'cold' })) },
      ],
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
    },
  });
  const { body } = openaiChat.writeCall(call, { model: 'm', stream: false, quirks: HOSTS.mistral.quirks });
  const messages = body['messages'] as { tool_calls?: { id: string }[]; tool_call_id?: string }[];
  const called = messages.flatMap(({ tool_calls: calls = [] }) => calls.map(({ id }) => id));
  assert.deepEqual(called, ['917835lq9', '0000call0', 'D681PevKs']);
  assert.deepEqual(
    messages.flatMap(({ tool_call_id: id }) => id ?? []),
    called,
  );
});

test('a choice whose index is none is the first', () => {
  const decoder = openaiChat.decoder();
  const push = (index: unknown) =>
    decoder.push('', JSON.stringify({ choices: [{ index, delta: {}, finish_reason: 'stop' }] }));
  assert.deepEqual(push({}), [{ type: 'finish', choice: 0, reason: 'stop' }]);
  assert.deepEqual(push(0), []);
});

test('an error without an envelope', () => {
  const body = { object: 'error', message: 'Service tier capacity exceeded.', type: 'rate_limited', code: '3505' };
  const error = { type: 'rate_limited', message: 'Service tier capacity exceeded.' };
  assert.deepEqual(openaiChat.readOutput(body).error, error);
  assert.deepEqual(openaiChat.decoder().push('', JSON.stringify(body)), [{ type: 'error', error }]);
});
