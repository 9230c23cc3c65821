// What the simulated provider says, in each dialect's shape: whole bodies and stream events, made from the request alone,
// so that the same request always gets the same answer.

import { createHash } from 'node:crypto';
import type { DialectId } from '../../schemas/call.ts';
import { fields, list, text } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';

export interface Simulation {
  /** The whole answer. */
  readonly body: unknown;
  /** The same as stream events, ready to be written. */
  readonly events: readonly string[];
}

interface Call {
  readonly id: string;
  readonly model: string;
  readonly words: readonly string[];
  readonly inputTokens: number;
  readonly request: Fields;
}

const QUOTE_CHARS = 160;

/** @param request the parsed body of a request in that dialect */
export function simulate(dialect: SimulatedDialect, request: Fields): Simulation {
  const asked = JSON.stringify(request);
  const said = lastWords(request);
  const reply =
    'This answer comes from the simulated provider that is built into Signalbox: no model was called and nothing was ' +
    `billed. ${said === '' ? 'The request had no text.' : `You wrote: "${said}".`} Add a provider to signalbox.yaml to ` +
    'reach a real model.';
  return SHAPES[dialect]({
    id: createHash('sha256').update(asked).digest('hex').slice(0, 24),
    model: text(request['model']),
    words: reply.split(/(?<= )/),
    inputTokens: Math.max(1, Math.ceil(asked.length / 4)),
    request,
  });
}

function lastWords(request: Fields): string {
  const messages = list(request['messages'] ?? request['input']);
  const last = fields(messages.findLast((message) => fields(message)['role'] === 'user'));
  const content = typeof request['input'] === 'string' ? request['input'] : last['content'];
  const parts = typeof content === 'string' ? [content] : list(content).map((part) => text(fields(part)['text']));
  const flat = parts.join(' ').replace(/\s+/g, ' ').trim().toWellFormed();
  return flat.length > QUOTE_CHARS ? `${flat.slice(0, QUOTE_CHARS).toWellFormed()} ...` : flat;
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { readonly type: string }): string => `event: ${value.type}\n${data(value)}`;

const SHAPES = {
  openai_chat: chat,
  openai_responses: responses,
  openai_embeddings: embeddings,
  anthropic: messages,
} satisfies Partial<Record<DialectId, (call: Call) => Simulation>>;

/** What the simulated provider speaks by itself. */
export type SimulatedDialect = keyof typeof SHAPES;

function chat({ id, model, words, inputTokens, request }: Call): Simulation {
  const head = { id: `chatcmpl-${id}`, created: 0, model, system_fingerprint: 'fp_simulated' };
  const usage = {
    prompt_tokens: inputTokens,
    completion_tokens: words.length,
    total_tokens: inputTokens + words.length,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  const chunk = (delta: unknown, finish: string | null) =>
    data({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  const wantsUsage = fields(request['stream_options'])['include_usage'] === true;
  return {
    body: {
      ...head,
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content: words.join(''), refusal: null }, finish_reason: 'stop' },
      ],
      usage,
    },
    events: [
      chunk({ role: 'assistant', content: '' }, null),
      ...words.map((word) => chunk({ content: word }, null)),
      chunk({}, 'stop'),
      ...(wantsUsage ? [data({ ...head, object: 'chat.completion.chunk', choices: [], usage })] : []),
      'data: [DONE]\n\n',
    ],
  };
}

function responses({ id, model, words, inputTokens }: Call): Simulation {
  const item = (content: string, status: string) => ({
    id: `msg_${id}`,
    type: 'message',
    status,
    role: 'assistant',
    content: [{ type: 'output_text', text: content, annotations: [] }],
  });
  const whole = item(words.join(''), 'completed');
  const head = { id: `resp_${id}`, object: 'response', created_at: 0, model, error: null, tools: [] };
  const body = {
    ...head,
    status: 'completed',
    output: [whole],
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: words.length,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + words.length,
    },
  };
  const at = { item_id: whole.id, output_index: 0, content_index: 0 };
  const events = [
    { type: 'response.created', response: { ...head, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item('', 'in_progress'), content: [] } },
    { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
    { type: 'response.output_text.done', ...at, text: words.join('') },
    { type: 'response.content_part.done', ...at, part: whole.content[0] },
    { type: 'response.output_item.done', output_index: 0, item: whole },
    { type: 'response.completed', response: body },
  ];
  return { body, events: events.map((event, index) => named(Object.assign(event, { sequence_number: index }))) };
}

function messages({ id, model, words, inputTokens }: Call): Simulation {
  const input = { input_tokens: inputTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const head = { id: `msg_${id}`, type: 'message', role: 'assistant', model };
  const start = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } };
  const delta = { stop_reason: 'end_turn', stop_sequence: null };
  return {
    body: {
      ...head,
      content: [{ type: 'text', text: words.join('') }],
      ...delta,
      usage: { ...input, output_tokens: words.length },
    },
    events: [
      { type: 'message_start', message: start },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...words.map((word) => ({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: word },
      })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta, usage: { output_tokens: words.length } },
      { type: 'message_stop' },
    ].map(named),
  };
}

const DIMENSIONS = 256;

function embeddings({ model, inputTokens, request }: Call): Simulation {
  const input = request['input'];
  const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input];
  const wanted = request['dimensions'];
  const size = typeof wanted === 'number' && wanted >= 1 && wanted <= 4096 ? Math.floor(wanted) : DIMENSIONS;
  const body = {
    object: 'list',
    data: inputs.map((each, index) => {
      const vector = vectorOf(JSON.stringify(each) ?? '', size);
      const embedding =
        request['encoding_format'] === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
      return { object: 'embedding', index, embedding };
    }),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  };
  return { body, events: [] };
}

/** A unit vector out of a hash: equal texts are equal, others unrelated. */
function vectorOf(seed: string, size: number): Float32Array {
  const bytes = createHash('shake256', { outputLength: size * 2 })
    .update(seed)
    .digest();
  const vector = Float32Array.from({ length: size }, (_none, index) => bytes.readInt16LE(index * 2));
  const norm = Math.hypot(...vector) || 1;
  return vector.map((each) => each / norm);
}
