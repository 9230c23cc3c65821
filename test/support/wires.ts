// The wire formats of the fake providers: OpenAI (chat, responses, embeddings), Anthropic, Gemini, Bedrock, Ollama, Cohere.

import { EventStreamCodec } from '@smithy/core/event-streams';
import { argumentPieces, pieces, SIGNATURE, sse, VECTOR } from './wire-types.ts';
import type { Asked, Json, Saying, Wire } from './wire-types.ts';

const bodyModel = ({ body }: Asked) => String(body['model']);
const bodyStream = ({ body }: Asked) => body['stream'] === true;

const CHAT_FINISH = { stop: 'stop', length: 'length', tools: 'tool_calls' } as const;

function chatUsage({ usage }: Saying): Json {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

const openaiError = (status: number, message: string) => ({
  status,
  body: {
    error: { message, type: status === 429 ? 'rate_limit_error' : 'invalid_request_error', param: null, code: null },
  },
});

const chat: Wire = {
  id: 'openai_chat',
  path: /\/chat\/completions$/,
  model: bodyModel,
  stream: bodyStream,
  streamType: 'text/event-stream',
  whole: (saying, model) => ({
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 1_700_000_000,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: saying.text === '' ? null : saying.text,
          refusal: null,
          ...(saying.thought === '' ? {} : { reasoning_content: saying.thought }),
          ...(saying.tools.length === 0
            ? {}
            : {
                tool_calls: saying.tools.map(({ id, name, args }) => ({
                  id,
                  type: 'function',
                  function: { name, arguments: JSON.stringify(args) },
                })),
              }),
        },
        logprobs: null,
        finish_reason: CHAT_FINISH[saying.finish],
      },
    ],
    usage: chatUsage(saying),
  }),
  frames(saying, model, { body }) {
    const head = { id: 'chatcmpl-fake', object: 'chat.completion.chunk', created: 1_700_000_000, model };
    const chunk = (delta: Json, finish: string | null = null) =>
      sse({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] });
    const wantsUsage = (body['stream_options'] as Json | undefined)?.['include_usage'] === true;
    return [
      chunk({ role: 'assistant', content: '' }),
      ...pieces(saying.thought).map((text) => chunk({ reasoning_content: text })),
      ...pieces(saying.text).map((text) => chunk({ content: text })),
      ...saying.tools.flatMap(({ id, name, args }, index) => [
        chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
        ...argumentPieces(args).map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })),
      ]),
      chunk({}, CHAT_FINISH[saying.finish]),
      ...(wantsUsage ? [sse({ ...head, choices: [], usage: chatUsage(saying) })] : []),
      sse('[DONE]'),
    ];
  },
  error: openaiError,
  errorFrame: (message) => sse({ error: { message, type: 'server_error', code: null, param: null } }),
};

function responsesOutput(saying: Saying): Json[] {
  return [
    ...(saying.thought === ''
      ? []
      : [{ id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: saying.thought }] }]),
    ...(saying.text === ''
      ? []
      : [
          {
            id: 'msg_1',
            type: 'message',
            status: 'completed',
            role: 'assistant',
            content: [{ type: 'output_text', text: saying.text, annotations: [], logprobs: [] }],
          },
        ]),
    ...saying.tools.map(({ id, name, args }) => ({
      id: `fc_${id}`,
      type: 'function_call',
      status: 'completed',
      call_id: id,
      name,
      arguments: JSON.stringify(args),
    })),
  ];
}

const responses: Wire = {
  id: 'openai_responses',
  path: /\/responses$/,
  model: bodyModel,
  stream: bodyStream,
  streamType: 'text/event-stream',
  whole: ({ usage, finish, ...said }, model) => ({
    id: 'resp_fake',
    object: 'response',
    created_at: 1_700_000_000,
    status: finish === 'length' ? 'incomplete' : 'completed',
    incomplete_details: finish === 'length' ? { reason: 'max_output_tokens' } : null,
    error: null,
    model,
    output: responsesOutput({ usage, finish, ...said }),
    parallel_tool_calls: true,
    tools: [],
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.input + usage.output,
    },
  }),
  frames(saying, model, asked) {
    const whole = responses.whole(saying, model, asked) as Json;
    let sequence = 0;
    const event = (type: string, more: Json) => sse({ type, sequence_number: sequence++, ...more }, type);
    const started = { ...whole, status: 'in_progress', output: [], usage: null };
    const items = responsesOutput(saying).flatMap((item, index) => {
      const at = { item_id: item['id'], output_index: index };
      const added = event('response.output_item.added', {
        output_index: index,
        item: { ...item, ...EMPTY_ITEM[String(item['type'])] },
      });
      const inside =
        ITEM_EVENTS[String(item['type'])]?.(saying, item, (type, more) => event(type, { ...at, ...more })) ?? [];
      return [added, ...inside, event('response.output_item.done', { output_index: index, item })];
    });
    const last = whole['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed';
    return [
      event('response.created', { response: started }),
      event('response.in_progress', { response: started }),
      ...items,
      event(last, { response: whole }),
    ];
  },
  error: openaiError,
  errorFrame: (message) =>
    sse({ type: 'error', code: 'server_error', message, param: null, sequence_number: 9 }, 'error'),
};

