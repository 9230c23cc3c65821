// OpenAI's dialects in both directions: requests, answers and streams written and read again.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { openaiChat } from '../../schemas/dialects/openai-chat/index.ts';
import { openaiCompletions } from '../../schemas/dialects/openai-completions/index.ts';
import { openaiEmbeddings } from '../../schemas/dialects/openai-embeddings/index.ts';
import { openaiResponses } from '../../schemas/dialects/openai-responses/index.ts';
import { fields, list } from '../../schemas/dialects/read.ts';
import { unfold } from '../../schemas/dialects/fold.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import type { Frame, Quirks } from '../../schemas/dialects/types.ts';
import { jsonInstruction } from '../../schemas/dialects/write.ts';
import type { Call, CallEvent, CallOutput, Part, Settings } from '../../schemas/call.ts';
import {
  callsComeBack,
  cutsDoNotMatter,
  decodeBytes,
  encode,
  folded,
  framed,
  outputsComeBack,
  streamsComeBack,
  wire,
} from '../support/round-trip.ts';
import { readStream, sseBytes } from '../support/sse.ts';
import { SMALL_CALL, asked, embeddingsCall, embeddingsOutput } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';

describe('openai_chat: what is written is read as it was', () => {
  const can: Can = {
    developer: true,
    systemAnywhere: true,
    images: true,
    imageUrls: true,
    documents: true,
    audio: true,
    reasoning: true,
    refusals: true,
    choices: 3,
    settings: [
      'maxTokens', 'temperature', 'topP', 'topK', 'minP', 'seed', 'stop', 'presencePenalty', 'frequencyPenalty',
      'logitBias', 'n', 'toolChoice', 'parallelTools', 'format', 'thinking', 'verbosity', 'serviceTier', 'user',
      'metadata', 'store', 'promptCacheKey',
    ],
  }; // prettier-ignore

  test('requests', () =>
    callsComeBack(openaiChat, { can, quirks: { thoughts: 'reasoning_details', has: ['topK', 'minP'] } }));
  test('requests with seals', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      callsComeBack(openaiChat, {
        can: { ...can, seal },
        quirks: { thoughts: 'reasoning_details', has: ['topK', 'minP'] },
        runs: 100,
      });
  });
  test('answers', () => {
    for (const seal of [undefined, 'anthropic', 'openai', 'gemini'] as const)
      outputsComeBack(openaiChat, { can: { ...can, ...(seal && { seal }) } });
  });
  test('streams', () => {
    for (const seal of [undefined, 'anthropic', 'openai', 'gemini'] as const)
      streamsComeBack(openaiChat, { can: { ...can, ...(seal && { seal }) } });
  });
});

describe('openai_responses: what is written is read as it was', () => {
  const can: Can = {
    systemApart: true,
    developer: true,
    systemAnywhere: true,
    mixed: true,
    images: true,
    imageUrls: true,
    imageResults: true,
    documents: true,
    audio: true,
    reasoning: true,
    seal: 'openai',
    sealIds: true,
    settings: [
      'maxTokens', 'temperature', 'topP', 'toolChoice', 'parallelTools', 'format', 'thinking', 'verbosity',
      'serviceTier', 'user', 'metadata', 'promptCacheKey',
    ],
  }; // prettier-ignore

  test('requests', () => callsComeBack(openaiResponses, { can }));
  test('answers', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      outputsComeBack(openaiResponses, { can: { ...can, seal, refusals: true } });
  });
  test('streams', () => {
    for (const seal of ['anthropic', 'openai', 'gemini'] as const)
      streamsComeBack(openaiResponses, { can: { ...can, seal } });
    streamsComeBack(openaiResponses, { can: { refusals: true, reasoning: true } });
  });
});

describe('openai_completions: what is written is read as it was', () => {
  const can: Can = { noTools: true, choices: 3 };

  test('answers', () => outputsComeBack(openaiCompletions, { can }));
  test('streams', () => streamsComeBack(openaiCompletions, { can }));
});

describe('openai_embeddings: what is written is read as it was', () => {
  test('requests', () => {
    fc.assert(
      fc.property(embeddingsCall, (call) => {
        const target = { model: call.model, stream: false, quirks: {} };
        const { body, dropped } = openaiEmbeddings.writeEmbeddings(call, target);
        assert.deepEqual(openaiEmbeddings.readEmbeddings({ body: wire(body), model: call.model, stream: false }), call);
        assert.deepEqual(dropped, []);
      }),
    );
  });

  test('vectors, as lists and as base64', () => {
    fc.assert(
      fc.property(embeddingsOutput, embeddingsCall, (output, call) => {
        assert.deepEqual(openaiEmbeddings.readVectors(wire(openaiEmbeddings.writeVectors(output, call))), output);
      }),
    );
  });
});

