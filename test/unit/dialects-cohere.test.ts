// Cohere's chat and embeddings: the properties of every dialect, recorded payloads, and what is its own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { CohereClientV2 } from 'cohere-ai';
import * as fc from 'fast-check';
import { cohereEmbeddings } from '../../schemas/dialects/cohere/embeddings.ts';
import { cohere } from '../../schemas/dialects/cohere/index.ts';
import { unfold } from '../../schemas/dialects/fold.ts';
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
import type { Call, CallEvent, CallOutput, EmbeddingsCall, Thinking } from '../../schemas/call.ts';

const CAN: Can = {
  systemAnywhere: true,
  images: true,
  imageUrls: true,
  noAnswerModel: true,
  noCacheWrites: true,
  noReasoningCounts: true,
  finishReasons: ['stop', 'length'],
  settings: ['maxTokens', 'temperature', 'topP', 'topK', 'seed', 'stop', 'frequencyPenalty', 'presencePenalty'],
};
const TARGET = { model: 'command-a-03-2025', stream: false, quirks: {} };
const TOOLS = ['weather', 'time'].map((name) => ({ type: 'function', name, parameters: { type: 'object' } }));

const read = (body: object): Call => cohere.readCall({ body, model: 'command', stream: false });
const write = (call: Partial<Call>) => cohere.writeCall({ ...SMALL_CALL, ...call }, TARGET);
const bodyOf = (call: Partial<Call>) => wire(write(call).body) as Record<string, unknown>;
const events = (values: readonly object[]): CallEvent[] => {
  const frames = values.map((value) => ({ event: (value as { type: string }).type, data: JSON.stringify(value) }));
  return decodeBytes(cohere, framed(cohere, frames), 1e6);
};

const RICH: CallOutput = {
  id: 'c14c80c3',
  model: '',
  messages: [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'I will look it up.' },
        {
          type: 'text',
          content: 'It is 4 degrees 🥶.',
          citations: [{ url: 'https://example.com', title: 'Weather', quote: '4 C', start: 6, end: 15 }],
        },
        { type: 'tool_call', id: 'weather_1', name: 'weather', arguments: { city: 'Zürich' } },
        { type: 'tool_call', id: 'time_2', name: 'time', arguments: {} },
      ],
      finish_reason: 'tool_call',
    },
  ],
  usage: { input: 300, cacheRead: 100, cacheWrite: 0, output: 40, reasoning: 0 },
  complete: true,
  error: undefined,
};

describe('properties', () => {
  test('calls come back', () => callsComeBack(cohere, { can: CAN }));
  test('answers come back', () => outputsComeBack(cohere, { can: { ...CAN, reasoning: true, noTools: true } }));
  test('answers with calls come back', () => outputsComeBack(cohere, { can: CAN }));
  test('streams come back', () => streamsComeBack(cohere, { can: { ...CAN, reasoning: true } }));
  test('cuts do not matter', () => cutsDoNotMatter(cohere, framed(cohere, encode(cohere, unfold(RICH)))));
});