const EMPTY_ITEM: Readonly<Record<string, Json>> = {
  message: { status: 'in_progress', content: [] },
  reasoning: { summary: [] },
  function_call: { status: 'in_progress', arguments: '' },
};

type ItemEvents = (saying: Saying, item: Json, event: (type: string, more: Json) => Buffer) => Buffer[];

const ITEM_EVENTS: Readonly<Record<string, ItemEvents>> = {
  message: ({ text }, _item, event) => [
    event('response.content_part.added', {
      content_index: 0,
      part: { type: 'output_text', text: '', annotations: [] },
    }),
    ...pieces(text).map((delta) => event('response.output_text.delta', { content_index: 0, delta, logprobs: [] })),
    event('response.output_text.done', { content_index: 0, text, logprobs: [] }),
    event('response.content_part.done', { content_index: 0, part: { type: 'output_text', text, annotations: [] } }),
  ],
  reasoning: ({ thought }, _item, event) => [
    event('response.reasoning_summary_part.added', { summary_index: 0, part: { type: 'summary_text', text: '' } }),
    ...pieces(thought).map((delta) => event('response.reasoning_summary_text.delta', { summary_index: 0, delta })),
    event('response.reasoning_summary_text.done', { summary_index: 0, text: thought }),
    event('response.reasoning_summary_part.done', { summary_index: 0, part: { type: 'summary_text', text: thought } }),
  ],
  function_call: (_saying, item, event) => [
    ...argumentPieces(JSON.parse(String(item['arguments']))).map((delta) =>
      event('response.function_call_arguments.delta', { delta }),
    ),
    event('response.function_call_arguments.done', { arguments: item['arguments'] }),
  ],
};

const CLAUDE_FINISH = { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use' } as const;

/** Anthropic counts cached tokens apart. */
const claudeInput = ({ usage }: Saying) => ({
  input_tokens: usage.input - usage.cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: usage.cached,
});

const anthropic: Wire = {
  id: 'anthropic',
  path: /\/messages$/,
  model: bodyModel,
  stream: bodyStream,
  streamType: 'text/event-stream',
  whole: (saying, model) => ({
    id: 'msg_fake',
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(saying.thought === '' ? [] : [{ type: 'thinking', thinking: saying.thought, signature: SIGNATURE }]),
      ...(saying.text === '' ? [] : [{ type: 'text', text: saying.text }]),
      ...saying.tools.map(({ id, name, args }) => ({ type: 'tool_use', id, name, input: args })),
    ],
    stop_reason: CLAUDE_FINISH[saying.finish],
    stop_sequence: null,
    usage: { ...claudeInput(saying), output_tokens: saying.usage.output },
  }),
  frames(saying, model) {
    const event = (type: string, more: Json) => sse({ type, ...more }, type);
    let index = 0;
    const block = (start: Json, deltas: readonly Json[]) => {
      const at = { index: index++ };
      return [
        event('content_block_start', { ...at, content_block: start }),
        ...deltas.map((delta) => event('content_block_delta', { ...at, delta })),
        event('content_block_stop', at),
      ];
    };
    return [
      event('message_start', {
        message: {
          id: 'msg_fake',
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...claudeInput(saying), output_tokens: 1 },
        },
      }),
      event('ping', {}),
      ...(saying.thought === ''
        ? []
        : block({ type: 'thinking', thinking: '', signature: '' }, [
            ...pieces(saying.thought).map((thinking) => ({ type: 'thinking_delta', thinking })),
            { type: 'signature_delta', signature: SIGNATURE },
          ])),
      ...(saying.text === ''
        ? []
        : block(
            { type: 'text', text: '' },
            pieces(saying.text).map((text) => ({ type: 'text_delta', text })),
          )),
      ...saying.tools.flatMap(({ id, name, args }) =>
        block(
          { type: 'tool_use', id, name, input: {} },
          argumentPieces(args).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
        ),
      ),
      event('message_delta', {
        delta: { stop_reason: CLAUDE_FINISH[saying.finish], stop_sequence: null },
        usage: { output_tokens: saying.usage.output },
      }),
      event('message_stop', {}),
    ];
  },
  error: (status, message) => ({
    status,
    body: {
      type: 'error',
      error: { type: status === 429 ? 'rate_limit_error' : status === 529 ? 'overloaded_error' : 'api_error', message },
      request_id: 'req_fake',
    },
  }),
  errorFrame: (message) => sse({ type: 'error', error: { type: 'overloaded_error', message } }, 'error'),
};

