// Bedrock's Converse and InvokeModel: the properties of every dialect, recorded payloads, and what is its own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { anthropic } from '../../schemas/dialects/anthropic/index.ts';
import { bedrock } from '../../schemas/dialects/bedrock/index.ts';
import { bedrockInvoke, readUsage as readInvokeUsage } from '../../schemas/dialects/bedrock/invoke.ts';
import { unfold } from '../../schemas/dialects/fold.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import { SMALL_CALL, asked } from '../support/neutral.ts';
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

const CAN: Can = {
  systemApart: true,
  mixed: true,
  images: true,
  imageResults: true,
  reasoning: true,
  seal: 'anthropic',
  toolErrors: true,
  alwaysTools: true,
  noAnswerId: true,
  noAnswerModel: true,
  noReasoningCounts: true,
  settings: ['maxTokens', 'temperature', 'topP', 'stop', 'metadata'],
};

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NEWEST = 'global.anthropic.claude-opus-4-8-v1:0';

const read = (body: object, stream = false): Call => bedrock.readCall({ body, model: CLAUDE, stream });
const write = (call: Partial<Call>, model = CLAUDE) =>
  bedrock.writeCall({ ...SMALL_CALL, ...call }, { model, stream: false, quirks: {} });
const bodyOf = (call: Partial<Call>, model = CLAUDE) => wire(write(call, model).body) as Record<string, unknown>;
const user = (...parts: Part[]): Partial<Call> => ({ messages: [{ role: 'user', parts }] });
const events = (frames: readonly (readonly [string, object])[]): CallEvent[] =>
  decodeBytes(
    bedrock,
    framed(
      bedrock,
      frames.map(([event, data]) => ({ event, data: JSON.stringify(data) })),
    ),
    1e6,
  );

const TOOLS = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } }];

/** What a model said, with everything in it. */
const RICH: CallOutput = {
  id: '',
  model: '',
  messages: [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'They ask for Zürich.', seal: { family: 'anthropic', value: 'c2ln' } },
        { type: 'text', content: 'Let me look. 👀' },
        { type: 'tool_call', id: 'tooluse_1', name: 'weather', arguments: { city: 'Zürich' } },
        { type: 'tool_call', id: 'tooluse_2', name: 'time', arguments: {} },
      ],
      finish_reason: 'tool_call',
    },
  ],
  usage: { input: 1300, cacheRead: 1000, cacheWrite: 200, output: 40, reasoning: 0 },
  complete: true,
  error: undefined,
};

describe('properties', () => {
  test('calls come back', () => callsComeBack(bedrock, { can: CAN }));
  test('answers come back', () => outputsComeBack(bedrock, { can: CAN }));
  test('streams come back', () => streamsComeBack(bedrock, { can: CAN }));
  test('cuts do not matter', () => cutsDoNotMatter(bedrock, framed(bedrock, encode(bedrock, unfold(RICH)))));
});

