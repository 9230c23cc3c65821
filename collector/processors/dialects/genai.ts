// The OpenTelemetry GenAI conventions in all three ages: up to 1.36 (gen_ai.system, prompt_tokens, gen_ai.prompt.N.*,
// message events), 1.37 to 1.41 (cache_creation), and today's, whose names are the columns' own.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { Alias, AttributeDialect, Content } from '../types.ts';
import { contentOf, hasContent, inputOf, jsonOf, listOf, outputOf } from './messages.ts';

const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['az.ai.openai', 'azure.ai.openai'],
  ['az.ai.inference', 'azure.ai.inference'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['gemini', 'gcp.gemini'],
  ['xai', 'x_ai'],
]);

const ALIASES: readonly Alias[] = [
  { from: 'gen_ai.system', to: ATTR.PROVIDER, value: (value) => providerName(asText(value)) },
  { from: 'gen_ai.usage.prompt_tokens', to: ATTR.INPUT_TOKENS },
  { from: 'gen_ai.usage.completion_tokens', to: ATTR.OUTPUT_TOKENS },
  { from: 'gen_ai.usage.cache_creation.input_tokens', to: ATTR.CACHE_WRITE_TOKENS },
  { from: 'gen_ai.client.operation.time_to_first_chunk', to: ATTR.TTFT },
  { from: 'gen_ai.usage.cost', to: ATTR.COST_TOTAL },
  { from: 'gen_ai.usage.cost.amount', to: ATTR.COST_TOTAL, value: dollars },
  { from: 'gen_ai.usage.cost_usd', to: ATTR.COST_TOTAL },
  { from: 'gen_ai.usage.total_cost', to: ATTR.COST_TOTAL },
  { from: 'gen_ai.response.finish_reason', to: ATTR.FINISH_REASONS },
  { from: 'gen_ai.response.stop_reason', to: ATTR.FINISH_REASONS },
  { from: 'gen_ai.completion.0.finish_reason', to: ATTR.FINISH_REASONS },
  { from: 'gen_ai.is_streaming', to: ATTR.STREAM },
  { from: 'gen_ai.conversation.id', to: ATTR.SESSION_ID },
  { from: 'gen_ai.user', to: ATTR.USER_ID },
  { from: 'enduser.id', to: ATTR.USER_ID },
  { from: 'gen_ai.request.max_completion_tokens', to: ATTR.MAX_TOKENS },
  { from: 'gen_ai.request.n', to: ATTR.CHOICES },
  { from: 'gen_ai.request.reasoning_effort', to: ATTR.REASONING_LEVEL },
  { from: 'gen_ai.openai.request.seed', to: ATTR.SEED },
  { from: 'gen_ai.openai.request.response_format', to: ATTR.OUTPUT_TYPE },
  { from: 'gen_ai.openai.response.service_tier', to: ATTR.SERVICE_TIER },
  { from: 'gen_ai.openai.response.system_fingerprint', to: ATTR.SYSTEM_FINGERPRINT },
  { from: 'gen_ai.original.model', to: ATTR.MODEL_ASKED },
  { from: 'http.status_code', to: ATTR.HTTP_STATUS },
];

const INPUT_EVENTS: ReadonlySet<string> = new Set([
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
]);
const CHOICE = 'gen_ai.choice';
const CONTENT_PROMPT = 'gen_ai.content.prompt';
const CONTENT_COMPLETION = 'gen_ai.content.completion';

const PROMPT = 'gen_ai.prompt';
const COMPLETION = 'gen_ai.completion';
const INDEXED = /^gen_ai\.(prompt|completion)\.\d{1,5}\./;

export const genai: AttributeDialect = {
  id: 'genai',
  aliases: ALIASES,
  content: [
    ATTR.SYSTEM_INSTRUCTIONS,
    ATTR.INPUT_MESSAGES,
    ATTR.OUTPUT_MESSAGES,
    ATTR.TOOL_DEFINITIONS,
    ATTR.TOOL_ARGUMENTS,
    ATTR.TOOL_RESULT,
    PROMPT,
    COMPLETION,
    INDEXED,
  ],
  events: new Set([...INPUT_EVENTS, CHOICE, CONTENT_PROMPT, CONTENT_COMPLETION]),
  readContent: (span) =>
    [fromMessages, fromIndexed, fromEvents, fromText, fromTool].map((read) => read(span)).find(hasContent),
};

function providerName(name: string): string {
  return PROVIDERS.get(name) ?? name;
}

/** An amount in another currency is not dollars. */
function dollars(value: AttrValue, all: AttrMap): AttrValue {
  const currency = all.get('gen_ai.usage.cost.currency') ?? 'USD';
  return currency === 'USD' ? value : null;
}

/** Today's form: structured values, or the same as JSON text. */
function fromMessages({ attributes }: DecodedSpan): Content {
  return messagesContent(attributes);
}