const pathModel =
  (pattern: RegExp) =>
  ({ path }: Asked) =>
    decodeURIComponent(pattern.exec(path)?.[1] ?? '');

function geminiParts(saying: Saying): Json[] {
  return [
    ...(saying.thought === '' ? [] : [{ text: saying.thought, thought: true }]),
    ...(saying.text === ''
      ? []
      : [{ text: saying.text, ...(saying.thought === '' ? {} : { thoughtSignature: SIGNATURE }) }]),
    ...saying.tools.map(({ id, name, args }) => ({ functionCall: { id, name, args } })),
  ];
}

const geminiChunk = (parts: readonly Json[], model: string, more: Json = {}, candidate: Json = {}) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...candidate }],
  modelVersion: model,
  responseId: 'resp-fake',
  ...more,
});

/** candidatesTokenCount leaves the thoughts out. */
const geminiUsage = ({ usage }: Saying) => ({
  usageMetadata: {
    promptTokenCount: usage.input,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: usage.output - usage.reasoning,
    ...(usage.reasoning === 0 ? {} : { thoughtsTokenCount: usage.reasoning }),
    totalTokenCount: usage.input + usage.output,
  },
});

const GEMINI_FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tools: 'STOP' } as const;

const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};
const googleError = (code: number, message: string) => ({
  error: { code, message, status: GOOGLE_STATUS[code] ?? 'UNKNOWN' },
});

const gemini: Wire = {
  id: 'gemini',
  path: /\/models\/[^/]+:(?:streamG|g)enerateContent$/,
  model: pathModel(/\/models\/([^/]+):/),
  stream: ({ path }) => path.endsWith(':streamGenerateContent'),
  streamType: 'text/event-stream',
  whole: (saying, model) =>
    geminiChunk(geminiParts(saying), model, geminiUsage(saying), { finishReason: GEMINI_FINISH[saying.finish] }),
  frames(saying, model) {
    const parts = [
      ...pieces(saying.thought).map((text) => ({ text, thought: true })),
      ...pieces(saying.text).map((text) => ({ text })),
      ...geminiParts({ ...saying, thought: '', text: '' }),
      ...(saying.thought === '' ? [] : [{ text: '', thoughtSignature: SIGNATURE }]),
    ];
    return parts.map((part, index) =>
      index < parts.length - 1
        ? sse(geminiChunk([part], model))
        : sse(geminiChunk([part], model, geminiUsage(saying), { finishReason: GEMINI_FINISH[saying.finish] })),
    );
  },
  error: (status, message) => ({ status, body: googleError(status, message) }),
  errorFrame: (message) => sse(googleError(503, message)),
};

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes as Uint8Array).toString('utf8')),
  (text) => Buffer.from(text),
);

/** One frame of AWS's event stream. */
export function awsFrame(event: string, data: Json, kind: 'event' | 'exception' = 'event'): Buffer {
  const headers = {
    [kind === 'event' ? ':event-type' : ':exception-type']: { type: 'string' as const, value: event },
    ':content-type': { type: 'string' as const, value: 'application/json' },
    ':message-type': { type: 'string' as const, value: kind },
  };
  return Buffer.from(codec.encode({ headers, body: Buffer.from(JSON.stringify(data)) }));
}