describe('requests, read', () => {
  test('instructions, cache points, media, tools, results, settings, and what is left', () => {
    const call = read({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'Look' },
            { image: { format: 'jpeg', source: { bytes: '/9j/' } } },
            { document: { format: 'pdf', name: 'report', source: { bytes: 'JVBERg==' } } },
            { video: { format: 'mp4', source: { s3Location: { uri: 's3://bucket/film.mp4' } } } },
            { guardContent: { text: { text: 'watched' } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
            { reasoningContent: { redactedContent: 'eHh4' } },
            { toolUse: { toolUseId: 't1', name: 'weather', input: { city: 'Oslo' } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 't1', content: [{ json: { degrees: 4 } }], status: 'success' } },
            { cachePoint: { type: 'default' } },
            { text: 'And?' },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      toolConfig: {
        tools: [
          { toolSpec: { name: 'weather', inputSchema: { json: { type: 'object' } } } },
          { cachePoint: { type: 'default' } },
        ],
        toolChoice: { any: {} },
      },
      additionalModelRequestFields: { top_k: 40, thinking: { type: 'enabled', budget_tokens: 2000 }, other: 1 },
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
      performanceConfig: { latency: 'optimized' },
      serviceTier: { type: 'flex' },
    });
    assert.deepEqual(call.system, [{ type: 'text', content: 'Be brief.', cache: { ttl: '1h' } }]);
    assert.deepEqual(
      call.messages.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'user'],
    );
    assert.deepEqual(call.messages[0]?.parts, [
      { type: 'text', content: 'Look' },
      { type: 'blob', modality: 'image', mime_type: 'image/jpeg', content: '/9j/' },
      { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'JVBERg==', name: 'report.pdf' },
      { type: 'uri', modality: 'video', uri: 's3://bucket/film.mp4', mime_type: 'video/mp4' },
      { type: 'generic', generic_type: 'guardContent', content: { guardContent: { text: { text: 'watched' } } } },
    ]);
    assert.deepEqual(call.messages[1]?.parts.slice(0, 2), [
      { type: 'reasoning', content: 'Hm.', seal: { family: 'anthropic', value: 'c2ln' } },
      { type: 'reasoning', content: '', redacted: true, seal: { family: 'anthropic', value: 'eHh4' } },
    ]);
    assert.deepEqual(call.messages[2]?.parts, [
      { type: 'tool_call_response', id: 't1', response: { degrees: 4 }, cache: { ttl: '5m' } },
    ]);
    assert.deepEqual(call.tools, [
      { type: 'function', name: 'weather', parameters: { type: 'object' }, cache: { ttl: '5m' } },
    ]);
    assert.deepEqual(call.settings, {
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      toolChoice: 'required',
      topK: 40,
      thinking: { budget: 2000 },
      serviceTier: 'flex',
    });
    assert.deepEqual(call.extra, {
      additionalModelRequestFields: { other: 1 },
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
      performanceConfig: { latency: 'optimized' },
    });
    const place = (message: number, part: number) => call.paths.get(call.messages[message]?.parts[part] ?? {});
    assert.equal(place(0, 4), 'messages.0.content.4');
    assert.equal(place(3, 0), 'messages.2.content.2');
  });

  test('a field of another type is refused with its place', () => {
    const wrong = { messages: [], inferenceConfig: { maxTokens: '100' } };
    assert.throws(
      () => read(wrong),
      (error) => error instanceof Inexpressible && error.field === 'inferenceConfig.maxTokens',
    );
  });
});

