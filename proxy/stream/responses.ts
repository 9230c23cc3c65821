// Events of the Responses API, as a meter reads them. Their type stands in the `event:` line and again in the JSON.

import { billedUsage, finishReason } from '../../schemas/dialects/openai-responses/answer.ts';
import { fields, isFields, readError, text } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import { addOnce, readHead, type MeterState } from './reading.ts';
import { parseEvent, stringBytes } from './probe.ts';

const TYPE = /"type"\s*:\s*"([a-z_.]+)"/;

export function responsesEvents(state: MeterState, event: string, data: string): void {
  if (data === '[DONE]') return;
  state.reading.chunks++;
  const type = event || (TYPE.exec(data)?.[1] ?? '');
  if (type.endsWith('.delta')) {
    const bytes = stringBytes(data, '"delta"');
    if (bytes > 0) state.content(bytes);
  } else if (type === 'response.output_item.added') {
    if (data.includes('_call"')) readItem(state, parseEvent(data));
  } else if (RESPONSE_EVENTS.has(type)) readResponse(state, type, parseEvent(data));
  else if (!data.endsWith('}')) state.broken();
}

const RESPONSE_EVENTS: ReadonlySet<string> = new Set([
  'response.created',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

function readItem(state: MeterState, event: unknown): void {
  const item = fields(fields(event)['item']);
  if (text(item['type']).endsWith('_call')) addOnce(state.reading.toolsCalled, item['name'] ?? item['type']);
}

// oxlint-disable-next-line max-params -- within the limit; the type is known already
function readResponse(state: MeterState, type: string, event: unknown): void {
  const { reading } = state;
  if (!isFields(event)) {
    state.broken();
    return;
  }
  if (type === 'error') {
    reading.error ??= errorOf(event);
    return;
  }
  const response = fields(event['response']);
  readHead(reading, response);
  if (type === 'response.created') return;
  reading.complete = true;
  state.usage = billedUsage(response) ?? state.usage;
  addOnce(reading.finishReasons, finishReason(response, reading.toolsCalled.length > 0));
}

function errorOf(event: Fields): { type: string; message: string } {
  return readError(event) ?? { type: text(event['code']) || 'error', message: text(event['message']) };
}
