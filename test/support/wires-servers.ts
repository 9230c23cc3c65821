// The fake providers that speak a maker's dialect in their own way: Azure, Mistral, vLLM, TGI, llama.cpp and Ollama's
// OpenAI face; Claude at Vertex and behind Bedrock's InvokeModel; OpenAI's and Ollama's older APIs. Each on paths of its own.
// The differences are those of the servers' documentation and sources, not of schemas/.

import { createHash } from 'node:crypto';
import { argumentPieces, pieces, sse, VECTOR } from './wire-types.ts';
import type { Asked, Json, Reply, Saying, Wire } from './wire-types.ts';
import { awsFrame, WIRES } from './wires.ts';

const byId = (id: string): Wire => {
  const wire = WIRES.find((each) => each.id === id);
  if (wire === undefined) throw new Error(`there is no wire ${id}`);
  return wire;
};
const chat = byId('openai_chat');
const anthropic = byId('anthropic');
const bedrock = byId('bedrock');
const ollama = byId('ollama_chat');
const bodyModel = ({ body }: Asked) => String(body['model']);

/** How a server of OpenAI's chat dialect differs from OpenAI. */
interface Manner {
  readonly id: string;
  readonly path: RegExp;
  /** Where it says what the model thought; undefined: it never does. */
  readonly thoughts?: 'reasoning_content' | 'reasoning' | 'blocks';
  /** It tells how many tokens came out of its cache. */
  readonly cached?: boolean;
  /** Ends every stream with usage, in the chunk of the finish reason. */
  readonly usageAlways?: boolean;
  /** A tool call in one chunk, as servers send it that read the model's words before. */
  readonly wholeCalls?: boolean;
  readonly ids?: (id: string) => string;
  /** Fields of each chunk and answer beside OpenAI's. */
  readonly more?: Json;
  readonly first?: Json;
  readonly error: (status: number, message: string) => Json;
  readonly errorFrame?: (message: string) => Json;
  readonly frame?: (data: unknown) => Buffer;
}

const FINISH = { stop: 'stop', length: 'length', tools: 'tool_calls' } as const;

function chatServer(manner: Manner): Wire {
  const { id, path, frame = (data) => sse(data), ids = (each) => each } = manner;
  const usageOf = ({ usage }: Saying): Json => ({
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    ...(manner.cached ? { prompt_tokens_details: { cached_tokens: usage.cached } } : {}),
  });
  const thoughtOf = ({ thought }: Saying): Json =>
    thought === '' || manner.thoughts === undefined || manner.thoughts === 'blocks'
      ? {}
      : { [manner.thoughts]: thought };
  const blocks = (thought: string, text: string) => [
    { type: 'thinking', thinking: [{ type: 'text', text: thought }] },
    { type: 'text', text },
  ];
  const contentOf = ({ thought, text }: Saying) =>
    manner.thoughts === 'blocks' && thought !== '' ? blocks(thought, text) : text === '' ? null : text;
  const callsOf = ({ tools }: Saying) =>
    tools.map((each, index) => ({
      id: ids(each.id),
      type: 'function',
      index,
      function: { name: each.name, arguments: JSON.stringify(each.args) },
    }));
  const head = (model: string, object: string) => ({ id: 'cmpl-fake', object, created: 1_700_000_000, model });
  return {
    id,
    path,
    model: bodyModel,
    stream: ({ body }) => body['stream'] === true,
    streamType: 'text/event-stream',
    whole: (saying, model) => ({
      ...head(model, 'chat.completion'),
      ...manner.more,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: contentOf(saying),
            ...thoughtOf(saying),
            ...(saying.tools.length === 0 ? {} : { tool_calls: callsOf(saying) }),
          },
          logprobs: null,
          finish_reason: FINISH[saying.finish],
        },
      ],
      usage: usageOf(saying),
    }),
    frames(saying, model, { body }) {
      const chunk = (choices: readonly Json[], more: Json = {}) =>
        frame({ ...head(model, 'chat.completion.chunk'), ...manner.more, choices, ...more });
      const said = (delta: Json, finish: string | null = null, more: Json = {}) =>
        chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }], more);
      const options = body['stream_options'] as Json | undefined;
      const asked = options?.['include_usage'] === true;
      const thoughts = pieces(manner.thoughts === undefined ? '' : saying.thought).map((text) =>
        said(
          manner.thoughts === 'blocks'
            ? { content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] }
            : { [manner.thoughts ?? '']: text },
        ),
      );
      const calls = callsOf(saying).flatMap(({ function: called, ...call }) => [
        said({ tool_calls: [{ ...call, function: manner.wholeCalls ? called : { ...called, arguments: '' } }] }),
        ...(manner.wholeCalls ? [] : argumentPieces(JSON.parse(called.arguments))).map((text) =>
          said({ tool_calls: [{ index: call.index, function: { arguments: text } }] }),
        ),
      ]);
      return [
        ...(manner.first === undefined ? [] : [frame({ ...manner.first, model: '', object: '', created: 0 })]),
        said({ role: 'assistant', content: '' }),
        ...thoughts,
        ...pieces(saying.text).map((content) => said({ content })),
        ...calls,
        said({ content: '' }, FINISH[saying.finish], manner.usageAlways ? { usage: usageOf(saying) } : {}),
        ...(asked && !manner.usageAlways ? [chunk([], { usage: usageOf(saying) })] : []),
        frame('[DONE]'),
      ];
    },
    error: (status, message): Reply => ({ status, body: manner.error(status, message) }),
    errorFrame: (message) => frame(manner.errorFrame?.(message) ?? manner.error(500, message)),
  };
}

