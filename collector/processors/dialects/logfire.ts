// Pydantic AI and Logfire: the conventions with everyday names beside them, messages as one list of JSON.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../../receivers/model.ts';
import type { AttributeDialect, Content } from '../types.ts';
import { jsonOf } from './messages.ts';
import { NO_CONTENT, anyOutput, isFields, messagesOf, toolsOf, type Fields } from './shapes.ts';

const MESSAGES = ['events', 'all_messages_events', 'pydantic_ai.all_messages'];
const DETAILS = 'gen_ai.usage.details';

export const logfire: AttributeDialect = {
  id: 'logfire',
  title: 'Pydantic AI and Logfire',
  senders: 'Pydantic AI with `instrument=True` and the integrations of Logfire',
  when: ['logfire.msg', 'logfire.json_schema', 'model_request_parameters', 'pydantic_ai.all_messages'],
  aliases: {
    [ATTR.OPERATION]: [
      { from: ATTR.TOOL_NAME, value: (_, all) => (all.has(ATTR.REQUEST_MODEL) ? null : 'execute_tool') },
      { from: 'agent_name', value: agent },
      { from: ATTR.AGENT_NAME, value: agent },
    ],
    [ATTR.AGENT_NAME]: ['agent_name'],
    [ATTR.REQUEST_MODEL]: ['model_name'],
    [ATTR.CACHE_READ_TOKENS]: [
      `${DETAILS}.cache_read_tokens`,
      `${DETAILS}.cached_tokens`,
      `${DETAILS}.cache_read_input_tokens`,
    ],
    [ATTR.CACHE_WRITE_TOKENS]: [`${DETAILS}.cache_write_tokens`, `${DETAILS}.cache_creation_input_tokens`],
    [ATTR.REASONING_TOKENS]: [`${DETAILS}.reasoning_tokens`],
    [ATTR.COST_TOTAL]: ['operation.cost'],
  },
  tags: ['logfire.tags'],
  input: ['tool_arguments', 'request_data'],
  output: ['tool_response', 'final_result', 'response_data'],
  content: MESSAGES,
  readContent: fromMessages,
};

/** The run of an agent is the span with its result; a call of its model may name it as well. */
function agent(_: AttrValue, all: AttrMap): AttrValue {
  return ['final_result', ...MESSAGES.slice(1)].some((name) => all.has(name)) ? 'invoke_agent' : null;
}

/** A list of messages; in a call's list the answer is the choice at its end. */
function fromMessages({ attributes }: DecodedSpan): Content {
  const all = jsonOf(attributes.get(MESSAGES.find((name) => attributes.has(name)) ?? ''));
  const events = Array.isArray(all) ? all.filter(isFields) : [];
  const isChoice = (event: Fields) => event['event.name'] === 'gen_ai.choice';
  const choices = events.filter(isChoice).map(({ message }) => message);
  return {
    ...NO_CONTENT,
    messages: messagesOf(events.filter((event) => !isChoice(event)).map(messageOf)),
    tools: definitions(attributes),
    output: choices.length > 0 ? anyOutput(JSON.stringify(choices)) : [],
  };
}

function messageOf(event: Fields): Fields {
  const answers = event['role'] === 'tool' && event['id'] !== undefined;
  return { content: '', ...event, ...(answers ? { tool_call_id: event['id'] } : {}) };
}

function definitions(attributes: AttrMap): unknown[] {
  const parameters = jsonOf(attributes.get('model_request_parameters'));
  const tools = isFields(parameters) ? parameters['function_tools'] : undefined;
  const fields = (Array.isArray(tools) ? tools : []).filter(isFields);
  return toolsOf(fields.map((tool) => ({ ...tool, parameters: tool['parameters_json_schema'] })));
}