const BEDROCK_FINISH = { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use' } as const;

const bedrockUsage = ({ usage }: Saying) => ({
  inputTokens: usage.input - usage.cached,
  outputTokens: usage.output,
  totalTokens: usage.input + usage.output,
  cacheReadInputTokens: usage.cached,
  cacheWriteInputTokens: 0,
});

const EXCEPTION: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

const bedrock: Wire = {
  id: 'bedrock',
  path: /^\/model\/[^/]+\/converse(?:-stream)?$/,
  model: pathModel(/^\/model\/([^/]+)\//),
  stream: ({ path }) => path.endsWith('/converse-stream'),
  streamType: 'application/vnd.amazon.eventstream',
  whole: (saying) => ({
    output: {
      message: {
        role: 'assistant',
        content: [
          ...(saying.thought === ''
            ? []
            : [{ reasoningContent: { reasoningText: { text: saying.thought, signature: SIGNATURE } } }]),
          ...(saying.text === '' ? [] : [{ text: saying.text }]),
          ...saying.tools.map(({ id, name, args }) => ({ toolUse: { toolUseId: id, name, input: args } })),
        ],
      },
    },
    stopReason: BEDROCK_FINISH[saying.finish],
    usage: bedrockUsage(saying),
    metrics: { latencyMs: 42 },
  }),
  frames(saying) {
    let index = 0;
    const block = (start: Json | undefined, deltas: readonly Json[]) => {
      const contentBlockIndex = index++;
      return [
        ...(start === undefined ? [] : [awsFrame('contentBlockStart', { contentBlockIndex, start })]),
        ...deltas.map((delta) => awsFrame('contentBlockDelta', { contentBlockIndex, delta })),
        awsFrame('contentBlockStop', { contentBlockIndex }),
      ];
    };
    return [
      awsFrame('messageStart', { role: 'assistant' }),
      ...(saying.thought === ''
        ? []
        : block(undefined, [
            ...pieces(saying.thought).map((text) => ({ reasoningContent: { text } })),
            { reasoningContent: { signature: SIGNATURE } },
          ])),
      ...(saying.text === ''
        ? []
        : block(
            undefined,
            pieces(saying.text).map((text) => ({ text })),
          )),
      ...saying.tools.flatMap(({ id, name, args }) =>
        block(
          { toolUse: { toolUseId: id, name } },
          argumentPieces(args).map((input) => ({ toolUse: { input } })),
        ),
      ),
      awsFrame('messageStop', { stopReason: BEDROCK_FINISH[saying.finish] }),
      awsFrame('metadata', { usage: bedrockUsage(saying), metrics: { latencyMs: 42 } }),
    ];
  },
  error: (status, message) => ({
    status,
    headers: { 'x-amzn-errortype': EXCEPTION[status] ?? 'InternalServerException' },
    body: { message },
  }),
  errorFrame: (message) => awsFrame('modelStreamErrorException', { message }, 'exception'),
};

const OLLAMA_FINISH = { stop: 'stop', length: 'length', tools: 'stop' } as const;

const ollamaDone = (saying: Saying) => ({
  done: true,
  done_reason: OLLAMA_FINISH[saying.finish],
  total_duration: 5_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: saying.usage.input,
  prompt_eval_duration: 1_000_000,
  eval_count: saying.usage.output,
  eval_duration: 3_000_000,
});

const ollamaTools = ({ tools }: Saying) =>
  tools.length === 0 ? {} : { tool_calls: tools.map(({ name, args }) => ({ function: { name, arguments: args } })) };

const ollama: Wire = {
  id: 'ollama_chat',
  path: /^\/api\/chat$/,
  model: bodyModel,
  stream: ({ body }) => body['stream'] !== false,
  streamType: 'application/x-ndjson',
  whole: (saying, model) => ({
    model,
    created_at: '2026-01-01T00:00:00Z',
    message: {
      role: 'assistant',
      content: saying.text,
      ...(saying.thought === '' ? {} : { thinking: saying.thought }),
      ...ollamaTools(saying),
    },
    ...ollamaDone(saying),
  }),
  frames(saying, model) {
    const line = (message: Json, more: Json = { done: false }) =>
      Buffer.from(`${JSON.stringify({ model, created_at: '2026-01-01T00:00:00Z', message, ...more })}\n`);
    const said = (message: Json) => line({ role: 'assistant', content: '', ...message });
    return [
      ...pieces(saying.thought).map((thinking) => said({ thinking })),
      ...pieces(saying.text).map((content) => said({ content })),
      ...(saying.tools.length === 0 ? [] : [said(ollamaTools(saying))]),
      line({ role: 'assistant', content: '' }, ollamaDone(saying)),
    ];
  },
  error: (status, message) => ({ status, body: { error: message } }),
  errorFrame: (message) => Buffer.from(`${JSON.stringify({ error: message })}\n`),
};

const COHERE_FINISH = { stop: 'COMPLETE', length: 'MAX_TOKENS', tools: 'TOOL_CALL' } as const;

const cohereUsage = ({ usage }: Saying) => ({
  billed_units: { input_tokens: usage.input, output_tokens: usage.output },
  tokens: { input_tokens: usage.input, output_tokens: usage.output },
  cached_tokens: usage.cached,
});

const cohereCalls = ({ tools }: Saying) =>
  tools.map(({ id, name, args }) => ({ id, type: 'function', function: { name, arguments: JSON.stringify(args) } }));

const cohere: Wire = {
  id: 'cohere',
  path: /\/v2\/chat$/,
  model: bodyModel,
  stream: bodyStream,
  streamType: 'text/event-stream',
  whole: (saying) => ({
    id: 'cohere-fake',
    finish_reason: COHERE_FINISH[saying.finish],
    message: {
      role: 'assistant',
      content: [
        ...(saying.thought === '' ? [] : [{ type: 'thinking', thinking: saying.thought }]),
        ...(saying.text === '' ? [] : [{ type: 'text', text: saying.text }]),
      ],
      ...(saying.tools.length === 0 ? {} : { tool_calls: cohereCalls(saying) }),
    },
    usage: cohereUsage(saying),
  }),
  frames(saying) {
    const event = (type: string, more: Json) => sse({ type, ...more }, type);
    let index = 0;
    const block = (type: 'text' | 'thinking', text: string) => {
      if (text === '') return [];
      const at = { index: index++ };
      return [
        event('content-start', { ...at, delta: { message: { content: { type, [type]: '' } } } }),
        ...pieces(text).map((piece) =>
          event('content-delta', { ...at, delta: { message: { content: { [type]: piece } } } }),
        ),
        event('content-end', at),
      ];
    };
    return [
      event('message-start', {
        id: 'cohere-fake',
        delta: { message: { role: 'assistant', content: [], tool_calls: [] } },
      }),
      ...block('thinking', saying.thought),
      ...block('text', saying.text),
      ...saying.tools.flatMap(({ id, name, args }, at) => [
        event('tool-call-start', {
          index: at,
          delta: { message: { tool_calls: { id, type: 'function', function: { name, arguments: '' } } } },
        }),
        ...argumentPieces(args).map((text) =>
          event('tool-call-delta', {
            index: at,
            delta: { message: { tool_calls: { function: { arguments: text } } } },
          }),
        ),
        event('tool-call-end', { index: at }),
      ]),
      event('message-end', { delta: { finish_reason: COHERE_FINISH[saying.finish], usage: cohereUsage(saying) } }),
    ];
  },
  error: (status, message) => ({ status, body: { id: 'cohere-fake', message } }),
  errorFrame: (message) =>
    sse({ type: 'message-end', delta: { finish_reason: 'ERROR', error: message } }, 'message-end'),
};

/** Embeddings: one vector an input. */
const vectorWire = (
  id: string,
  path: RegExp,
  inputs: (body: Json) => unknown,
  answer: (count: number) => unknown,
): Wire => ({
  ...chat,
  id,
  path,
  stream: () => false,
  vectors: ({ body }) => {
    const given = inputs(body);
    return answer(Array.isArray(given) ? given.length : 1);
  },
});

const copies = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

export const WIRES: readonly Wire[] = [
  chat,
  responses,
  anthropic,
  gemini,
  bedrock,
  ollama,
  cohere,
  vectorWire(
    'openai_embeddings',
    /\/embeddings$/,
    (body) => body['input'],
    (count) => ({
      object: 'list',
      data: copies(count, (index) => ({ object: 'embedding', index, embedding: VECTOR })),
      model: 'fake-vectors',
      usage: { prompt_tokens: 9, total_tokens: 9 },
    }),
  ),
  {
    ...vectorWire(
      'gemini_embeddings',
      /:(?:batchEmbedContents|embedContent)$/,
      (body) => body['requests'] ?? body['content'],
      (count) => ({
        embeddings: copies(count, () => ({ values: VECTOR })),
      }),
    ),
    model: pathModel(/\/models\/([^/]+):/),
    error: gemini.error,
  },
  {
    ...vectorWire(
      'ollama_embeddings',
      /^\/api\/embed$/,
      (body) => body['input'],
      (count) => ({
        model: 'fake-vectors',
        embeddings: copies(count, () => VECTOR),
        total_duration: 1,
        load_duration: 1,
        prompt_eval_count: 9,
      }),
    ),
    error: ollama.error,
  },
  {
    ...vectorWire(
      'cohere_embeddings',
      /\/v2\/embed$/,
      (body) => body['texts'] ?? body['inputs'],
      (count) => ({
        id: 'cohere-fake',
        embeddings: { float: copies(count, () => VECTOR) },
        texts: [],
        meta: { api_version: { version: '2' }, billed_units: { input_tokens: 9 } },
      }),
    ),
    error: cohere.error,
  },
];