describe('requests', () => {
  test('messages of each role, tools, settings, and what is its own', () => {
    const call = read({
      model: 'command-a-03-2025',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          tool_plan: 'I will look it up.',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'document', document: { data: { degrees: 4 } } }] },
      ],
      tools: [{ type: 'function', function: { name: 'weather', description: 'Now', parameters: { type: 'object' } } }],
      strict_tools: true,
      documents: [{ data: { text: 'x' } }],
      safety_mode: 'STRICT',
      p: 0.9,
      k: 3,
      stop_sequences: ['END'],
      tool_choice: 'REQUIRED',
      response_format: { type: 'json_object', json_schema: { type: 'object' } },
      thinking: { type: 'enabled', token_budget: 1000 },
    });
    assert.deepEqual(call.messages[1]?.parts[1], {
      type: 'blob',
      modality: 'image',
      mime_type: 'image/png',
      content: 'iVBORw==',
      detail: 'low',
    });
    assert.deepEqual(call.messages[2]?.parts, [
      { type: 'reasoning', content: 'I will look it up.' },
      { type: 'tool_call', id: 'a', name: 'weather', arguments: { city: 'Oslo' } },
    ]);
    assert.equal(call.paths.get(call.messages[1]?.parts[1] ?? {}), 'messages.1.content.1');
    assert.deepEqual(call.tools, [
      { type: 'function', name: 'weather', description: 'Now', parameters: { type: 'object' }, strict: true },
    ]);
    assert.deepEqual(call.settings, {
      topP: 0.9,
      topK: 3,
      stop: ['END'],
      toolChoice: 'required',
      format: { type: 'schema', schema: { type: 'object' } },
      thinking: { budget: 1000 },
    });
    assert.deepEqual(Object.keys(call.extra).sort(), ['documents', 'safety_mode']);
    // All of it goes back to where it came from.
    const body = bodyOf(call);
    assert.deepEqual(read(body).messages, call.messages);
    assert.deepEqual([body['strict_tools'], body['documents']], [true, [{ data: { text: 'x' } }]]);
  });

  test('a tool by its name is the only one on offer', () => {
    const body = bodyOf({ tools: TOOLS, settings: { toolChoice: { name: 'time' } } });
    assert.deepEqual([(body['tools'] as unknown[]).length, body['tool_choice']], [1, 'REQUIRED']);
    assert.equal(bodyOf({ tools: TOOLS, settings: { toolChoice: 'none' } })['tool_choice'], 'NONE');
    assert.equal(bodyOf({ tools: TOOLS, settings: { toolChoice: 'auto' } })['tool_choice'], undefined);
  });

  test('thinking, formats, several results of one message, failed tools', () => {
    const thinking = (asked: Thinking) => bodyOf({ settings: { thinking: asked } })['thinking'];
    assert.deepEqual(
      [{ effort: 'none' }, { effort: 'low' }, { budget: -1 }].map((each) => thinking(each as Thinking)),
      [{ type: 'disabled' }, { type: 'enabled', token_budget: 2048 }, { type: 'enabled' }],
    );
    assert.deepEqual(bodyOf({ settings: { format: { type: 'json' } } })['response_format'], { type: 'json_object' });
    const results = ['one', 'two'].map(
      (response, at) => ({ type: 'tool_call_response', id: String(at), response, is_error: at === 1 }) as const,
    );
    assert.deepEqual(bodyOf({ messages: [{ role: 'tool', parts: results }] })['messages'], [
      { role: 'tool', tool_call_id: '0', content: 'one' },
      { role: 'tool', tool_call_id: '1', content: 'Error: two' },
    ]);
  });

  test('what cannot be said is refused with its place or dropped with its name', () => {
    const audio = { type: 'blob', modality: 'audio', mime_type: 'audio/wav', content: 'AA==' } as const;
    const paths = new WeakMap([[audio, 'messages.0.content.1']]);
    assert.throws(
      () => write({ messages: [{ role: 'user', parts: [audio] }], paths }),
      (error) => error instanceof Inexpressible && error.field === 'messages.0.content.1',
    );
    for (const settings of [{ n: 2 }, { logprobs: true }, { parallelTools: false }])
      assert.throws(() => write({ settings, tools: TOOLS }), Inexpressible);
    assert.throws(() => write({ tools: [{ type: 'web_search', name: 'web_search', raw: {} }] }), Inexpressible);
    const { dropped, body } = write({ settings: { logitBias: { 1: 1 }, user: 'u', frequencyPenalty: 1.5, topK: 2 } });
    assert.deepEqual([[...dropped].sort(), body['k']], [['frequencyPenalty', 'logitBias', 'user'], 2]);
  });
});

describe('answers', () => {
  test('streamed with citations, they come back', () => {
    assert.deepEqual(folded(decodeBytes(cohere, framed(cohere, encode(cohere, unfold(RICH))), 9)), RICH);
  });

  test('recorded: text with citations, what is billed is what counts', () => {
    const output = cohere.readOutput({
      id: 'c14c80c3',
      finish_reason: 'COMPLETE',
      message: {
        role: 'assistant',
        content: [{ type: 'text', text: 'It is 4 degrees.' }],
        citations: [
          {
            start: 6,
            end: 15,
            text: '4 degrees',
            type: 'TEXT_CONTENT',
            sources: [{ type: 'tool', id: 'weather_1:0', tool_output: { degrees: '4' } }],
          },
          { start: 0, end: 2, text: 'It', type: 'PLAN', sources: [] },
        ],
      },
      usage: {
        billed_units: { input_tokens: 51, output_tokens: 21, search_units: 1 },
        tokens: { input_tokens: 954, output_tokens: 71 },
        cached_tokens: 16,
      },
    });
    assert.deepEqual(output.messages[0]?.parts, [
      { type: 'text', content: 'It is 4 degrees.', citations: [{ start: 6, end: 15, quote: '{"degrees":"4"}' }] },
    ]);
    assert.deepEqual(output.usage, {
      input: 51,
      cacheRead: 16,
      cacheWrite: 0,
      output: 21,
      reasoning: 0,
      units: { searches: 1 },
    });
    assert.deepEqual(cohere.readUsage({ tokens: { input_tokens: 5, output_tokens: 2 } })?.input, 5);
  });

  test('errors and reasons', () => {
    assert.deepEqual(cohere.readOutput({ id: 'x', message: 'invalid api token' }).error?.message, 'invalid api token');
    const reason = (finish_reason: string) =>
      cohere.readOutput({ finish_reason, message: {} }).messages[0]?.finish_reason;
    assert.deepEqual(['COMPLETE', 'STOP_SEQUENCE', 'MAX_TOKENS', 'TOOL_CALL', 'TIMEOUT'].map(reason), [
      'stop',
      'stop',
      'length',
      'tool_call',
      'error',
    ]);
  });
});

