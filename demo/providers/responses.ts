// OpenAI responses, from the provider's side.

import { pieces } from '../tokens.ts';
import type { Answer, ToolCall } from './answer.ts';
import { readResponses } from './asked.ts';
import { CHUNK_TOKENS, frame, type Frame, type Shape } from './shape.ts';

/** What the demo leaves at its default in every response object. */
const DEFAULTS = {
  background: false, error: null, instructions: null, max_output_tokens: null, metadata: {}, parallel_tool_calls: true,
  previous_response_id: null, service_tier: 'default', store: false, temperature: 1, tool_choice: 'auto', tools: [],
  top_p: 1, truncation: 'disabled',
}; // prettier-ignore

const usage = (answer: Answer) => ({
  input_tokens: answer.inputTokens,
  input_tokens_details: { cached_tokens: answer.cachedTokens },
  output_tokens: answer.outputTokens,
  output_tokens_details: { reasoning_tokens: answer.reasoningTokens },
  total_tokens: answer.inputTokens + answer.outputTokens,
});

function response(answer: Answer, status: 'in_progress' | 'completed' | 'incomplete', output: unknown[]): object {
  return {
    ...DEFAULTS,
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: answer.created,
    status,
    model: answer.model,
    output,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    usage: status === 'in_progress' ? null : usage(answer),
  };
}

const textPart = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });

const message = (answer: Answer, status: string, content: unknown[]) => ({
  id: `msg_${answer.id}`,
  type: 'message',
  status,
  content,
  role: 'assistant',
});

const functionCall = (call: ToolCall, status: string, args: string) => ({
  id: `fc_${call.id.slice(5)}`,
  type: 'function_call',
  status,
  arguments: args,
  call_id: call.id,
  name: call.name,
});

function output(answer: Answer): unknown[] {
  if (answer.toolCalls.length > 0)
    return answer.toolCalls.map((call) => functionCall(call, 'completed', call.arguments));
  return [message(answer, 'completed', [textPart(answer.text)])];
}

const finalStatus = (answer: Answer) => (answer.finish === 'length' ? 'incomplete' : 'completed');

type Step = readonly [type: string, fields: object, tokens?: number];

function textSteps(answer: Answer): Step[] {
  const at = { item_id: `msg_${answer.id}`, output_index: 0, content_index: 0 };
  return [
    ['response.output_item.added', { output_index: 0, item: message(answer, 'in_progress', []) }],
    ['response.content_part.added', { ...at, part: textPart('') }],
    ...pieces(answer.text, CHUNK_TOKENS).map((delta): Step => [
      'response.output_text.delta',
      { ...at, delta, logprobs: [] },
      CHUNK_TOKENS,
    ]),
    ['response.output_text.done', { ...at, text: answer.text, logprobs: [] }],
    ['response.content_part.done', { ...at, part: textPart(answer.text) }],
    ['response.output_item.done', { output_index: 0, item: message(answer, 'completed', [textPart(answer.text)]) }],
  ];
}

function callSteps(call: ToolCall, index: number): Step[] {
  const at = { item_id: `fc_${call.id.slice(5)}`, output_index: index };
  return [
    ['response.output_item.added', { output_index: index, item: functionCall(call, 'in_progress', '') }],
    ...pieces(call.arguments, CHUNK_TOKENS).map((delta): Step => [
      'response.function_call_arguments.delta',
      { ...at, delta },
      CHUNK_TOKENS,
    ]),
    ['response.function_call_arguments.done', { ...at, name: call.name, arguments: call.arguments }],
    ['response.output_item.done', { output_index: index, item: functionCall(call, 'completed', call.arguments) }],
  ];
}

export const responses: Shape = {
  read: readResponses,
  body: (answer) => response(answer, finalStatus(answer), output(answer)),
  frames: (answer) => {
    const last = finalStatus(answer);
    const steps: Step[] = [
      ['response.created', { response: response(answer, 'in_progress', []) }],
      ['response.in_progress', { response: response(answer, 'in_progress', []) }],
      ...(answer.toolCalls.length > 0 ? answer.toolCalls.flatMap(callSteps) : textSteps(answer)),
      [`response.${last}`, { response: response(answer, last, output(answer)) }],
    ];
    return steps.map(([type, fields, tokens], sequence): Frame =>
      frame({ type, sequence_number: sequence, ...fields }, tokens ?? 0, type),
    );
  },
};