// What follows is said case by case: the places where the dialects differ from what the others know.

const TARGET = { model: 'gpt-5', stream: false, quirks: {} };
const readChat = (body: object) => openaiChat.readCall({ body, model: 'm', stream: false });
const readResponses = (body: object) => openaiResponses.readCall({ body, model: 'm', stream: false });
const user = (content: unknown = 'Hello') => [{ role: 'user', content }];
const writeChat = (call: Call, quirks: Quirks = {}) => openaiChat.writeCall(call, { ...TARGET, quirks });
const messagesOf = (call: Call, quirks: Quirks = {}) => writeChat(call, quirks).body['messages'];
const refuses = (run: () => unknown, field: string) =>
  assert.throws(run, (error) => error instanceof Inexpressible && error.field === field);

describe('chat requests, read', () => {
  test('settings under all their names', () => {
    const { settings, extra, streamUsage } = readChat({
      messages: user(),
      max_tokens: 5,
      stop: 'END',
      tool_choice: 'auto',
      reasoning: { effort: 'high', exclude: true },
      stream_options: { include_usage: true },
      modalities: ['text'],
      prediction: { type: 'content', content: 'x' },
      temperature: null,
    });
    assert.deepEqual(settings, {
      maxTokens: 5,
      stop: ['END'],
      toolChoice: 'auto',
      thinking: { effort: 'high', show: false },
    });
    assert.deepEqual(extra, { prediction: { type: 'content', content: 'x' } });
    assert.equal(streamUsage, true);
    const thinking = (more: object) => readChat({ messages: user(), ...more }).settings.thinking;
    assert.deepEqual(thinking({ thinking: { type: 'enabled', budget_tokens: 4000 } }), { budget: 4000 });
    assert.deepEqual(thinking({ thinking: { type: 'disabled' } }), { effort: 'none' });
    assert.deepEqual(thinking({ reasoning: { max_tokens: 900 } }), { budget: 900 });
    assert.deepEqual(thinking({ reasoning_effort: 'minimal' }), { effort: 'minimal' });
  });

  test('tool choices of every shape', () => {
    const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name, parameters: {} } }));
    const read = (choice: unknown) => readChat({ messages: user(), tools, tool_choice: choice });
    assert.deepEqual(read({ type: 'function', function: { name: 'a' } }).settings.toolChoice, { name: 'a' });
    assert.equal(read('any').settings.toolChoice, 'required');
    const allowed = read({
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'b' } }] },
    });
    assert.equal(allowed.settings.toolChoice, 'required');
    assert.deepEqual(
      allowed.tools.map(({ name }) => name),
      ['b'],
    );
    refuses(() => read({ type: 'web_search' }), 'toolChoice');
    const legacy = readChat({ messages: user(), functions: [{ name: 'a' }], function_call: { name: 'a' } });
    assert.deepEqual(legacy.settings.toolChoice, { name: 'a' });
  });

  test('marks of the prompt cache', () => {
    const { messages } = readChat({
      messages: user([
        { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'text', text: 'c', prompt_cache_breakpoint: { mode: 'explicit' } },
      ]),
    });
    assert.deepEqual(
      messages[0]?.parts.map((part) => 'cache' in part && part.cache?.ttl),
      ['5m', '1h', '5m'],
    );
  });

  test('what the API does not allow is refused with its place', () => {
    refuses(() => readChat([]), '');
    refuses(() => readChat({}), 'messages');
    refuses(() => readChat({ messages: ['x'] }), 'messages.0');
    refuses(() => readChat({ messages: [{ role: 'robot', content: '' }] }), 'messages.0.role');
    refuses(() => readChat({ messages: [...user(), { role: 'user', content: 7 }] }), 'messages.1.content');
    refuses(() => readChat({ messages: user(), temperature: 'hot' }), 'temperature');
    refuses(() => readChat({ messages: user(), stop: [1] }), 'stop');
    refuses(() => readChat({ messages: user(), response_format: { type: 'grammar' } }), 'format.type');
  });

  test('property: whatever the body is, it is read or refused', () => {
    const odd = fc.record(
      {
        messages: fc.oneof(fc.jsonValue(), fc.array(fc.record({ role: fc.constantFrom('user', 'assistant', 'tool'), content: fc.jsonValue() }))),
        input: fc.jsonValue(), prompt: fc.jsonValue(), tools: fc.jsonValue(), tool_choice: fc.jsonValue(), text: fc.jsonValue(),
        reasoning: fc.jsonValue(), response_format: fc.jsonValue(), include: fc.jsonValue(), stop: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ); // prettier-ignore
    fc.assert(
      fc.property(odd, (body) => {
        for (const dialect of [openaiChat, openaiResponses, openaiCompletions]) {
          try {
            dialect.readCall({ body, model: 'm', stream: false });
          } catch (error) {
            assert.ok(error instanceof Inexpressible, String(error));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('chat requests, written', () => {
  const RESULTS: Call = {
    ...SMALL_CALL,
    messages: [
      { role: 'user', parts: [{ type: 'text', content: 'Look' }] },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'a', name: 'see', arguments: {} }] },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'b', name: 'see', arguments: { at: 1 } }] },
      {
        role: 'user',
        parts: [
          {
            type: 'tool_call_response',
            id: 'a',
            response: [
              { type: 'text', content: 'seen' },
              { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBO' },
            ],
          },
          { type: 'tool_call_response', id: 'b', response: 'no file', is_error: true },
          { type: 'text', content: 'And now?' },
        ],
      },
    ],
  };

  test('results follow their calls; images of results follow the results', () => {
    assert.deepEqual(messagesOf(RESULTS), [
      { role: 'user', content: 'Look' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'see', arguments: '{}' } },
          { id: 'b', type: 'function', function: { name: 'see', arguments: '{"at":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'seen' },
      { role: 'tool', tool_call_id: 'b', content: 'Error: no file' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What tool call a brought beside text:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
          { type: 'text', text: 'And now?' },
        ],
      },
    ]);
  });

  test('the quirks of servers', () => {
    const call: Call = {
      ...SMALL_CALL,
      stream: true,
      system: [
        { type: 'text', content: 'One.', cache: { ttl: '1h' } },
        { type: 'text', content: 'Two.' },
      ],
      messages: [{ role: 'developer', parts: [{ type: 'text', content: 'Dev.' }] }, ...SMALL_CALL.messages],
      settings: { maxTokens: 9, seed: 1, format: { type: 'schema', schema: { type: 'object' } } },
    };
    const quirks: Quirks = {
      lacks: ['seed'],
      maxTokensField: 'max_tokens',
      noStreamOptions: true,
      noJsonSchema: true,
      noDeveloperRole: true,
      plainContent: true,
    };
    const { body, dropped } = openaiChat.writeCall(call, { model: 'm', stream: true, quirks });
    assert.deepEqual(body, {
      model: 'm',
      messages: [
        { role: 'system', content: `One.\n\nTwo.\n\n${jsonInstruction({ type: 'object' })}` },
        { role: 'system', content: 'Dev.' },
        { role: 'user', content: 'Hello' },
      ],
      max_tokens: 9,
      response_format: { type: 'json_object' },
      stream: true,
    });
    assert.deepEqual([...dropped].sort(), ['format.schema', 'seed']);
    const marked = messagesOf(call, { cacheControl: true });
    assert.deepEqual(Array.isArray(marked) && marked[0].content[0], {
      type: 'text',
      text: 'One.',
      cache_control: { type: 'ephemeral', ttl: '1h' },
    });
  });

  test('where thoughts go back to, a call says so even when it was not thought about', () => {
    const call = readChat({
      messages: [
        { role: 'assistant', reasoning_content: 'Hm.', content: 'So.' },
        { role: 'assistant', content: null, tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] },
        ...user(),
        { role: 'assistant', content: null, tool_calls: [{ id: 'b', function: { name: 'f', arguments: '{}' } }] },
      ],
    });
    const thoughts = (quirks: Quirks) =>
      list(messagesOf(call, quirks)).map((message) => fields(message)['reasoning_content']);
    assert.deepEqual(thoughts({ thoughts: 'reasoning_content' }), ['Hm.', undefined, '']);
    assert.deepEqual(thoughts({}), [undefined, undefined, undefined]);
  });

  test('OpenAI refuses what it does not know: such settings are for servers that have them', () => {
    const call = { ...SMALL_CALL, settings: { topK: 5, minP: 0.1 } };
    assert.deepEqual(writeChat(call).dropped, ['topK', 'minP']);
    assert.deepEqual(writeChat(call, { has: ['topK'] }).body['top_k'], 5);
  });

  test('what no chat server takes is refused with its place, what nobody misses is dropped and named', () => {
    const foreign = (settings: Settings, extra: Call['extra'] = {}) => writeChat({ ...SMALL_CALL, settings, extra });
    refuses(() => foreign({ logprobs: true }), 'logprobs');
    refuses(() => foreign({}, { previous_response_id: 'r' }), 'previous_response_id');
    assert.deepEqual(foreign({ safety: [] }, { truncation: 'auto' }).dropped, ['safety', 'truncation']);
    const hosted = readResponses({ input: 'x', tools: [{ type: 'web_search' }] });
    refuses(() => writeChat(hosted), 'tools.0');
    const reference = readResponses({
      input: [
        { role: 'user', content: 'x' },
        { type: 'item_reference', id: 'msg_1' },
      ],
    });
    refuses(() => writeChat(reference), 'input.1');
    const file = readResponses({
      input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://a/b' }] }],
    });
    refuses(() => writeChat(file), 'input.0.content.0');
  });

  test('tools that take free text stay what they are between the two dialects', () => {
    const custom = {
      name: 'sh',
      description: 'Runs',
      format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } },
    };
    const call = readChat({
      messages: [
        ...user(),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'sh', input: 'ls' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'a.txt' },
      ],
      tools: [{ type: 'custom', custom }],
      tool_choice: { type: 'custom', custom: { name: 'sh' } },
    });
    const { body } = openaiResponses.writeCall(call, TARGET);
    assert.deepEqual(body['tools'], [
      { type: 'custom', name: 'sh', description: 'Runs', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
    ]);
    assert.deepEqual(body['tool_choice'], { type: 'custom', name: 'sh' });
    assert.deepEqual(Array.isArray(body['input']) && body['input'].slice(1), [
      { type: 'custom_tool_call', call_id: 'c', name: 'sh', input: 'ls' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'a.txt' },
    ]);
    assert.deepEqual(writeChat(readResponses(wire(body))).body['tools'], [{ type: 'custom', custom }]);
  });
});