describe('streams', () => {
  test('recorded: a plan and two calls', () => {
    const call = (index: number, name: string) => ({
      type: 'tool-call-start',
      index,
      delta: {
        message: { tool_calls: { id: `${name}_${index}`, type: 'function', function: { name, arguments: '' } } },
      },
    });
    const more = (index: number, said: string) => ({
      type: 'tool-call-delta',
      index,
      delta: { message: { tool_calls: { function: { arguments: said } } } },
    });
    const output = folded(
      events([
        {
          type: 'message-start',
          id: 'fba98ad3',
          delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
        },
        { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I' } } },
        { type: 'tool-plan-delta', delta: { message: { tool_plan: ' will.' } } },
        call(0, 'weather'),
        more(0, '{"city":'),
        more(0, '"Oslo"}'),
        { type: 'tool-call-end', index: 0 },
        call(1, 'time'),
        { type: 'tool-call-end', index: 1 },
        {
          type: 'message-end',
          delta: { finish_reason: 'TOOL_CALL', usage: { billed_units: { input_tokens: 37, output_tokens: 28 } } },
        },
      ]),
    );
    assert.deepEqual(output.messages[0], {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'I will.' },
        { type: 'tool_call', id: 'weather_0', name: 'weather', arguments: { city: 'Oslo' } },
        { type: 'tool_call', id: 'time_1', name: 'time', arguments: {} },
      ],
      finish_reason: 'tool_call',
    });
    assert.deepEqual([output.id, output.usage?.input, output.complete], ['fba98ad3', 37, true]);
  });

  test('an error at the end is no end', () => {
    const output = folded(events([{ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'it broke' } }]));
    assert.deepEqual([output.error?.message, output.complete], ['it broke', false]);
    const frames = encode(cohere, [{ type: 'error', error: { type: 'x', message: 'it broke' } }]);
    assert.deepEqual(
      frames.map(({ data }) => JSON.parse(data) as unknown),
      [{ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'it broke' } }],
    );
  });
});

/** Cohere's own client, and what it is answered. */
async function withClient(body: string | Buffer, use: (client: CohereClientV2) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': typeof body === 'string' ? 'application/json' : 'text/event-stream' });
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 41) response.write(bytes.subarray(at, at + 41));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(new CohereClientV2({ token: 'x', environment: `http://127.0.0.1:${port}`, maxRetries: 0 } as never));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const ASK = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };

