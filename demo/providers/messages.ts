// Anthropic messages, from the provider's side.

import { pieces } from '../tokens.ts';
import type { Answer } from './answer.ts';
import { readMessages } from './asked.ts';
import { CHUNK_TOKENS, frame, type Frame, type Shape } from './shape.ts';

const STOP: Readonly<Record<Answer['finish'], string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
};

/** Anthropic's input count leaves the cached tokens out. */
const inputUsage = (answer: Answer) => ({
  input_tokens: answer.inputTokens - answer.cachedTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: answer.cachedTokens,
  service_tier: 'standard',
});

const head = (answer: Answer) => ({ id: `msg_${answer.id}`, type: 'message', role: 'assistant', model: answer.model });

const toolId = (id: string) => `toolu_${id.slice(5)}`;

function block(index: number, start: object, deltas: readonly object[]): Frame[] {
  return [
    frame({ type: 'content_block_start', index, content_block: start }, 0, 'content_block_start'),
    ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta }, CHUNK_TOKENS, 'content_block_delta')),
    frame({ type: 'content_block_stop', index }, 0, 'content_block_stop'),
  ];
}

export const messages: Shape = {
  read: readMessages,

  body: (answer) => ({
    ...head(answer),
    content:
      answer.toolCalls.length > 0
        ? answer.toolCalls.map((call) => ({
            type: 'tool_use',
            id: toolId(call.id),
            name: call.name,
            input: JSON.parse(call.arguments) as unknown,
          }))
        : [{ type: 'text', text: answer.text }],
    stop_reason: STOP[answer.finish],
    stop_sequence: null,
    usage: { ...inputUsage(answer), output_tokens: answer.outputTokens },
  }),

  frames: (answer) => {
    const content =
      answer.toolCalls.length > 0
        ? answer.toolCalls.flatMap((call, index) =>
            block(
              index,
              { type: 'tool_use', id: toolId(call.id), name: call.name, input: {} },
              pieces(call.arguments, CHUNK_TOKENS).map((json) => ({ type: 'input_json_delta', partial_json: json })),
            ),
          )
        : block(
            0,
            { type: 'text', text: '' },
            pieces(answer.text, CHUNK_TOKENS).map((text) => ({ type: 'text_delta', text })),
          );
    const start = {
      ...head(answer),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...inputUsage(answer), output_tokens: 1 },
    };
    return [
      frame({ type: 'message_start', message: start }, 0, 'message_start'),
      frame({ type: 'ping' }, 0, 'ping'),
      ...content,
      frame(
        {
          type: 'message_delta',
          delta: { stop_reason: STOP[answer.finish], stop_sequence: null },
          usage: { output_tokens: answer.outputTokens },
        },
        0,
        'message_delta',
      ),
      frame({ type: 'message_stop' }, 0, 'message_stop'),
    ];
  },
};
