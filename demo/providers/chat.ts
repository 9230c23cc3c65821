// OpenAI chat completions, from the provider's side.

import { pieces } from '../tokens.ts';
import type { Answer } from './answer.ts';
import { readChat } from './asked.ts';
import { CHUNK_TOKENS, frame, type Frame, type Shape } from './shape.ts';

function usage(answer: Answer): unknown {
  return {
    prompt_tokens: answer.inputTokens,
    completion_tokens: answer.outputTokens,
    total_tokens: answer.inputTokens + answer.outputTokens,
    prompt_tokens_details: { cached_tokens: answer.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const head = (answer: Answer, object: string) => ({
  id: `chatcmpl-${answer.id}`,
  object,
  created: answer.created,
  model: answer.model,
  service_tier: 'default',
  system_fingerprint: answer.fingerprint === '' ? null : answer.fingerprint,
});

const toolCall = (call: Answer['toolCalls'][number]) => ({
  id: call.id,
  type: 'function',
  function: { name: call.name, arguments: call.arguments },
});

export const chat: Shape = {
  read: readChat,

  body: (answer) => ({
    ...head(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.toolCalls.length > 0 ? null : answer.text,
          ...(answer.toolCalls.length > 0 ? { tool_calls: answer.toolCalls.map(toolCall) } : {}),
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: answer.finish,
      },
    ],
    usage: usage(answer),
  }),

  frames: (answer, asked) => {
    const chunk = (choices: unknown[], more: object = {}) => ({
      ...head(answer, 'chat.completion.chunk'),
      choices,
      ...(asked.includeUsage ? { usage: null } : {}),
      ...more,
    });
    const delta = (value: object, tokens: number): Frame =>
      frame(chunk([{ index: 0, delta: value, logprobs: null, finish_reason: null }]), tokens);
    const content = pieces(answer.text, CHUNK_TOKENS).map((text) => delta({ content: text }, CHUNK_TOKENS));
    const calls = answer.toolCalls.flatMap((call, index) => [
      delta(
        { tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] },
        1,
      ),
      ...pieces(call.arguments, CHUNK_TOKENS).map((text) =>
        delta({ tool_calls: [{ index, function: { arguments: text } }] }, CHUNK_TOKENS),
      ),
    ]);
    const first =
      answer.toolCalls.length > 0
        ? { role: 'assistant', content: null }
        : { role: 'assistant', content: '', refusal: null };
    return [
      delta(first, 0),
      ...content,
      ...calls,
      frame(chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: answer.finish }])),
      ...(asked.includeUsage ? [frame(chunk([], { usage: usage(answer) }))] : []),
      frame('[DONE]'),
    ];
  },
};