describe('requests, written', () => {
  test('instructions of any role are hoisted, same roles are one message, blank texts are left out', () => {
    const body = bodyOf({
      system: [{ type: 'text', content: 'One', cache: { ttl: '1h' } }],
      messages: [
        { role: 'developer', parts: [{ type: 'text', content: 'Two' }] },
        {
          role: 'user',
          parts: [
            { type: 'text', content: 'Hi' },
            { type: 'text', content: ' \n' },
          ],
        },
        { role: 'user', parts: [{ type: 'text', content: 'there' }] },
        { role: 'system', parts: [{ type: 'text', content: 'Three' }] },
        { role: 'assistant', parts: [{ type: 'text', content: '' }] },
      ],
    });
    assert.deepEqual(body['system'], [
      { text: 'One' },
      { cachePoint: { type: 'default', ttl: '1h' } },
      { text: 'Two' },
      { text: 'Three' },
    ]);
    assert.deepEqual(body['messages'], [{ role: 'user', content: [{ text: 'Hi' }, { text: 'there' }] }]);
  });

  test('documents have names that Converse takes, each its own', () => {
    const document = (name?: string): Part => ({
      type: 'blob',
      modality: 'document',
      mime_type: 'application/pdf',
      content: 'JVBERg==',
      ...(name === undefined ? {} : { name }),
    });
    const body = bodyOf(
      user(document(), document(), document("Anna's  report.pdf"), document('Bericht.pdf'), document('bericht')),
    );
    const [message] = body['messages'] as { content: { document: { name: string } }[] }[];
    assert.deepEqual(
      message?.content.map(({ document }) => document.name),
      ['document', 'document-2', 'Anna-s report', 'Bericht', 'bericht-2'],
    );
  });

  test('tool blocks become text where no tools are offered', () => {
    const messages: Call['messages'] = [
      { role: 'user', parts: [{ type: 'text', content: 'Weather?' }] },
      { role: 'assistant', parts: [{ type: 'tool_call', id: '1', name: 'weather', arguments: { city: 'Oslo' } }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: '1', response: 'rain' }] },
    ];
    for (const call of [
      { messages, tools: [] },
      { messages, tools: TOOLS, settings: { toolChoice: 'none' } as const },
    ]) {
      const body = bodyOf(call);
      assert.equal(body['toolConfig'], undefined);
      assert.doesNotMatch(JSON.stringify(body), /toolUse|toolResult/);
      assert.match(JSON.stringify(body), /Called the tool weather with .*Oslo.*The tool answered: rain/);
    }
    assert.match(JSON.stringify(bodyOf({ messages, tools: TOOLS })), /toolUse.*toolResult/);
  });

  test('thoughts go back to their own family only', () => {
    const parts: Part[] = (['anthropic', 'openai', undefined] as const).map((family) => ({
      type: 'reasoning',
      content: family ?? 'nobody',
      ...(family === undefined ? {} : { seal: { family, value: 'c2ln' } }),
    }));
    const [message] = bodyOf({ messages: [{ role: 'assistant', parts }] })['messages'] as { content: unknown[] }[];
    assert.deepEqual(message?.content, [
      { reasoningContent: { reasoningText: { text: 'anthropic', signature: 'c2ln' } } },
      { reasoningContent: { reasoningText: { text: 'nobody' } } },
    ]);
  });

  test('a choice of tools, and calls one by one', () => {
    const config = (settings: Call['settings'], model = CLAUDE) => {
      const { toolConfig, additionalModelRequestFields } = bodyOf({ tools: TOOLS, settings }, model);
      return [(toolConfig as { toolChoice?: unknown }).toolChoice, additionalModelRequestFields];
    };
    assert.deepEqual(config({ toolChoice: { name: 'weather' } }), [{ tool: { name: 'weather' } }, undefined]);
    assert.deepEqual(config({ toolChoice: 'required' }), [{ any: {} }, undefined]);
    assert.deepEqual(config({ parallelTools: false, toolChoice: 'required' }), [
      undefined,
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    ]);
    assert.throws(() => config({ parallelTools: false }, 'amazon.nova-pro-v1:0'), Inexpressible);
  });

  test('how to think, by the model', () => {
    const of = (thinking: Call['settings']['thinking'], model: string, rest: Call['settings'] = {}) => {
      const { body, dropped } = write({ settings: { thinking, ...rest } as Call['settings'] }, model);
      return [body['additionalModelRequestFields'], body['outputConfig'], dropped];
    };
    assert.deepEqual(of({ effort: 'low' }, CLAUDE, { temperature: 0.3 }), [
      { thinking: { type: 'enabled', budget_tokens: 2048 } },
      undefined,
      ['temperature'],
    ]);
    assert.deepEqual(of({ budget: 4000 }, CLAUDE, { maxTokens: 3000 }), [
      { thinking: { type: 'enabled', budget_tokens: 2999 } },
      undefined,
      [],
    ]);
    assert.deepEqual(of({ effort: 'medium' }, NEWEST), [{ thinking: { type: 'adaptive' } }, { effort: 'medium' }, []]);
    assert.deepEqual(of({ effort: 'max' }, 'amazon.nova-2-lite-v1:0'), [
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
      undefined,
      [],
    ]);
    assert.deepEqual(of({ effort: 'xhigh' }, 'openai.gpt-oss-120b-1:0'), [{ reasoning_effort: 'high' }, undefined, []]);
    assert.deepEqual(of({ effort: 'low' }, 'meta.llama3-1-8b-instruct-v1:0'), [undefined, undefined, ['thinking']]);
  });

  test('formats: a schema as text, JSON without one in words', () => {
    const format = {
      type: 'schema',
      schema: { type: 'object', properties: { a: { type: 'string' } } },
      name: 'x',
    } as const;
    const { outputConfig } = bodyOf({ settings: { format } }) as {
      outputConfig: { textFormat: { structure: { jsonSchema: { schema: string; name: string } } } };
    };
    const { schema, name } = outputConfig.textFormat.structure.jsonSchema;
    assert.deepEqual([JSON.parse(schema), name], [{ ...format.schema, additionalProperties: false }, 'x']);
    const json = write({ settings: { format: { type: 'json' } } });
    assert.deepEqual(json.dropped, ['format']);
    assert.match(JSON.stringify(json.body['system']), /JSON/);
  });

  test('what cannot be said is refused with its place or dropped with its name', () => {
    const call = read({
      messages: [{ role: 'user', content: [{ text: 'a' }, { image: { format: 'tiff', source: { bytes: 'AA==' } } }] }],
    });
    const target = { model: CLAUDE, stream: false, quirks: {} };
    assert.throws(
      () => bedrock.writeCall(call, target),
      (error) => error instanceof Inexpressible && error.field === 'messages.0.content.1',
    );
    assert.throws(
      () => write(user({ type: 'uri', modality: 'image', uri: 'https://example.com/a.png' })),
      Inexpressible,
    );
    assert.throws(() => write(user({ type: 'file', modality: 'document', file_id: 'file-1' })), Inexpressible);
    for (const settings of [{ n: 2 }, { logprobs: true }]) assert.throws(() => write({ settings }), Inexpressible);
    const { body, dropped } = write({
      settings: { seed: 1, temperature: 1.5, user: 'u', serviceTier: 'scale', topK: 3 },
    });
    assert.deepEqual([...dropped].sort(), ['seed', 'serviceTier', 'temperature', 'user']);
    assert.deepEqual(body['additionalModelRequestFields'], { top_k: 3 });
  });
});

