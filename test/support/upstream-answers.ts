// What the fake upstream answers, in four wire formats, whole and as events. Everything follows from the id found in
// the prompt, so that two calls with one id get the same bytes and bill the same tokens.

import type { Usage } from '../../schemas/call.ts';

export interface Asked {
  readonly id: string;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface StreamPiece {
  readonly bytes: Buffer;
  /** The chunk that OpenAI chat only sends when asked with `stream_options.include_usage`. */
  readonly usageChunk?: true;
}

/** What is said: text, or a tool call, or JSON where JSON was asked for. */
export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly tool: { readonly id: string; readonly name: string; readonly arguments: string } | undefined;
  readonly usage: Usage | undefined;
}

export interface AnswerShape {
  whole(asked: Asked, said: Said): unknown;
  events(asked: Asked, said: Said): StreamPiece[];
  error(status: number, message: string): unknown;
  errorEvent(message: string): Buffer;
}

const CREATED = 1_790_000_000;
const ARGUMENTS = '{"city":"Zürich","unit":"celsius"}';
const JSON_ANSWER = '{"city":"Zürich","celsius":4,"tags":["cold","clear 🦊"]}';

/** A small number that depends on the text alone. */
export function hash(text: string): number {
  let value = 7;
  for (let at = 0; at < text.length; at++) value = (value * 31 + text.charCodeAt(at)) >>> 0;
  return value;
}

/** The tokens that a call with this id costs. */
export function billFor(id: string, embeddings: boolean): Usage {
  const seed = hash(id);
  const input = 20 + (seed % 900);
  if (embeddings) return { input, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
  const output = 5 + (seed % 200);
  return { input, cacheRead: seed % 3 === 0 ? input >> 1 : 0, cacheWrite: 0, output, reasoning: output >> 2 };
}

export function sayingOf(scenario: string, asked: Asked, usage: Usage | undefined): Said {
  const said = { text: '', reasoning: '', tool: undefined, usage };
  if (scenario === 'tools') {
    return { ...said, tool: { id: `call_${hash(asked.id)}`, name: 'weather', arguments: ARGUMENTS } };
  }
  if (scenario === 'json') return { ...said, text: JSON_ANSWER };
  const words = Array.from({ length: scenario === 'long' ? 150 : 12 }, (_, index) => `wörd${index}`);
  const text = `Answer to ${asked.id}: ${words.join(' ')} 🦊.`;
  return { ...said, text, reasoning: scenario === 'reasoning' ? 'First think, then spéak.' : '' };
}

function pieces(text: string, size = 9): string[] {
  const characters = [...text];
  const cut: string[] = [];
  for (let at = 0; at < characters.length; at += size) cut.push(characters.slice(at, at + size).join(''));
  return cut;
}

function untyped(data: unknown): StreamPiece {
  return { bytes: Buffer.from(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`) };
}

function typed(data: { type: string } & Record<string, unknown>): StreamPiece {
  return { bytes: Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`) };
}

const openaiError: Pick<AnswerShape, 'error'> = {
  error: (status, message) => ({
    error: {
      message,
      type: status >= 500 ? 'server_error' : status === 429 ? 'rate_limit_error' : 'invalid_request_error',
      param: null,
      code: null,
    },
  }),
};

const chatUsage = (usage: Usage) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0 },
});

