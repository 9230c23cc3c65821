// The OpenTelemetry GenAI conventions in all three ages: up to 1.36 (gen_ai.system, prompt_tokens, gen_ai.prompt.N.*,
// message events), 1.37 to 1.41 (cache_creation), and today's, whose names are the columns' own.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { AttributeDialect, Content } from '../types.ts';
import { contentOf, hasContent, inputOf, jsonOf, listOf, outputOf } from './messages.ts';
import { providerName } from './providers.ts';

const ALIASES: AttributeDialect['aliases'] = {
  [ATTR.OPERATION]: ['mcp.method.name'],
  [ATTR.PROVIDER]: [{ from: 'gen_ai.system', value: providerName }],
  [ATTR.INPUT_TOKENS]: ['gen_ai.usage.prompt_tokens'],
  [ATTR.OUTPUT_TOKENS]: ['gen_ai.usage.completion_tokens'],
  [ATTR.CACHE_WRITE_TOKENS]: ['gen_ai.usage.cache_creation.input_tokens'],
  [ATTR.CACHE_READ_TOKENS]: [
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
  ],
  [ATTR.REASONING_TOKENS]: ['gen_ai.usage.completion_tokens_details.reasoning_tokens'],
  [ATTR.TTFT]: ['gen_ai.client.operation.time_to_first_chunk', 'gen_ai.server.time_to_first_token'],
  [ATTR.COST_TOTAL]: [
    'gen_ai.usage.cost',
    { from: 'gen_ai.usage.cost.amount', value: dollars },
    'gen_ai.usage.cost_usd',
    'gen_ai.usage.total_cost',
  ],
  [ATTR.FINISH_REASONS]: [
    'gen_ai.response.finish_reason',
    'gen_ai.response.stop_reason',
    'gen_ai.completion.0.finish_reason',
  ],
  [ATTR.STREAM]: ['gen_ai.is_streaming'],
  [ATTR.SESSION_ID]: ['gen_ai.conversation.id'],
  [ATTR.USER_ID]: ['gen_ai.user', 'enduser.id'],
  [ATTR.MAX_TOKENS]: ['gen_ai.request.max_completion_tokens'],
  [ATTR.CHOICES]: ['gen_ai.request.n'],
  [ATTR.REASONING_LEVEL]: ['gen_ai.request.reasoning_effort'],
  [ATTR.SEED]: ['gen_ai.openai.request.seed'],
  [ATTR.OUTPUT_TYPE]: ['gen_ai.openai.request.response_format'],
  [ATTR.SERVICE_TIER]: ['gen_ai.openai.response.service_tier'],
  [ATTR.SYSTEM_FINGERPRINT]: ['gen_ai.openai.response.system_fingerprint'],
  [ATTR.MODEL_ASKED]: ['gen_ai.original.model'],
  [ATTR.HTTP_STATUS]: ['http.status_code'],
};

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

export const genai: AttributeDialect = {
  id: 'genai',
  title: 'OpenTelemetry GenAI',
  senders: 'the GenAI instrumentations of OpenTelemetry and every SDK that follows the conventions, MCP included',
  aliases: ALIASES,
  input: [PROMPT, ATTR.TOOL_ARGUMENTS],
  output: [COMPLETION, ATTR.TOOL_RESULT],
  content: [ATTR.SYSTEM_INSTRUCTIONS, ATTR.INPUT_MESSAGES, ATTR.OUTPUT_MESSAGES, ATTR.TOOL_DEFINITIONS],
  events: new Set([...INPUT_EVENTS, CHOICE, CONTENT_PROMPT, CONTENT_COMPLETION]),
  readContent: (span) => [messagesContent(span.attributes), fromEvents(span)].find(hasContent),
};

/** An amount in another currency is not dollars. */
function dollars(value: AttrValue, all: AttrMap): AttrValue {
  const currency = all.get('gen_ai.usage.cost.currency') ?? 'USD';
  return currency === 'USD' ? value : null;
}

/** The content attributes of a span or of an inference event: structured values, or the same as JSON text. */
export function messagesContent(attributes: AttrMap): Content {
  const output = jsonOf(attributes.get(ATTR.OUTPUT_MESSAGES));
  return {
    system: listOf(jsonOf(attributes.get(ATTR.SYSTEM_INSTRUCTIONS))),
    messages: inputOf(jsonOf(attributes.get(ATTR.INPUT_MESSAGES))),
    tools: listOf(jsonOf(attributes.get(ATTR.TOOL_DEFINITIONS))),
    output: outputOf(output),
  };
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