describe('responses requests', () => {
  test('one turn of an assistant is one message, and goes back as items', () => {
    const input = [
      { role: 'user', content: 'Weather?' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking.', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'w', arguments: '{"c":"Oslo"}' },
      { type: 'function_call_output', call_id: 'a', output: '4' },
    ];
    const call = readResponses({ input, store: false, include: ['reasoning.encrypted_content'] });
    assert.deepEqual(
      call.messages.map(({ role, parts }) => [role, parts.map(({ type }) => type).join()]),
      [
        ['user', 'text'],
        ['assistant', 'reasoning,text,tool_call'],
        ['tool', 'tool_call_response'],
      ],
    );
    assert.deepEqual([call.extra, call.settings], [{}, {}]);
    const { body } = openaiResponses.writeCall(call, TARGET);
    assert.deepEqual(body['include'], ['reasoning.encrypted_content']);
    assert.equal(body['store'], false);
    assert.deepEqual(Array.isArray(body['input']) && body['input'].slice(1), input.slice(1));
  });

  test('state that lives at OpenAI, and log probabilities, cannot be passed on', () => {
    for (const field of ['previous_response_id', 'conversation', 'background', 'prompt'])
      refuses(() => writeChat(readResponses({ input: 'x', [field]: field === 'background' ? true : 'y' })), field);
    const logprobs = readResponses({ input: 'x', include: ['message.output_text.logprobs'] });
    refuses(() => writeChat(logprobs), 'logprobs');
    refuses(() => readResponses({ input: 7 }), 'input');
    refuses(() => readResponses({ input: ['x'] }), 'input.0');
  });

  test('stop sequences, which the API does not know, are refused; none are not', () => {
    const stopped = (stop: string[]) => openaiResponses.writeCall(readChat({ messages: user(), stop }), TARGET);
    refuses(() => stopped(['END']), 'stop');
    assert.deepEqual(stopped([]).dropped, []);
  });

  test('functions are not strict unless they were', () => {
    const call = readChat({ messages: user(), tools: [{ type: 'function', function: { name: 'f' } }] });
    assert.deepEqual(openaiResponses.writeCall(call, TARGET).body['tools'], [
      { type: 'function', name: 'f', parameters: null, strict: false },
    ]);
  });
});

describe('completions requests', () => {
  const read = (body: object) => openaiCompletions.readCall({ body, model: 'm', stream: false });

  test('a prompt is a message of the user', () => {
    const call = read({ prompt: ['Once'], best_of: 1, echo: false, max_tokens: 4, stop: '.' });
    assert.deepEqual(call.messages, [{ role: 'user', parts: [{ type: 'text', content: 'Once' }] }]);
    assert.deepEqual(writeChat(call).body, {
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'Once' }],
      max_completion_tokens: 4,
      stop: ['.'],
    });
    assert.equal(openaiCompletions.writeCall(call, TARGET).body['prompt'], 'Once');
    const instructed = readChat({ messages: [{ role: 'system', content: 'Rhyme.' }, ...user('Once')] });
    assert.equal(openaiCompletions.writeCall(instructed, TARGET).body['prompt'], 'Rhyme.\n\nOnce');
  });

  test('what only its own model can do is refused', () => {
    refuses(() => read({ prompt: ['a', 'b'] }), 'prompt');
    refuses(() => read({ prompt: [1, 2] }), 'prompt');
    refuses(() => writeChat(read({ prompt: 'a', echo: true })), 'echo');
    refuses(() => writeChat(read({ prompt: 'a', suffix: 'z' })), 'suffix');
    refuses(() => writeChat(read({ prompt: 'a', best_of: 3 })), 'best_of');
    refuses(() => writeChat(read({ prompt: 'a', logprobs: 2 })), 'logprobs');
    refuses(() => openaiCompletions.writeCall(readChat({ messages: [...user(), ...user()] }), TARGET), 'messages');
  });
});