/** The content attributes of a span or of an inference event. */
export function messagesContent(attributes: AttrMap): Content {
  const output = jsonOf(attributes.get(ATTR.OUTPUT_MESSAGES));
  return {
    system: listOf(jsonOf(attributes.get(ATTR.SYSTEM_INSTRUCTIONS))),
    messages: inputOf(jsonOf(attributes.get(ATTR.INPUT_MESSAGES))),
    tools: listOf(jsonOf(attributes.get(ATTR.TOOL_DEFINITIONS))),
    output: outputOf(output),
  };
}

/** gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.prompt.0.tool_calls.0.name ... */
function fromIndexed({ attributes }: DecodedSpan): Content | undefined {
  const messages = new Map<string, Map<string, AttrValue>>();
  for (const [key, value] of attributes) {
    if (!INDEXED.test(key)) continue;
    const [, , kind, index, ...rest] = ['', ...key.split('.')];
    const id = `${kind}.${index}`;
    const message = messages.get(id) ?? new Map<string, AttrValue>();
    messages.set(id, message.set(rest.join('.'), value));
  }
  if (messages.size === 0) return undefined;
  const ordered = (kind: string) =>
    [...messages]
      .filter(([id]) => id.startsWith(`${kind}.`))
      .sort(([a], [b]) => Number(a.slice(kind.length + 1)) - Number(b.slice(kind.length + 1)))
      .map(([, message]) => flatMessage(message));
  return { system: [], messages: inputOf(ordered('prompt')), tools: [], output: outputOf(ordered('completion')) };
}

function flatMessage(fields: AttrMap): Record<string, unknown> {
  const calls = new Map<string, Record<string, unknown>>();
  const message: Record<string, unknown> = {};
  for (const [key, value] of fields) {
    const call = /^tool_calls\.(\d+)\.(id|name|arguments)$/.exec(key);
    if (call?.[1] !== undefined && call[2] !== undefined) {
      calls.set(call[1], { ...calls.get(call[1]), [call[2]]: jsonOf(value) });
    } else if (key === 'content') message['content'] = contentOf(value);
    else if (['role', 'finish_reason', 'tool_call_id', 'name'].includes(key)) message[key] = asText(value);
  }
  return calls.size > 0 ? { ...message, tool_calls: [...calls.values()] } : message;
}

/** Span events of the middle age, one a message, and the two of the age before. */
function fromEvents({ events }: DecodedSpan): Content | undefined {
  const messages: unknown[] = [];
  const output: unknown[] = [];
  for (const { name, attributes } of events) {
    if (INPUT_EVENTS.has(name)) messages.push(eventMessage(name, attributes));
    else if (name === CHOICE) output.push(choice(attributes));
    else if (name === CONTENT_PROMPT) messages.push(...listOf(jsonOf(attributes.get(PROMPT))));
    else if (name === CONTENT_COMPLETION) output.push(...listOf(jsonOf(attributes.get(COMPLETION))));
  }
  return { system: [], messages: inputOf(messages), tools: [], output: outputOf(output) };
}

function eventMessage(name: string, attributes: AttrMap): Record<string, unknown> {
  const fields = fieldsOf(attributes);
  const id = fields['id'];
  return { role: name.split('.')[1], ...(id === undefined ? {} : { tool_call_id: id }), ...fields };
}

function fieldsOf(attributes: AttrMap): Record<string, unknown> {
  const read = (key: string, value: AttrValue) => (key === 'content' ? contentOf(value) : jsonOf(value));
  return Object.fromEntries([...attributes].map(([key, value]) => [key, read(key, value)]));
}

function choice(attributes: AttrMap): Record<string, unknown> {
  const message = jsonOf(attributes.get('message'));
  const fields = typeof message === 'object' && message !== null ? message : { content: message ?? '' };
  return {
    role: 'assistant',
    ...fieldsOf(attributes),
    ...fields,
    finish_reason: asText(attributes.get('finish_reason') ?? ''),
  };
}

/** gen_ai.prompt and gen_ai.completion as one value: JSON messages or plain text. */
function fromText({ attributes }: DecodedSpan): Content {
  return {
    system: [],
    messages: inputOf(jsonOf(attributes.get(PROMPT))),
    tools: [],
    output: outputOf(jsonOf(attributes.get(COMPLETION))),
  };
}

/** A tool's span: what it was called with and what it gave back. */
function fromTool({ attributes }: DecodedSpan): Content {
  const called = attributes.get(ATTR.TOOL_ARGUMENTS);
  const result = attributes.get(ATTR.TOOL_RESULT);
  const id = asText(attributes.get(ATTR.TOOL_CALL_ID) ?? '');
  const name = asText(attributes.get(ATTR.TOOL_NAME) ?? '');
  const call = { type: 'tool_call', id, name, arguments: jsonOf(called) };
  const response = { type: 'tool_call_response', id, response: jsonOf(result) };
  return {
    system: [],
    messages: called === undefined ? [] : [{ role: 'assistant', parts: [call] }],
    tools: [],
    output: result === undefined ? [] : [{ role: 'tool', parts: [response], finish_reason: '' }],
  };
}
