// Ollama's chat, generate and embeddings: the properties of every dialect, recorded payloads, and what is its own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Ollama } from 'ollama';
import { unfold } from '../../schemas/dialects/fold.ts';
import { ollamaChat, ollamaEmbeddings, ollamaGenerate } from '../../schemas/dialects/ollama/index.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked, embeddingsOutput } from '../support/neutral.ts';
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
import type { Can } from '../support/neutral.ts';
import type { Call, CallEvent, CallOutput, Part } from '../../schemas/call.ts';
import type { ChatDialect } from '../../schemas/dialects/types.ts';

const CAN: Can = {
  systemAnywhere: true,
  oneText: true,
  reasoning: true,
  resultNames: true,
  noAnswerId: true,
  noCacheCounts: true,
  noReasoningCounts: true,
  settings: [
    ...(['maxTokens', 'temperature', 'topP', 'topK', 'minP', 'seed', 'stop', 'frequencyPenalty'] as const),
    ...(['presencePenalty', 'thinking'] as const),
  ],
};
const TARGET = { model: 'qwen3', stream: false, quirks: {} };
const TOOLS = [{ type: 'function', name: 'weather', parameters: { type: 'object' } }];
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const read = (body: object, dialect: ChatDialect = ollamaChat): Call =>
  dialect.readCall({ body, model: '', stream: false });
const write = (call: Partial<Call>, dialect: ChatDialect = ollamaChat) =>
  dialect.writeCall({ ...SMALL_CALL, ...call }, TARGET);
const bodyOf = (call: Partial<Call>, dialect: ChatDialect = ollamaChat) =>
  wire(write(call, dialect).body) as Record<string, unknown>;
const events = (lines: readonly object[], dialect: ChatDialect = ollamaChat): CallEvent[] =>
  decodeBytes(dialect, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')), 7);

const RICH: CallOutput = {
  id: '',
  model: 'qwen3',
  messages: [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'They ask for Zürich.' },
        { type: 'text', content: 'Let me look. 👀' },
        { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Zürich' } },
        { type: 'tool_call', id: 'call_2', name: 'time', arguments: {} },
      ],
      finish_reason: 'tool_call',
    },
  ],
  usage: { input: 26, cacheRead: 0, cacheWrite: 0, output: 298, reasoning: 0 },
  complete: true,
  error: undefined,
};

describe('properties', () => {
  test('chat: calls come back', () => callsComeBack(ollamaChat, { can: CAN }));
  test('chat: answers come back', () => outputsComeBack(ollamaChat, { can: CAN }));
  test('chat: streams come back', () => streamsComeBack(ollamaChat, { can: CAN }));
  test('generate: answers come back', () => outputsComeBack(ollamaGenerate, { can: { ...CAN, noTools: true } }));
  test('generate: streams come back', () => streamsComeBack(ollamaGenerate, { can: { ...CAN, noTools: true } }));
  test('cuts do not matter', () => cutsDoNotMatter(ollamaChat, framed(ollamaChat, encode(ollamaChat, unfold(RICH)))));
});