describe('answers', () => {
  test('recorded: a tool call with cached tokens', () => {
    const output = bedrock.readOutput({
      metrics: { latencyMs: 1234 },
      output: {
        message: {
          role: 'assistant',
          content: [
            { text: 'Let me look.' },
            { toolUse: { toolUseId: 'tooluse_abc', name: 'weather', input: { city: 'Zürich' } } },
            {
              citationsContent: {
                content: [{ text: 'It is so.' }],
                citations: [
                  { title: 'A', sourceContent: [{ text: 'so' }], location: { web: { url: 'https://example.com' } } },
                ],
              },
            },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: {
        inputTokens: 21,
        outputTokens: 50,
        totalTokens: 1871,
        cacheReadInputTokens: 1500,
        cacheWriteInputTokens: 300,
        cacheDetails: [
          { ttl: '1h', inputTokens: 200 },
          { ttl: '5m', inputTokens: 100 },
        ],
      },
      serviceTier: { type: 'priority' },
    });
    assert.equal(output.messages[0]?.finish_reason, 'tool_call');
    assert.deepEqual(output.messages[0]?.parts[2], {
      type: 'text',
      content: 'It is so.',
      citations: [{ url: 'https://example.com', title: 'A', quote: 'so' }],
    });
    assert.deepEqual(output.usage, {
      input: 1821,
      cacheRead: 1500,
      cacheWrite: 300,
      output: 50,
      reasoning: 0,
      units: { cacheWrite1h: 200 },
    });
    assert.deepEqual([output.serviceTier, output.complete], ['priority', true]);
    assert.deepEqual(bedrock.readOutput(wire(bedrock.writeOutput(output, asked(SMALL_CALL)))), output);
  });

  test('reasons both ways, errors', () => {
    const reason = (stopReason: string) =>
      bedrock.readOutput({ output: { message: { content: [] } }, stopReason }).messages[0]?.finish_reason;
    assert.deepEqual(
      ['end_turn', 'stop_sequence', 'max_tokens', 'guardrail_intervened', 'malformed_tool_use', 'new_one'].map(reason),
      ['stop', 'stop', 'length', 'content_filter', 'error', 'new_one'],
    );
    assert.deepEqual(
      bedrock.readOutput({ message: 'Too many requests', __type: 'com.amazon#ThrottlingException' }).error,
      {
        type: 'ThrottlingException',
        message: 'Too many requests',
        status: 429,
      },
    );
  });

  test("seals of other providers come back through a client's history", () => {
    const parts: Part[] = [
      { type: 'reasoning', content: 'Hm', seal: { family: 'openai', value: 'enc=', id: 'rs_1' } },
      { type: 'tool_call', id: '1', name: 'f', arguments: {}, seal: { family: 'gemini', value: 'sig' } },
    ];
    const output: CallOutput = { ...RICH, messages: [{ role: 'assistant', parts, finish_reason: 'tool_call' }] };
    const { output: answer } = wire(bedrock.writeOutput(output, asked(SMALL_CALL))) as { output: { message: object } };
    assert.deepEqual(read({ messages: [answer.message] }).messages[0]?.parts, parts);
  });
});

describe('streams', () => {
  test('recorded: thought, text and a call, with padding', () => {
    const decoded = events([
      ['messageStart', { p: 'abcd', role: 'assistant' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'They ask' } }, p: 'ab' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: ' for Zürich.' } } }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'c2ln' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Let me look. 👀' } }],
      ['contentBlockStop', { contentBlockIndex: 1 }],
      ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { name: 'weather', toolUseId: 'tooluse_1' } } }],
      ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":' } } }],
      ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '"Zürich"}' } } }],
      ['contentBlockStop', { contentBlockIndex: 2 }],
      ['contentBlockStart', { contentBlockIndex: 3, start: { toolUse: { name: 'time', toolUseId: 'tooluse_2' } } }],
      ['contentBlockDelta', { contentBlockIndex: 3, delta: { toolUse: { input: '' } } }],
      ['contentBlockStop', { contentBlockIndex: 3 }],
      ['messageStop', { stopReason: 'tool_use' }],
      [
        'metadata',
        {
          metrics: { latencyMs: 5 },
          usage: {
            inputTokens: 100,
            outputTokens: 40,
            totalTokens: 1340,
            cacheReadInputTokens: 1000,
            cacheWriteInputTokens: 200,
          },
        },
      ],
    ]);
    assert.deepEqual(folded(decoded), RICH);
  });

  test('exceptions end a stream, in either direction, with their status', () => {
    const [error] = events([['throttlingException', { message: 'slow down' }]]);
    assert.deepEqual(error, {
      type: 'error',
      error: { type: 'throttlingException', message: 'slow down', status: 429 },
    });
    assert.equal(
      events([['modelStreamErrorException', { originalMessage: 'x', message: 'm', originalStatusCode: 500 }]])[0]?.type,
      'error',
    );
    const exception = (status: number) =>
      encode(bedrock, [{ type: 'error', error: { type: 'overloaded', message: 'no', status } }])[0]?.event;
    assert.deepEqual([400, 429, 500, 503, 529].map(exception), [
      'validationException',
      'throttlingException',
      'internalServerException',
      'serviceUnavailableException',
      'modelStreamErrorException',
    ]);
  });

  test('citations that are known from the beginning are told', () => {
    const citations = [{ url: 'https://example.com', title: 'A', quote: 'so' }];
    const parts: Part[] = [{ type: 'text', content: 'It is so.', citations }];
    const output: CallOutput = { ...RICH, messages: [{ role: 'assistant', parts, finish_reason: 'stop' }] };
    assert.deepEqual(folded(decodeBytes(bedrock, framed(bedrock, encode(bedrock, unfold(output))), 9)), output);
  });

  test('a stream without its metadata is not complete', () => {
    assert.equal(
      folded(
        events([
          ['messageStart', {}],
          ['messageStop', { stopReason: 'end_turn' }],
        ]),
      ).complete,
      false,
    );
  });
});

