// Chat completion chunks, as a meter reads them.

import { chatFinish } from '../../schemas/dialects/openai-chat/answer.ts';
import { fields, isFields, list } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import { addOnce, readHead, type MeterState } from './reading.ts';
import { hasValue, parseEvent, stringBytes } from './probe.ts';

const CONTENT_KEYS = ['"content"', '"reasoning_content"', '"reasoning"', '"arguments"', '"refusal"', '"text"'];

export function chatEvents(state: MeterState, _event: string, data: string): void {
  if (data === '[DONE]') {
    state.reading.complete = true;
    return;
  }
  const first = state.reading.chunks++ === 0;
  for (const key of CONTENT_KEYS) {
    const bytes = stringBytes(data, key);
    if (bytes === 0) continue;
    state.content(bytes);
    break;
  }
  if (first || matters(data)) readChunk(state, parseEvent(data));
}

/** Most chunks carry a token and nothing else: those are never parsed. */
function matters(data: string): boolean {
  return (
    !data.endsWith('}') ||
    !data.includes('"choices"') ||
    hasValue(data, '"finish_reason"') ||
    hasValue(data, '"usage"') ||
    hasValue(data, '"error"') ||
    (data.includes('"tool_calls"') && data.includes('"name"'))
  );
}

function readChunk(state: MeterState, chunk: unknown): void {
  if (!isFields(chunk)) {
    state.broken();
    return;
  }
  const { reading } = state;
  readHead(reading, chunk);
  state.usage = chunk['usage'] ?? fields(chunk['x_groq'])['usage'] ?? state.usage;
  for (const choice of list(chunk['choices']).map(fields)) {
    if (choice['finish_reason']) addOnce(reading.finishReasons, chatFinish(choice['finish_reason']));
    readTools(reading.toolsCalled, fields(choice['delta']));
  }
}

/** Names of the tools that a message or a delta calls. */
export function readTools(called: string[], message: Fields): void {
  for (const call of list(message['tool_calls']).map(fields)) {
    addOnce(called, fields(call['function'])['name'] ?? fields(call['custom'])['name']);
  }
}