describe('chat requests', () => {
  test('messages, pictures, calls with and without ids, options, and what is its own', () => {
    const call = read({
      model: 'qwen3',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Look', images: [PNG] },
        {
          role: 'assistant',
          content: '',
          thinking: 'Hm.',
          tool_calls: [
            { function: { name: 'weather', arguments: { city: 'Oslo' } } },
            { function: { name: 'time', arguments: {} } },
            { id: 'own', function: { index: 2, name: 'weather', arguments: { city: 'Rom' } } },
          ],
        },
        { role: 'tool', content: 'noon', tool_name: 'time' },
        { role: 'tool', content: 'sun', tool_call_id: 'own' },
        { role: 'tool', content: 'rain' },
      ],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
      think: 'high',
      format: { type: 'object' },
      keep_alive: '5m',
      options: { num_predict: 10, num_ctx: 4096, stop: 'END', temperature: 0 },
    });
    assert.deepEqual([call.model, call.stream, call.streamUsage], ['qwen3', true, true]);
    assert.deepEqual(call.messages[1]?.parts[1], {
      type: 'blob',
      modality: 'image',
      mime_type: 'image/png',
      content: PNG,
    });
    assert.deepEqual(
      call.messages[2]?.parts.map((part) => ('id' in part ? part.id : part.type)),
      ['reasoning', 'call_0', 'call_1', 'own'],
    );
    assert.deepEqual(
      call.messages.slice(3).map(({ parts: [part] }) => part),
      [
        { type: 'tool_call_response', id: 'call_1', name: 'time', response: 'noon' },
        { type: 'tool_call_response', id: 'own', response: 'sun' },
        { type: 'tool_call_response', id: 'call_0', response: 'rain' },
      ],
    );
    assert.deepEqual(call.settings, {
      maxTokens: 10,
      stop: ['END'],
      temperature: 0,
      format: { type: 'schema', schema: { type: 'object' } },
      thinking: { effort: 'high' },
    });
    assert.deepEqual(call.extra, { keep_alive: '5m', options: { num_ctx: 4096 } });
    assert.equal(call.paths.get(call.messages[1]?.parts[1] ?? {}), 'messages.1.images');
    const body = bodyOf(call);
    assert.deepEqual(body['options'], { num_ctx: 4096, temperature: 0, num_predict: 10, stop: ['END'] });
    assert.deepEqual([body['keep_alive'], body['think'], body['format']], ['5m', 'high', { type: 'object' }]);
  });

  test('streams unless it is told not to; no limit is none', () => {
    assert.equal(read({ model: 'm', messages: [], stream: false }).stream, false);
    assert.deepEqual(read({ model: 'm', options: { num_predict: -1 }, think: true }).settings, {
      thinking: { budget: -1 },
    });
    assert.deepEqual(read({ model: 'm', think: false }).settings, { thinking: { effort: 'none' } });
    assert.throws(() => read({ model: 'm', think: 'hard' }), Inexpressible);
    assert.throws(
      () => read({ model: 'm', options: { seed: 'x' } }),
      (error) => error instanceof Inexpressible && error.field === 'options.seed',
    );
  });

  test('results are named after their tools, pictures go along, failures say so', () => {
    const image: Part = { type: 'blob', modality: 'image', mime_type: 'image/png', content: PNG };
    const { messages } = bodyOf({
      messages: [
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'a', name: 'weather', arguments: '' }] },
        {
          role: 'tool',
          parts: [
            { type: 'tool_call_response', id: 'a', response: [{ type: 'text', content: 'see' }, image] },
            { type: 'tool_call_response', id: 'b', response: { degrees: 4 }, is_error: true },
          ],
        },
      ],
      tools: TOOLS,
    });
    assert.deepEqual(messages, [
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'a', function: { index: 0, name: 'weather', arguments: {} } }],
      },
      { role: 'tool', content: 'see', tool_name: 'weather', tool_call_id: 'a', images: [PNG] },
      { role: 'tool', content: 'Error: {"degrees":4}', tool_call_id: 'b' },
    ]);
  });

  test('what cannot be said is refused with its place or dropped with its name', () => {
    const uri = { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' } as const;
    const paths = new WeakMap([[uri, 'messages.0.content.0']]);
    assert.throws(
      () => write({ messages: [{ role: 'user', parts: [uri] }], paths }),
      (error) => error instanceof Inexpressible && error.field === 'messages.0.content.0',
    );
    for (const settings of [
      { n: 2 },
      { logprobs: true },
      { parallelTools: false },
      { toolChoice: 'required' } as const,
    ])
      assert.throws(() => write({ settings, tools: TOOLS }), Inexpressible);
    const none = write({ settings: { toolChoice: 'none', parallelTools: false }, tools: TOOLS });
    assert.deepEqual([none.body['tools'], none.dropped], [undefined, []]);
    assert.deepEqual([...write({ settings: { user: 'u', logitBias: { 1: 1 }, topK: 1 } }).dropped].sort(), [
      'logitBias',
      'user',
    ]);
    assert.equal(bodyOf({ settings: { format: { type: 'json' } } })['format'], 'json');
    assert.equal(bodyOf({ settings: { thinking: { budget: 3000 } } })['think'], 'medium');
  });
});