/** A client of AWS's own, and what it is answered. */
async function withClient(
  answer: { readonly body: string | Buffer; readonly type: string },
  use: (client: BedrockRuntimeClient) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': answer.type });
    const bytes = Buffer.from(answer.body);
    for (let at = 0; at < bytes.length; at += 37) response.write(bytes.subarray(at, at + 37));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
  try {
    await use(client);
  } finally {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const STREAM = FRAMINGS.aws.contentType;
const INPUT = { modelId: 'm', messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }] };

describe("AWS's own client reads", () => {
  test('a whole answer', () =>
    withClient(
      { body: JSON.stringify(bedrock.writeOutput(RICH, asked(SMALL_CALL))), type: 'application/json' },
      async (client) => {
        const { output, stopReason, usage } = await client.send(new ConverseCommand(INPUT));
        assert.deepEqual(output?.message?.content, [
          { reasoningContent: { reasoningText: { text: 'They ask for Zürich.', signature: 'c2ln' } } },
          { text: 'Let me look. 👀' },
          { toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Zürich' } } },
          { toolUse: { toolUseId: 'tooluse_2', name: 'time', input: {} } },
        ]);
        assert.equal(stopReason, 'tool_use');
        assert.deepEqual(usage, {
          inputTokens: 100,
          outputTokens: 40,
          totalTokens: 1340,
          cacheReadInputTokens: 1000,
          cacheWriteInputTokens: 200,
        });
      },
    ));

  test('a stream', () =>
    withClient({ body: framed(bedrock, encode(bedrock, unfold(RICH))), type: STREAM }, async (client) => {
      const { stream } = await client.send(new ConverseStreamCommand(INPUT));
      const seen: (readonly [string, object])[] = [];
      for await (const event of stream ?? []) seen.push(Object.entries(event)[0] as [string, object]);
      assert.deepEqual(folded(events(seen)), RICH);
      assert.deepEqual([seen[0]?.[0], seen.at(-2)?.[0], seen.at(-1)?.[0]], ['messageStart', 'messageStop', 'metadata']);
    }));

  test('an error in a stream', () => {
    const broken: CallEvent[] = [...unfold(RICH)].slice(0, 4);
    broken.push({ type: 'error', error: { type: 'overloaded', message: 'Too busy.', status: 503 } });
    return withClient({ body: framed(bedrock, encode(bedrock, broken)), type: STREAM }, async (client) => {
      const { stream } = await client.send(new ConverseStreamCommand(INPUT));
      await assert.rejects(
        async () => {
          for await (const event of stream ?? []) assert.ok(event);
        },
        { name: 'ServiceUnavailableException', message: 'Too busy.' },
      );
    });
  });
});

describe('InvokeModel', () => {
  const invoke = bedrockInvoke(bedrock, anthropic);
  const chunk = (value: object) => ({
    event: 'chunk',
    data: JSON.stringify({ bytes: Buffer.from(JSON.stringify(value)).toString('base64'), p: 'abc' }),
  });
  const foldChunks = (chunks: readonly object[]) => folded(decodeBytes(invoke, framed(invoke, chunks.map(chunk)), 50));
  const metrics = (inputTokenCount: number, outputTokenCount: number, rest: object = {}) => ({
    'amazon-bedrock-invocationMetrics': {
      inputTokenCount,
      outputTokenCount,
      invocationLatency: 10,
      firstByteLatency: 5,
      ...rest,
    },
  });

  test('usage in the words of every maker', () => {
    const cases: readonly (readonly [object, readonly number[]])[] = [
      [
        { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 1, output_tokens: 7 },
        [16, 5, 1, 7],
      ],
      [{ inputTokens: 10, outputTokens: 7, cacheReadInputTokenCount: 5, cacheWriteInputTokenCount: 0 }, [15, 5, 0, 7]],
      [
        { inputTextTokenCount: 10, results: [{ tokenCount: 7, outputText: 'x', completionReason: 'FINISH' }] },
        [10, 0, 0, 7],
      ],
      [{ inputTextTokenCount: 10, embedding: [1] }, [10, 0, 0, 0]],
      [{ prompt_token_count: 10, generation_token_count: 7, generation: 'x', stop_reason: 'stop' }, [10, 0, 0, 7]],
      [{ prompt_tokens: 10, completion_tokens: 7, total_tokens: 17 }, [10, 0, 0, 7]],
      [{ inputTokenCount: 10, outputTokenCount: 7, cacheReadInputTokenCount: 5 }, [15, 5, 0, 7]],
    ];
    for (const [value, [input, cacheRead, cacheWrite, output]] of cases)
      assert.deepEqual(readInvokeUsage(value), { input, cacheRead, cacheWrite, output, reasoning: 0 });
    assert.equal(readInvokeUsage({ generations: [{ text: 'x' }] }), undefined);
  });

  test('answers and prompts of several makers', () => {
    const said = (body: object) => invoke.readOutput(body).messages[0];
    const text = (content: string, finish_reason: string) => ({
      role: 'assistant',
      parts: [{ type: 'text', content }],
      finish_reason,
    });
    assert.deepEqual(
      said({ results: [{ outputText: 'a', completionReason: 'LENGTH', tokenCount: 1 }] }),
      text('a', 'length'),
    );
    assert.deepEqual(said({ generation: 'b', stop_reason: 'stop' }), text('b', 'stop'));
    assert.deepEqual(said({ outputs: [{ text: 'c', stop_reason: 'stop' }] }), text('c', 'stop'));
    assert.deepEqual(said({ choices: [{ message: { content: 'd' }, finish_reason: 'length' }] }), text('d', 'length'));
    assert.deepEqual(
      said({ type: 'message', content: [{ type: 'text', text: 'e' }], stop_reason: 'end_turn' }),
      text('e', 'stop'),
    );
    assert.deepEqual(
      said({ output: { message: { role: 'assistant', content: [{ text: 'f' }] } }, stopReason: 'end_turn' }),
      text('f', 'stop'),
    );
    const prompt = (body: object) => invoke.readInput(body).messages[0]?.parts[0];
    for (const body of [
      { inputText: 'p' },
      { prompt: 'p' },
      { messages: [{ role: 'user', content: [{ text: 'p' }] }] },
      { messages: [{ role: 'user', content: 'p' }] },
    ])
      assert.deepEqual(prompt(body), { type: 'text', content: 'p' });
    assert.equal(invoke.readOutput({ message: 'no such model' }).error?.message, 'no such model');
  });

  test('streams of several makers', () => {
    const llama = foldChunks([
      { generation: 'a', stop_reason: null },
      { generation: 'b', stop_reason: 'length', ...metrics(9, 2) },
    ]);
    assert.deepEqual(
      [llama.messages[0]?.parts, llama.messages[0]?.finish_reason],
      [[{ type: 'text', content: 'ab' }], 'length'],
    );
    assert.deepEqual([llama.usage?.input, llama.usage?.output, llama.complete], [9, 2, true]);
    const nova = foldChunks([
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { delta: { text: 'a' }, contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 4, outputTokens: 1 } }, ...metrics(4, 1, { cacheReadInputTokenCount: 6 }) },
    ]);
    assert.deepEqual([nova.usage?.input, nova.usage?.cacheRead, nova.complete], [10, 6, true]);
    const start = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude',
      content: [],
      usage: { input_tokens: 8, output_tokens: 1 },
    };
    const claude = foldChunks([
      { type: 'message_start', message: start },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
      // What the cache did stands in the last event alone.
      { type: 'message_stop', usage: { cache_read_input_tokens: 100 }, ...metrics(8, 3) },
    ]);
    assert.deepEqual([claude.messages[0]?.parts, claude.complete], [[{ type: 'text', content: 'Hi' }], true]);
    assert.deepEqual(claude.usage, { input: 108, cacheRead: 100, cacheWrite: 0, output: 3, reasoning: 0 });
    assert.equal(foldChunks([{ generation: 'a' }]).complete, false);
  });

  test('bodies of Anthropic are translated, others are not', () => {
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hi' }],
    };
    const call = invoke.readCall({ body, model: CLAUDE, stream: true });
    assert.deepEqual([call.model, call.stream, call.extra, call.settings.maxTokens], [CLAUDE, true, {}, 10]);
    const written = wire(invoke.writeCall(call, { model: CLAUDE, stream: true, quirks: {} }).body) as object;
    assert.deepEqual(Object.keys(written).sort(), ['anthropic_version', 'max_tokens', 'messages']);
    assert.throws(
      () => invoke.readCall({ body: { inputText: 'Hi' }, model: 'amazon.titan', stream: false }),
      Inexpressible,
    );
  });

  test("AWS's own client reads a translated stream", () =>
    withClient({ body: framed(invoke, encode(invoke, unfold(RICH))), type: STREAM }, async (client) => {
      const { body } = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: 'm', body: '{}' }));
      const seen: Record<string, unknown>[] = [];
      for await (const { chunk } of body ?? [])
        seen.push(JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as Record<string, unknown>);
      assert.deepEqual([seen[0]?.['type'], seen.at(-1)?.['type']], ['message_start', 'message_stop']);
      assert.deepEqual(seen.at(-1)?.['amazon-bedrock-invocationMetrics'], {
        inputTokenCount: 100,
        outputTokenCount: 40,
        cacheReadInputTokenCount: 1000,
        cacheWriteInputTokenCount: 200,
      });
      const output = foldChunks(seen);
      assert.deepEqual([output.messages[0]?.parts, output.usage?.input], [RICH.messages[0]?.parts, 1300]);
    }));
});