describe('thoughts and their seals', () => {
  const PARTS: readonly Part[] = [
    { type: 'reasoning', content: 'First.', seal: { family: 'anthropic', value: 'sig1' } },
    { type: 'reasoning', content: '', redacted: true, seal: { family: 'anthropic', value: 'data2' } },
    { type: 'text', content: 'So.' },
    { type: 'tool_call', id: 'a', name: 'f', arguments: {}, seal: { family: 'gemini', value: 'sig3' } },
  ];
  const OUTPUT: CallOutput = {
    id: 'r', model: 'm', usage: undefined, complete: true, error: undefined,
    messages: [{ role: 'assistant', parts: PARTS, finish_reason: 'tool_call' }],
  }; // prettier-ignore

  test('come back with a chat client that echoes its message, whole', () => {
    const body = JSON.parse(JSON.stringify(openaiChat.writeOutput(OUTPUT, asked(SMALL_CALL))));
    assert.equal(body.choices[0].message.reasoning_content, 'First.\n');
    const { messages } = readChat({ messages: [...user(), body.choices[0].message] });
    assert.deepEqual(messages[1]?.parts, PARTS);
  });

  test('and streamed, put together by a client that knows the fields', () => {
    const message: Record<string, unknown> = { role: 'assistant', content: '' };
    const details: unknown[] = [];
    const calls: Record<string, unknown>[] = [];
    for (const { data } of encode(openaiChat, unfold(OUTPUT))) {
      const delta = data === '[DONE]' ? {} : (JSON.parse(data).choices[0]?.delta ?? {});
      message['content'] = `${message['content']}${delta.content ?? ''}`;
      details.push(...(delta.reasoning_details ?? []));
      for (const { index, function: called, ...more } of delta.tool_calls ?? [])
        calls[index] = { ...calls[index], ...more, function: { ...fields(calls[index]?.['function']), ...called } };
    }
    const { messages } = readChat({ messages: [{ ...message, reasoning_details: details, tool_calls: calls }] });
    assert.deepEqual(messages[0]?.parts, PARTS);
    const events = decodeBytes(openaiChat, framed(openaiChat, encode(openaiChat, unfold(OUTPUT))), 9);
    assert.deepEqual(folded(events), OUTPUT);
  });

  test('come back with a Responses client that echoes its items', () => {
    const { output } = JSON.parse(JSON.stringify(openaiResponses.writeOutput(OUTPUT, asked(SMALL_CALL))));
    assert.deepEqual(readResponses({ input: [{ role: 'user', content: 'x' }, ...output] }).messages[1]?.parts, PARTS);
  });

  test('OpenRouter says each piece twice, as text and in the details', () => {
    const pieces = ['Let ', 'me ', 'me ', 'see.'].map((text) => ({
      reasoning: text,
      reasoning_details: [{ type: 'reasoning.text', text, format: 'anthropic-claude-v1', index: 0 }],
    }));
    const signed = {
      reasoning_details: [{ type: 'reasoning.text', signature: 's', format: 'anthropic-claude-v1', index: 0 }],
    };
    const chunks = [...pieces, signed, { content: 'Yes.' }].map((delta) => ({ choices: [{ index: 0, delta }] }));
    assert.deepEqual(readStream('openai_chat', [sseBytes(chunks)]).messages[0]?.parts, [
      { type: 'reasoning', content: 'Let me me see.', seal: { family: 'anthropic', value: 's' } },
      { type: 'text', content: 'Yes.' },
    ]);
  });
});