const chat: AnswerShape = {
  ...openaiError,
  whole: ({ id, model }, said) => ({
    id: `chatcmpl-${hash(id)}`,
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: said.text === '' ? null : said.text,
          refusal: null,
          ...(said.reasoning === '' ? {} : { reasoning_content: said.reasoning }),
          ...(said.tool
            ? { tool_calls: [{ id: said.tool.id, type: 'function', function: { ...said.tool, id: undefined } }] }
            : {}),
        },
        logprobs: null,
        finish_reason: said.tool ? 'tool_calls' : 'stop',
      },
    ],
    ...(said.usage ? { usage: chatUsage(said.usage) } : {}),
    system_fingerprint: 'fp_fake',
  }),
  events: ({ id, model, body }, said) => {
    const wanted = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
    const chunk = (choices: unknown[], usage: unknown = null) => ({
      id: `chatcmpl-${hash(id)}`,
      object: 'chat.completion.chunk',
      created: CREATED,
      model,
      system_fingerprint: 'fp_fake',
      choices,
      ...(wanted ? { usage } : {}),
    });
    const delta = (value: unknown, finish_reason: string | null = null) =>
      untyped(chunk([{ index: 0, delta: value, logprobs: null, finish_reason }]));
    const call = (value: unknown) => delta({ tool_calls: [value] });
    return [
      delta({ role: 'assistant', content: said.tool ? null : '', refusal: null }),
      ...pieces(said.reasoning).map((reasoning_content) => delta({ reasoning_content })),
      ...pieces(said.text).map((content) => delta({ content })),
      ...(said.tool
        ? [
            call({ index: 0, id: said.tool.id, type: 'function', function: { name: said.tool.name, arguments: '' } }),
            ...pieces(said.tool.arguments).map((piece) => call({ index: 0, function: { arguments: piece } })),
          ]
        : []),
      delta({}, said.tool ? 'tool_calls' : 'stop'),
      ...(wanted && said.usage ? [{ ...untyped(chunk([], chatUsage(said.usage))), usageChunk: true as const }] : []),
      untyped('[DONE]'),
    ];
  },
  errorEvent: (message) => untyped(openaiError.error(500, message)).bytes,
};

function responseItems(said: Said): Record<string, unknown>[] {
  if (said.tool) {
    const { id, name } = said.tool;
    return [
      { id: `fc_${id}`, type: 'function_call', status: 'completed', arguments: said.tool.arguments, call_id: id, name },
    ];
  }
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text: said.text }];
  return [{ id: 'msg_fake', type: 'message', status: 'completed', content, role: 'assistant' }];
}

function responseBody({ id, model }: Asked, said: Said): Record<string, unknown> {
  const usage = said.usage && {
    input_tokens: said.usage.input,
    input_tokens_details: { cached_tokens: said.usage.cacheRead },
    output_tokens: said.usage.output,
    output_tokens_details: { reasoning_tokens: said.usage.reasoning },
    total_tokens: said.usage.input + said.usage.output,
  };
  return {
    id: `resp_${hash(id)}`,
    object: 'response',
    created_at: CREATED,
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: responseItems(said),
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    ...(usage ? { usage } : {}),
  };
}

