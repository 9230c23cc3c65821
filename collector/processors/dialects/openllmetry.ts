// OpenLLMetry (Traceloop): the conventions of its time with every message in attributes of its own, and traceloop.*
// around them.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../../receivers/model.ts';
import type { AttributeDialect, Content } from '../types.ts';
import { contentOf, inputOf, jsonOf, outputOf } from './messages.ts';
import { NO_CONTENT, isFields, toolsOf, treeOf, type Fields } from './shapes.ts';

const KIND = 'traceloop.span.kind';
const ENTITY = 'traceloop.entity.name';
const PROPERTIES = 'traceloop.association.properties.';

export const openllmetry: AttributeDialect = {
  id: 'openllmetry',
  title: 'OpenLLMetry',
  senders: 'the instrumentations and SDKs of Traceloop',
  aliases: {
    [ATTR.OPERATION]: ['llm.request.type', KIND],
    [ATTR.REQUEST_MODEL]: ['llm.request.model'],
    [ATTR.RESPONSE_MODEL]: ['llm.response.model'],
    [ATTR.INPUT_TOKENS]: ['llm.usage.prompt_tokens'],
    [ATTR.OUTPUT_TOKENS]: ['llm.usage.completion_tokens'],
    [ATTR.CACHE_READ_TOKENS]: ['gen_ai.usage.cache_read_input_tokens'],
    [ATTR.CACHE_WRITE_TOKENS]: ['gen_ai.usage.cache_creation_input_tokens'],
    [ATTR.REASONING_TOKENS]: ['gen_ai.usage.reasoning_tokens', 'llm.usage.reasoning_tokens'],
    [ATTR.COST_TOTAL]: ['llm.usage.total_cost'],
    [ATTR.FINISH_REASONS]: ['llm.response.finish_reason', 'llm.response.stop_reason'],
    [ATTR.STREAM]: ['llm.is_streaming'],
    [ATTR.USER_ID]: ['llm.user', `${PROPERTIES}user_id`, `${PROPERTIES}userId`],
    [ATTR.SESSION_ID]: [`${PROPERTIES}session_id`, `${PROPERTIES}sessionId`],
    [ATTR.PROMPT_NAME]: ['traceloop.prompt.key'],
    [ATTR.PROMPT_VERSION]: ['traceloop.prompt.version'],
    [ATTR.AGENT_NAME]: [{ from: ENTITY, value: (name, all) => (all.get(KIND) === 'agent' ? name : null) }],
    [ATTR.TOOL_NAME]: [{ from: ENTITY, value: (name, all) => (all.get(KIND) === 'tool' ? name : null) }],
    [ATTR.WORKFLOW_NAME]: ['traceloop.workflow.name'],
  },
  tags: [PROPERTIES],
  input: ['traceloop.entity.input'],
  output: ['traceloop.entity.output'],
  content: [/^gen_ai\.(prompt|completion|tool)\.\d{1,5}\./, /^llm\.request\.functions\.\d{1,5}\./],
  readContent: fromIndexed,
};

/** gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.prompt.0.tool_calls.0.name ... */
function fromIndexed({ attributes }: DecodedSpan): Content | undefined {
  const given = listIn(attributes, 'gen_ai.prompt');
  const answers = listIn(attributes, 'gen_ai.completion');
  if (given.length + answers.length === 0) return undefined;
  const definitions = [...listIn(attributes, 'llm.request.functions'), ...listIn(attributes, 'gen_ai.tool')];
  return {
    ...NO_CONTENT,
    messages: inputOf(given.map(messageOf)),
    tools: toolsOf(definitions.map((each) => ({ ...each, parameters: jsonOf(each['parameters'] as AttrValue) }))),
    output: outputOf(answers.map(messageOf)),
  };
}

function listIn(attributes: AttrMap, start: string): Fields[] {
  const tree = treeOf(attributes, start);
  return Array.isArray(tree) ? tree.filter(isFields) : [];
}

function messageOf({ content, tool_calls, function_call, ...rest }: Fields): Fields {
  const calls = callsOf({ tool_calls, function_call });
  const text = content === undefined ? {} : { content: contentOf(content as AttrValue) };
  return { ...rest, ...text, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}

/** `tool_calls.0.name`, or the one `function_call.name` of old. */
function callsOf({ tool_calls, function_call }: Fields): Fields[] {
  const calls: unknown[] = Array.isArray(tool_calls) ? tool_calls : [function_call];
  return calls.filter(isFields).map((call) => ({ ...call, arguments: jsonOf(call['arguments'] as AttrValue) }));
}