/** Mistral's ids have nine letters and digits. */
const nine = (id: string) => createHash('sha256').update(id).digest('hex').slice(0, 9);

const openaiError = (type: string) => (status: number, message: string) => ({
  error: { message, type, param: null, code: status },
});

const azure = chatServer({
  id: 'azure_chat',
  path: /^\/azure\/openai\/deployments\/[^/]+\/chat\/completions$/,
  cached: true,
  more: { system_fingerprint: 'fp_fake', service_tier: 'default' },
  first: { id: '', choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] },
  error: (status, message) => ({ error: { code: String(status), message } }),
  errorFrame: (message) => ({ error: { code: 'server_error', message } }),
});

const mistral = chatServer({
  id: 'mistral_chat',
  path: /^\/mistral\/v1\/chat\/completions$/,
  thoughts: 'blocks',
  usageAlways: true,
  wholeCalls: true,
  ids: nine,
  error: (status, message) => ({
    object: 'error',
    message,
    type: status === 429 ? 'rate_limited' : 'invalid_request_message',
    param: null,
    code: status === 429 ? '1300' : '3051',
    raw_status_code: status,
  }),
});

const vllm = chatServer({
  id: 'vllm_chat',
  path: /^\/vllm\/v1\/chat\/completions$/,
  thoughts: 'reasoning',
  cached: true,
  error: openaiError('BadRequestError'),
});

const tgi = chatServer({
  id: 'tgi_chat',
  path: /^\/tgi\/v1\/chat\/completions$/,
  wholeCalls: true,
  more: { system_fingerprint: '3.3.0-sha-fake' },
  // Its events have no space behind the colon.
  frame: (data) => Buffer.from(`data:${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`),
  error: (_status, message) => ({ error: message, error_type: 'validation' }),
});

const llamaCpp = chatServer({
  id: 'llama_cpp_chat',
  path: /^\/llama_cpp\/v1\/chat\/completions$/,
  thoughts: 'reasoning_content',
  cached: true,
  more: {
    system_fingerprint: 'b6000-fake',
    timings: { prompt_n: 31, prompt_ms: 1.5, predicted_n: 12, predicted_ms: 2 },
  },
  error: (code, message) => ({ error: { code, message, type: 'invalid_request_error' } }),
});

const ollamaChat = chatServer({
  id: 'ollama_openai_chat',
  path: /^\/ollama\/v1\/chat\/completions$/,
  thoughts: 'reasoning',
  wholeCalls: true,
  more: { system_fingerprint: 'fp_ollama' },
  error: (_status, message) => ({ error: { message, type: 'api_error', param: null, code: null } }),
});

