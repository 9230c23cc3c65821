// Events of Anthropic's Messages API, as a meter reads them.

import { anthropicFinish } from '../../schemas/dialects/anthropic/answer.ts';
import { fields, isFields, mergeUsage, readError } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import { addOnce, readHead, type MeterState } from './reading.ts';
import { parseEvent, stringBytes } from './probe.ts';

const DELTA_KEYS = ['"text"', '"partial_json"', '"thinking"'];
const TYPE = /"type"\s*:\s*"([a-z_]+)"/;

export function messagesEvents(state: MeterState, event: string, data: string): void {
  const { reading } = state;
  reading.chunks++;
  const type = event || (TYPE.exec(data)?.[1] ?? '');
  if (type === 'content_block_delta') {
    for (const key of DELTA_KEYS) {
      const bytes = stringBytes(data, key);
      if (bytes > 0) state.content(bytes);
    }
  } else if (type === 'message_stop') reading.complete = true;
  else if (type === 'content_block_start' && !data.includes('tool_use"')) return;
  else if (PARSED.has(type)) readEvent(state, type, parseEvent(data));
}

const PARSED: ReadonlySet<string> = new Set(['message_start', 'message_delta', 'content_block_start', 'error']);

function readEvent(state: MeterState, type: string, event: unknown): void {
  if (!isFields(event)) {
    state.broken();
    return;
  }
  const { reading } = state;
  if (type === 'message_start') readStart(state, fields(event['message']));
  else if (type === 'content_block_start') addOnce(reading.toolsCalled, fields(event['content_block'])['name']);
  else if (type === 'error') reading.error ??= readError(event) ?? { type: 'error', message: '' };
  else {
    const reason = fields(event['delta'])['stop_reason'];
    if (reason) addOnce(reading.finishReasons, anthropicFinish(reason));
    state.usage = mergeUsage(state.usage, event['usage']);
  }
}

function readStart(state: MeterState, message: Fields): void {
  readHead(state.reading, message);
  state.usage = mergeUsage(state.usage, message['usage']);
  state.reading.serviceTier ||= String(fields(message['usage'])['service_tier'] ?? '');
}
