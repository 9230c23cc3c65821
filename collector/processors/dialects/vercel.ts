// Vercel's AI SDK with experimental_telemetry: an outer span a call of the SDK, an inner one a call of the model.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../../receivers/model.ts';
import { asNumber, asText } from '../text.ts';
import type { AttributeDialect, Content } from '../types.ts';
import { inputOf, jsonOf, listOf } from './messages.ts';
import { providerName } from './providers.ts';
import { NO_CONTENT, isFields, toolsOf, type Fields } from './shapes.ts';

const OPERATION = 'ai.operationId';
const METADATA = 'ai.telemetry.metadata.';

export const vercel: AttributeDialect = {
  id: 'vercel',
  title: 'Vercel AI SDK',
  senders: '`experimental_telemetry` of the package `ai`, versions 4 to 6',
  when: [OPERATION],
  aliases: {
    [ATTR.OPERATION]: [OPERATION],
    [ATTR.PROVIDER]: [{ from: 'ai.model.provider', value: providerName }],
    [ATTR.REQUEST_MODEL]: ['ai.model.id'],
    [ATTR.RESPONSE_MODEL]: ['ai.response.model'],
    [ATTR.RESPONSE_ID]: ['ai.response.id'],
    [ATTR.FINISH_REASONS]: ['ai.response.finishReason'],
    [ATTR.INPUT_TOKENS]: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
    [ATTR.OUTPUT_TOKENS]: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
    [ATTR.CACHE_READ_TOKENS]: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens'],
    [ATTR.CACHE_WRITE_TOKENS]: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
    [ATTR.REASONING_TOKENS]: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
    [ATTR.TTFT]: [
      { from: 'ai.response.msToFirstChunk', value: seconds },
      { from: 'ai.stream.msToFirstChunk', value: seconds },
    ],
    [ATTR.STREAM]: [{ from: OPERATION, value: (id) => (/\.stream[A-Z]/.test(asText(id)) ? true : null) }],
    [ATTR.TOOL_NAME]: ['ai.toolCall.name'],
    [ATTR.TOOL_CALL_ID]: ['ai.toolCall.id'],
    [ATTR.AGENT_NAME]: ['ai.telemetry.functionId'],
    [ATTR.SESSION_ID]: [`${METADATA}sessionId`],
    [ATTR.USER_ID]: [`${METADATA}userId`],
  },
  tags: [METADATA],
  input: ['ai.toolCall.args', 'ai.prompt'],
  output: ['ai.toolCall.result'],
  content: [
    /^ai\.prompt\.(messages|tools)$/,
    /^ai\.(response|result)\.(text|toolCalls|object|reasoning|files)$/,
    /^ai\.(values?|embeddings?|documents|ranking|schema)$/,
  ],
  readContent: ({ attributes }: DecodedSpan) => ({ ...inputOfCall(attributes), output: outputOfCall(attributes) }),
};

function seconds(value: AttrValue): AttrValue {
  const milliseconds = asNumber(value);
  return milliseconds === undefined ? null : milliseconds / 1000;
}

function inputOfCall(attributes: AttrMap): Content {
  const prompt = jsonOf(attributes.get('ai.prompt'));
  const outer = isFields(prompt) ? prompt : {};
  const given = jsonOf(attributes.get('ai.prompt.messages')) ?? outer['messages'];
  const values = attributes.get('ai.values') ?? attributes.get('ai.value');
  const texts = Array.isArray(values) ? values.map((value: AttrValue) => jsonOf(value)) : jsonOf(values);
  const messages = (Array.isArray(given) ? given : []).filter(isFields);
  const read = messages.map((message) => ({ role: message['role'], parts: partsOf(message['content']) }));
  const system = messages.length > 0 ? listOf(outer['system']) : [];
  const tools = toolsOf(attributes.get('ai.prompt.tools'));
  return { ...NO_CONTENT, system, tools, messages: inputOf(messages.length > 0 ? read : texts) };
}

function outputOfCall(attributes: AttrMap): unknown[] {
  const of = (name: string) => attributes.get(`ai.response.${name}`) ?? attributes.get(`ai.result.${name}`);
  const [text, reasoning] = [of('text') ?? of('object'), of('reasoning')];
  const calls = jsonOf(of('toolCalls'));
  const parts = [
    ...(reasoning === undefined || reasoning === '' ? [] : [{ type: 'reasoning', content: asText(reasoning) }]),
    ...(text === undefined || text === '' ? [] : [{ type: 'text', content: asText(text) }]),
    ...(Array.isArray(calls) ? calls.filter(isFields).map(callOf) : []),
  ];
  const finish_reason = asText(attributes.get('ai.response.finishReason') ?? '');
  return parts.length === 0 ? [] : [{ role: 'assistant', parts, finish_reason }];
}

function partsOf(content: unknown): unknown[] {
  if (typeof content === 'string') return [{ type: 'text', content }];
  return (Array.isArray(content) ? content : []).map((each: unknown) => (isFields(each) ? partOf(each) : each));
}

function partOf(part: Fields): unknown {
  if (part['type'] === 'text' || part['type'] === 'reasoning') return { type: part['type'], content: part['text'] };
  if (part['type'] === 'tool-call') return callOf(part);
  if (part['type'] === 'tool-result') {
    const output = part['output'] ?? part['result'];
    const response = isFields(output) && 'value' in output ? output['value'] : output;
    return { type: 'tool_call_response', id: part['toolCallId'], response };
  }
  return part;
}

function callOf(call: Fields): unknown {
  const given = call['input'] ?? call['args'];
  const args = typeof given === 'string' ? jsonOf(given) : given;
  return { type: 'tool_call', id: call['toolCallId'], name: call['toolName'], arguments: args };
}