const openai = chatServer({
  id: 'openai_own_chat',
  path: /^\/openai\/v1\/chat\/completions$/,
  cached: true,
  more: { system_fingerprint: null, service_tier: 'default' },
  error: (status, message) => ({
    error: { message, type: status === 429 ? 'requests' : 'invalid_request_error', param: null, code: null },
  }),
  errorFrame: (message) => ({ error: { message, type: 'server_error', param: null, code: null } }),
});

const completions: Wire = {
  ...chat,
  id: 'openai_completions',
  path: /(?<!chat)\/completions$/,
  whole: (saying, model) => ({
    id: 'cmpl-fake',
    object: 'text_completion',
    created: 1_700_000_000,
    model,
    choices: [{ text: saying.text, index: 0, logprobs: null, finish_reason: FINISH[saying.finish] }],
    usage: completionUsage(saying),
  }),
  frames(saying, model, { body }) {
    const head = { id: 'cmpl-fake', object: 'text_completion', created: 1_700_000_000, model };
    const chunk = (text: string, finish: string | null) =>
      sse({ ...head, choices: [{ text, index: 0, logprobs: null, finish_reason: finish }] });
    const asked = (body['stream_options'] as Json | undefined)?.['include_usage'] === true;
    return [
      ...pieces(saying.text).map((text) => chunk(text, null)),
      chunk('', FINISH[saying.finish]),
      ...(asked ? [sse({ ...head, choices: [], usage: completionUsage(saying) })] : []),
      sse('[DONE]'),
    ];
  },
};

const completionUsage = ({ usage }: Saying) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cached },
});

const pathModel =
  (pattern: RegExp) =>
  ({ path }: Asked) =>
    decodeURIComponent(pattern.exec(path)?.[1] ?? '');

const vertexClaude: Wire = {
  ...anthropic,
  id: 'vertex_anthropic',
  path: /\/publishers\/anthropic\/models\/[^/]+:(?:streamR|r)awPredict$/,
  model: pathModel(/\/models\/([^/]+):/),
  stream: ({ path }) => path.endsWith(':streamRawPredict'),
};

const invoke: Wire = {
  ...anthropic,
  id: 'bedrock_invoke',
  path: /^\/model\/[^/]+\/invoke(?:-with-response-stream)?$/,
  model: pathModel(/^\/model\/([^/]+)\//),
  stream: ({ path }) => path.endsWith('-stream'),
  streamType: 'application/vnd.amazon.eventstream',
  frames: (saying, model, asked) =>
    anthropic.frames(saying, model, asked).map((frame) => {
      const data = /^data: (.*)$/m.exec(frame.toString())?.[1] ?? '';
      return awsFrame('chunk', { bytes: Buffer.from(data).toString('base64') });
    }),
  error: bedrock.error,
  errorFrame: bedrock.errorFrame,
};

const generate: Wire = {
  ...ollama,
  id: 'ollama_generate',
  path: /^\/ollama\/api\/generate$/,
  whole: (saying, model, asked) => generated(ollama.whole(saying, model, asked) as Json),
  frames: (saying, model, asked) =>
    ollama
      .frames(saying, model, asked)
      .map((frame) => Buffer.from(`${JSON.stringify(generated(JSON.parse(frame.toString()) as Json))}\n`)),
};

function generated({ message, ...rest }: Json): Json {
  const { content, thinking } = message as Json;
  return { ...rest, response: content, ...(thinking === undefined ? {} : { thinking }) };
}

/** Vertex has no batchEmbedContents. */
const vertexVectors: Wire = {
  ...byId('gemini_embeddings'),
  id: 'vertex_embeddings',
  path: /^\/vertex\/.*:(?:predict|batchEmbedContents|embedContent)$/,
  vectors: ({ body }) => ({
    predictions: (body['instances'] as readonly Json[]).map((_, at) => ({
      embeddings: { values: VECTOR, statistics: { token_count: at === 0 ? 4 : 5, truncated: false } },
    })),
  }),
};

/** Tried before WIRES: their paths are narrower. */
export const SERVER_WIRES: readonly Wire[] = [
  openai,
  azure,
  mistral,
  vllm,
  tgi,
  llamaCpp,
  ollamaChat,
  completions,
  vertexClaude,
  invoke,
  vertexVectors,
  generate,
  { ...ollama, path: /^\/ollama\/api\/chat$/ },
  { ...byId('ollama_embeddings'), path: /^\/ollama\/api\/embed$/ },
];