describe('chat answers', () => {
  const DONE = {
    model: 'qwen3',
    created_at: '2024-07-22T20:33:28.123648Z',
    done_reason: 'stop',
    done: true,
    total_duration: 885_095_291,
    prompt_eval_count: 165,
    eval_count: 42,
  };

  test('recorded: a call without an id has one that is of this answer alone', () => {
    const message = {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'weather', arguments: { city: 'Paris' } } }],
    };
    const output = ollamaChat.readOutput({ ...DONE, message });
    assert.deepEqual(output.messages[0], {
      role: 'assistant',
      parts: [{ type: 'tool_call', id: 'call_20240722203328123648_0', name: 'weather', arguments: { city: 'Paris' } }],
      finish_reason: 'tool_call',
    });
    assert.deepEqual([output.usage?.input, output.usage?.output, output.complete], [165, 42, true]);
    assert.deepEqual(
      folded(
        events([
          { ...DONE, done: false, done_reason: undefined, message },
          { ...DONE, message: { role: 'assistant', content: '' } },
        ]),
      ),
      output,
    );
  });

  test('recorded: thoughts and text, line by line', () => {
    const line = (message: object) => ({
      model: 'qwen3',
      created_at: '2025-01-01T00:00:00Z',
      message: { role: 'assistant', content: '', ...message },
      done: false,
    });
    const output = folded(
      events([
        line({ thinking: 'Hm' }),
        line({ thinking: '.' }),
        line({ content: 'Hel' }),
        line({ content: 'lo' }),
        { ...DONE, done_reason: 'length', message: { role: 'assistant', content: '' } },
      ]),
    );
    assert.deepEqual(output.messages[0]?.parts, [
      { type: 'reasoning', content: 'Hm.' },
      { type: 'text', content: 'Hello' },
    ]);
    assert.equal(output.messages[0]?.finish_reason, 'length');
    assert.equal(folded(events([line({ content: 'Hel' })])).complete, false);
  });

  test('errors', () => {
    assert.equal(ollamaChat.readOutput({ error: 'model "x" not found' }).error?.message, 'model "x" not found');
    assert.deepEqual(events([{ error: 'it broke' }]), [
      { type: 'error', error: { type: 'error', message: 'it broke' } },
    ]);
    assert.deepEqual(encode(ollamaChat, [{ type: 'error', error: { type: 'x', message: 'it broke' } }]), [
      { event: '', data: '{"error":"it broke"}' },
    ]);
  });
});

describe('generate', () => {
  test('both ways', () => {
    const call = read(
      {
        model: 'm',
        prompt: 'Why?',
        system: 'Be brief.',
        images: [PNG],
        suffix: '.',
        options: { seed: 1 },
        stream: false,
      },
      ollamaGenerate,
    );
    assert.deepEqual(call.system, [{ type: 'text', content: 'Be brief.' }]);
    assert.deepEqual(call.messages[0]?.parts.length, 2);
    assert.deepEqual([call.extra, call.settings], [{ suffix: '.' }, { seed: 1 }]);
    const { model: _, ...body } = bodyOf(call, ollamaGenerate);
    assert.deepEqual(body, {
      prompt: 'Why?',
      stream: false,
      system: 'Be brief.',
      images: [PNG],
      options: { seed: 1 },
      suffix: '.',
    });
    // Elsewhere there is no suffix.
    assert.throws(
      () => write(call),
      (error) => error instanceof Inexpressible && error.field === 'suffix',
    );
    const talk: Call['messages'] = [
      { role: 'user', parts: [] },
      { role: 'assistant', parts: [] },
    ];
    assert.throws(() => write({ messages: talk }, ollamaGenerate), Inexpressible);
    assert.throws(() => write({ tools: TOOLS }, ollamaGenerate), Inexpressible);
  });

  test('recorded: a stream', () => {
    const lines = [
      { model: 'm', created_at: '2023-08-04T08:52:19.385406455-07:00', response: 'The', done: false },
      {
        model: 'm',
        created_at: '2023-08-04T19:22:45.499127Z',
        response: '',
        done: true,
        done_reason: 'stop',
        context: [1, 2, 3],
        prompt_eval_count: 26,
        eval_count: 290,
      },
    ];
    const output = folded(events(lines, ollamaGenerate));
    assert.deepEqual(output.messages[0], {
      role: 'assistant',
      parts: [{ type: 'text', content: 'The' }],
      finish_reason: 'stop',
    });
    assert.deepEqual([output.usage?.input, output.usage?.output, output.complete], [26, 290, true]);
  });
});