describe("Cohere's own client reads", () => {
  test('a whole answer', () =>
    withClient(JSON.stringify(cohere.writeOutput(RICH, asked(SMALL_CALL))), async (client) => {
      const { id, message, finishReason, usage } = await client.chat(ASK);
      assert.deepEqual([id, finishReason, message.toolPlan], ['c14c80c3', 'TOOL_CALL', 'I will look it up.']);
      assert.deepEqual(message.content, [{ type: 'text', text: 'It is 4 degrees 🥶.' }]);
      assert.deepEqual(
        message.toolCalls?.map((each) => each.function?.arguments),
        ['{"city":"Zürich"}', '{}'],
      );
      assert.deepEqual([message.citations?.[0]?.start, message.citations?.[0]?.sources?.[0]?.type], [6, 'document']);
      assert.deepEqual([usage?.billedUnits?.inputTokens, usage?.cachedTokens], [300, 100]);
    }));

  test('a stream', () =>
    withClient(framed(cohere, encode(cohere, unfold(RICH))), async (client) => {
      const types: string[] = [];
      let text = '';
      let calls = '';
      for await (const event of await client.chatStream(ASK)) {
        types.push(event.type);
        if (event.type === 'content-delta') text += event.delta?.message?.content?.text ?? '';
        if (event.type === 'tool-call-start') calls += event.delta?.message?.toolCalls?.function?.name;
        if (event.type === 'tool-call-delta') calls += event.delta?.message?.toolCalls?.function?.arguments;
        if (event.type === 'message-end') assert.equal(event.delta?.usage?.billedUnits?.inputTokens, 300);
      }
      assert.deepEqual([text, calls], ['It is 4 degrees 🥶.', 'weather{"city":"Zürich"}time{}']);
      const kinds = 'citation-end citation-start content-delta content-end content-start message-end message-start';
      const all = `${kinds} tool-call-delta tool-call-end tool-call-start`;
      assert.deepEqual([...new Set(types)].sort(), all.split(' '));
      assert.deepEqual([types[0], types.at(-1)], ['message-start', 'message-end']);
    }));

  test('embeddings', () => {
    const call = cohereEmbeddings.readEmbeddings({
      body: { texts: ['a'], input_type: 'search_query' },
      model: 'm',
      stream: false,
    });
    const usage = { input: 3, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
    const written = cohereEmbeddings.writeVectors({ vectors: [[0.5, 1]], usage, model: 'm', id: 'e1' }, call);
    return withClient(JSON.stringify(written), async (client) => {
      const { embeddings, meta, texts } = await client.embed({
        model: 'm',
        texts: ['a'],
        inputType: 'search_query',
      });
      assert.deepEqual([embeddings.float, meta?.billedUnits?.inputTokens, texts], [[[0.5, 1]], 3, ['a']]);
    });
  });
});

describe('embeddings', () => {
  const readAll = (body: object): EmbeddingsCall =>
    cohereEmbeddings.readEmbeddings({ body, model: 'm', stream: false });

  test('requests both ways', () => {
    const call = readAll({
      inputs: [{ content: [{ type: 'text', text: 'a' }] }, { content: [{ type: 'text', text: 'b' }] }],
      input_type: 'search_document',
      embedding_types: ['base64'],
      output_dimension: 256,
      truncate: 'END',
    });
    const { extra, ...rest } = call;
    assert.deepEqual(rest, {
      model: 'm',
      inputs: ['a', 'b'],
      base64: true,
      single: false,
      task: 'retrieval_document',
      dimensions: 256,
    });
    assert.deepEqual(extra, { truncate: 'END' });
    assert.deepEqual(cohereEmbeddings.writeEmbeddings(call, TARGET), {
      body: {
        model: TARGET.model,
        texts: ['a', 'b'],
        input_type: 'search_document',
        embedding_types: ['float'],
        output_dimension: 256,
        truncate: 'END',
      },
      dropped: [],
    });
    const foreign = { ...call, task: 'similarity', user: 'u', extra: { other: 1 } };
    assert.deepEqual(cohereEmbeddings.writeEmbeddings(foreign, TARGET).dropped, ['task', 'user', 'other']);
    assert.throws(() => cohereEmbeddings.writeEmbeddings({ ...call, inputs: [[1]] }, TARGET), Inexpressible);
    for (const body of [
      { texts: ['a'], embedding_types: ['int8'] },
      { inputs: [{ content: [{ type: 'image_url' }] }] },
    ])
      assert.throws(() => readAll(body), Inexpressible);
  });

  test('property: vectors come back, as lists and packed', () => {
    fc.assert(
      fc.property(embeddingsOutput, fc.boolean(), (output, base64) => {
        const call = { ...readAll({ texts: ['a'] }), base64 };
        const { vectors, usage } = cohereEmbeddings.readVectors(wire(cohereEmbeddings.writeVectors(output, call)));
        assert.deepEqual([vectors, usage], [output.vectors, output.usage]);
      }),
    );
  });

  test('recorded: pictures are billed too; answers without types', () => {
    const output = cohereEmbeddings.readOutput({
      id: 'e',
      embeddings: { float: [[0.1]] },
      meta: { billed_units: { image_tokens: 800, images: 1 } },
    });
    assert.deepEqual(output.usage?.units, { imageInput: 800, images: 1 });
    assert.equal(output.usage?.input, 800);
    assert.deepEqual(cohereEmbeddings.readVectors({ embeddings: [[1, 2]] }).vectors, [[1, 2]]);
  });
});