const responses: AnswerShape = {
  ...openaiError,
  whole: responseBody,
  events: (asked, said) => {
    const body = responseBody(asked, said);
    const begun = { ...body, status: 'in_progress', output: [], usage: null };
    let sequence_number = 0;
    const event = (type: string, more: object) => typed({ type, sequence_number: sequence_number++, ...more });
    const [item = {}] = responseItems(said);
    const at = { item_id: item['id'], output_index: 0 };
    const middle = said.tool
      ? [
          event('response.output_item.added', {
            output_index: 0,
            item: { ...item, status: 'in_progress', arguments: '' },
          }),
          ...pieces(said.tool.arguments).map((delta) =>
            event('response.function_call_arguments.delta', { ...at, delta }),
          ),
          event('response.function_call_arguments.done', {
            ...at,
            arguments: said.tool.arguments,
            name: said.tool.name,
          }),
        ]
      : [
          event('response.output_item.added', {
            output_index: 0,
            item: { ...item, status: 'in_progress', content: [] },
          }),
          event('response.content_part.added', {
            ...at,
            content_index: 0,
            part: { type: 'output_text', annotations: [], logprobs: [], text: '' },
          }),
          ...pieces(said.text).map((delta) =>
            event('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] }),
          ),
          event('response.output_text.done', { ...at, content_index: 0, text: said.text, logprobs: [] }),
          event('response.content_part.done', {
            ...at,
            content_index: 0,
            part: { type: 'output_text', annotations: [], logprobs: [], text: said.text },
          }),
        ];
    return [
      event('response.created', { response: begun }),
      event('response.in_progress', { response: begun }),
      ...middle,
      event('response.output_item.done', { output_index: 0, item }),
      event('response.completed', { response: body }),
    ];
  },
  errorEvent: (message) =>
    typed({ type: 'error', code: 'server_error', message, param: null, sequence_number: 9 }).bytes,
};

const embeddings: AnswerShape = {
  ...openaiError,
  whole: ({ model, body }, said) => {
    const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']];
    const vector = Float32Array.from([0.25, -0.5, 0.125]);
    const base64 = Buffer.from(vector.buffer).toString('base64');
    const embedding = body['encoding_format'] === 'base64' ? base64 : [...vector];
    return {
      object: 'list',
      data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
      model,
      ...(said.usage ? { usage: { prompt_tokens: said.usage.input, total_tokens: said.usage.input } } : {}),
    };
  },
  events: () => [],
  errorEvent: () => Buffer.alloc(0),
};

const messagesUsage = (usage: Usage, output: number) => ({
  input_tokens: usage.input - usage.cacheRead - usage.cacheWrite,
  cache_creation_input_tokens: usage.cacheWrite,
  cache_read_input_tokens: usage.cacheRead,
  output_tokens: output,
  service_tier: 'standard',
});

const anthropicError = (status: number, message: string) => {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    404: 'not_found_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return { type: 'error', error: { type: types[status] ?? 'api_error', message }, request_id: 'req_fake' };
};

const messages: AnswerShape = {
  error: anthropicError,
  whole: ({ id, model }, said) => ({
    id: `msg_${hash(id)}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(said.reasoning === '' ? [] : [{ type: 'thinking', thinking: said.reasoning, signature: 'c2ln' }]),
      ...(said.text === '' ? [] : [{ type: 'text', text: said.text }]),
      ...(said.tool
        ? [
            {
              type: 'tool_use',
              id: said.tool.id,
              name: said.tool.name,
              input: JSON.parse(said.tool.arguments) as unknown,
            },
          ]
        : []),
    ],
    stop_reason: said.tool ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    ...(said.usage ? { usage: messagesUsage(said.usage, said.usage.output) } : {}),
  }),
  events: ({ id, model }, said) => {
    const usage = said.usage && messagesUsage(said.usage, 1);
    let index = 0;
    const block = (content_block: object, deltas: object[]) => {
      const at = index++;
      return [
        typed({ type: 'content_block_start', index: at, content_block }),
        ...deltas.map((delta) => typed({ type: 'content_block_delta', index: at, delta })),
        typed({ type: 'content_block_stop', index: at }),
      ];
    };
    return [
      typed({
        type: 'message_start',
        message: {
          id: `msg_${hash(id)}`,
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          ...(usage ? { usage } : {}),
        },
      }),
      typed({ type: 'ping' }),
      ...(said.reasoning === ''
        ? []
        : block({ type: 'thinking', thinking: '', signature: '' }, [
            ...pieces(said.reasoning).map((thinking) => ({ type: 'thinking_delta', thinking })),
            { type: 'signature_delta', signature: 'c2ln' },
          ])),
      ...(said.text === ''
        ? []
        : block(
            { type: 'text', text: '' },
            pieces(said.text).map((text) => ({ type: 'text_delta', text })),
          )),
      ...(said.tool
        ? block(
            { type: 'tool_use', id: said.tool.id, name: said.tool.name, input: {} },
            pieces(said.tool.arguments).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
          )
        : []),
      typed({
        type: 'message_delta',
        delta: { stop_reason: said.tool ? 'tool_use' : 'end_turn', stop_sequence: null },
        ...(said.usage ? { usage: { output_tokens: said.usage.output } } : {}),
      }),
      typed({ type: 'message_stop' }),
    ];
  },
  errorEvent: (message) => typed({ ...anthropicError(529, message), type: 'error' }).bytes,
};

export type ServedDialect = 'openai_chat' | 'openai_responses' | 'openai_embeddings' | 'anthropic';

export const ANSWERS: Readonly<Record<ServedDialect, AnswerShape>> = {
  openai_chat: chat,
  openai_responses: responses,
  openai_embeddings: embeddings,
  anthropic: messages,
};