/** Ollama's own client, and what it is answered. */
async function withClient(body: string | Buffer, use: (client: Ollama) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-ndjson' });
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 43) response.write(bytes.subarray(at, at + 43));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(new Ollama({ host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const ASK = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };

describe("Ollama's own client reads", () => {
  test('a whole answer', () =>
    withClient(JSON.stringify(ollamaChat.writeOutput(RICH, asked(SMALL_CALL))), async (client) => {
      const { message, done, done_reason, prompt_eval_count, eval_count, model } = await client.chat(ASK);
      assert.deepEqual([message.content, message.thinking], ['Let me look. 👀', 'They ask for Zürich.']);
      assert.deepEqual(
        message.tool_calls?.map((each) => each.function.arguments),
        [{ city: 'Zürich' }, {}],
      );
      assert.deepEqual([done, done_reason, prompt_eval_count, eval_count, model], [true, 'stop', 26, 298, 'qwen3']);
    }));

  test('a stream', () =>
    withClient(framed(ollamaChat, encode(ollamaChat, unfold(RICH))), async (client) => {
      const lines: object[] = [];
      for await (const line of await client.chat({ ...ASK, stream: true })) lines.push(line);
      assert.deepEqual(folded(events(lines)), RICH);
    }));

  test('an error in a stream', () => {
    const broken: CallEvent[] = [...unfold(RICH)].slice(0, 4);
    const frames = encode(ollamaChat, [...broken, { type: 'error', error: { type: 'x', message: 'it broke' } }]);
    return withClient(framed(ollamaChat, frames), (client) =>
      assert.rejects(async () => {
        for await (const line of await client.chat({ ...ASK, stream: true })) assert.ok(line.message);
      }, /it broke/),
    );
  });

  test('generate and embeddings', async () => {
    const said: CallOutput = {
      ...RICH,
      messages: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hi' }], finish_reason: 'stop' }],
    };
    await withClient(framed(ollamaGenerate, encode(ollamaGenerate, unfold(said))), async (client) => {
      let text = '';
      for await (const { response } of await client.generate({ model: 'm', prompt: 'p', stream: true }))
        text += response ?? '';
      assert.equal(text, 'Hi');
    });
    const output = { vectors: [[0.5, 1]], usage: undefined, model: 'e', id: '' };
    const call = (body: object) => ollamaEmbeddings.readEmbeddings({ body, model: 'e', stream: false });
    const written = (body: object) => JSON.stringify(ollamaEmbeddings.writeVectors(output, call(body)));
    await withClient(written({ input: 'a' }), async (client) =>
      assert.deepEqual((await client.embed({ model: 'e', input: 'a' })).embeddings, [[0.5, 1]]),
    );
    await withClient(written({ prompt: 'a' }), async (client) =>
      assert.deepEqual((await client.embeddings({ model: 'e', prompt: 'a' })).embedding, [0.5, 1]),
    );
  });
});

describe('embeddings', () => {
  const readAll = (body: object) => ollamaEmbeddings.readEmbeddings({ body, model: 'm', stream: false });

  test('requests both ways', () => {
    assert.deepEqual(readAll({ model: 'e', input: ['a', 'b'], truncate: true, dimensions: 8 }), {
      model: 'e',
      inputs: ['a', 'b'],
      base64: false,
      single: false,
      dimensions: 8,
      extra: { truncate: true },
    });
    const older = readAll({ model: 'e', prompt: 'a' });
    assert.deepEqual([older.inputs, older.single], [['a'], true]);
    assert.deepEqual(ollamaEmbeddings.writeEmbeddings(older, TARGET), {
      body: { model: 'qwen3', input: 'a' },
      dropped: [],
    });
    assert.throws(() => ollamaEmbeddings.writeEmbeddings({ ...older, inputs: [[1]] }, TARGET), Inexpressible);
    assert.throws(() => readAll({ model: 'e', input: [[1]] }), Inexpressible);
  });

  test('property: vectors come back', () => {
    fc.assert(
      fc.property(embeddingsOutput, (output) => {
        const written = ollamaEmbeddings.writeVectors(output, readAll({ model: 'm', input: ['a'] }));
        assert.deepEqual(ollamaEmbeddings.readVectors(wire(written)), output);
      }),
    );
  });

  test('no vectors are no answer', () => {
    assert.equal(ollamaEmbeddings.readOutput({}).complete, false);
    assert.equal(ollamaEmbeddings.readOutput({ error: 'no' }).error?.message, 'no');
  });
});