describe('streams', () => {
  const TEXT: readonly CallEvent[] = [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'open', choice: 0, index: 0, part: { type: 'text', content: '' } },
    { type: 'delta', choice: 0, index: 0, text: 'Hi' },
    { type: 'mark', choice: 0, index: 0, citation: { url: 'https://a', title: 'A' } },
    { type: 'close', choice: 0, index: 0 },
    { type: 'open', choice: 0, index: 1, part: { type: 'tool_call', id: 'c', name: 'f', arguments: undefined } },
    { type: 'close', choice: 0, index: 1 },
    { type: 'finish', choice: 0, reason: 'tool_call' },
    { type: 'usage', usage: { input: 2, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 } },
    { type: 'end' },
  ];
  const deltas = (frames: readonly Frame[]) =>
    frames.map(({ data }) =>
      data === '[DONE]' ? data : (JSON.parse(data).choices[0]?.delta ?? JSON.parse(data).usage),
    );

  test('chunks in the order OpenAI sends them; usage only where it was asked for', () => {
    const frames = encode(openaiChat, TEXT);
    assert.deepEqual(deltas(frames).slice(0, -2), [
      { role: 'assistant', content: '', refusal: null },
      { content: 'Hi' },
      {
        annotations: [
          { type: 'url_citation', url_citation: { url: 'https://a', title: 'A', start_index: 0, end_index: 2 } },
        ],
      },
      { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
      {},
    ]);
    assert.equal(deltas(frames).at(-2).prompt_tokens, 2);
    assert.equal(frames.at(-1)?.data, '[DONE]');
    const bare = encode(openaiChat, TEXT, { streamUsage: false });
    assert.ok(!bare.some(({ data }) => data.includes('usage')));
    assert.equal(bare.length, frames.length - 1);
  });

  test('the events of a response, each added and each done', () => {
    assert.deepEqual(
      encode(openaiResponses, TEXT).map(({ event }) => event.replace('response.', '')),
      [
        'created', 'in_progress',
        'output_item.added', 'content_part.added', 'output_text.delta', 'output_text.annotation.added',
        'output_text.done', 'content_part.done', 'output_item.done',
        'output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done',
        'completed',
      ], // prettier-ignore
    );
  });

  test('a stream that breaks off has no end that could be taken for one', () => {
    for (const dialect of [openaiChat, openaiResponses, openaiCompletions]) {
      const broken = encode(dialect, TEXT.slice(0, -1))
        .map(({ data }) => data)
        .join('');
      assert.ok(!/\[DONE\]|response\.completed/.test(broken), dialect.id);
      const failed = encode(dialect, [
        ...TEXT.slice(0, 3),
        { type: 'error', error: { type: 'e', message: 'Gone.' } },
        { type: 'end' },
      ]);
      assert.match(failed.at(-1)?.data ?? '', /Gone\./);
    }
  });

  test('cut at every byte, the events are the same', () => {
    for (const dialect of [openaiChat, openaiResponses, openaiCompletions])
      cutsDoNotMatter(dialect, framed(dialect, encode(dialect, TEXT)));
  });

  test('a caller of functions, the first tools, is answered with function_call', () => {
    const call = readChat({ messages: user(), functions: [{ name: 'f', parameters: {} }] });
    const frames = encode(openaiChat, TEXT, { call });
    assert.ok(frames.some(({ data }) => data.includes('"function_call":{"name":"f"')));
    assert.ok(frames.some(({ data }) => data.includes('"finish_reason":"function_call"')));
    assert.ok(!frames.some(({ data }) => data.includes('tool_calls')));
  });

  test('a tool call without id or with a late name', () => {
    const chunk = (call: object) => ({
      id: 'x',
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] } }],
    });
    const events = [chunk({ function: { arguments: '{"a"' } }), chunk({ function: { name: 'f', arguments: ':1}' } })];
    const ended = readStream('openai_chat', [sseBytes([...events, '[DONE]'])]);
    assert.deepEqual(ended.messages[0]?.parts, [{ type: 'tool_call', id: 'call_x_0', name: 'f', arguments: { a: 1 } }]);
  });
});
