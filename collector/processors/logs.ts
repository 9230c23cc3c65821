// Log records that say something about calls: evaluation results become scores, inference details become the payload
// row of their span. Everything else is accepted and counted, by reason.

import { createHash } from 'node:crypto';
import type { ScoreRow } from '../../schemas/score.ts';
import type { IoRow } from '../../schemas/span.ts';
import { ATTR } from '../../schemas/attributes.ts';
import { validContext, type DecodedLog } from '../receivers/model.ts';
import { clampTime } from './clock.ts';
import { messagesContent } from './dialects/genai.ts';
import { hasContent } from './dialects/messages.ts';
import { inputJson, outputJson } from './payload.ts';
import { asNumber, asText, cut, cutMarked } from './text.ts';

export const LOG_REASONS = [
  'not_genai', 'no_span_context', 'no_content', 'no_name', 'message_event', 'exception_event', 'other_event',
] as const; // prettier-ignore
export type LogReason = (typeof LOG_REASONS)[number];

export type LogRows = { readonly score: ScoreRow } | { readonly io: IoRow } | { readonly ignored: LogReason };

const EVALUATION = 'gen_ai.evaluation.result';
const DETAILS = 'gen_ai.client.inference.operation.details';
const EXCEPTION = 'gen_ai.client.operation.exception';
const MESSAGES = /^gen_ai\.(system|user|assistant|tool)\.message$|^gen_ai\.choice$/;

const MAX_NAME = 256;
const MAX_COMMENT = 16 * 1024;

/** @param now milliseconds since 1970 */
export function readLog(log: DecodedLog, now: number): LogRows {
  const name = log.eventName || asText(log.attributes.get('event.name') ?? '');
  if (name === EVALUATION) return score(log, now);
  if (name === DETAILS) return details(log, now);
  if (name === EXCEPTION) return { ignored: 'exception_event' };
  if (MESSAGES.test(name)) return { ignored: 'message_event' };
  return { ignored: name.startsWith('gen_ai.') ? 'other_event' : 'not_genai' };
}

function score(log: DecodedLog, now: number): LogRows {
  const text = (key: string) => asText(log.attributes.get(key) ?? '');
  const linked = validContext(log);
  const responseId = cut(text(ATTR.RESPONSE_ID), MAX_NAME);
  const name = cut(text('gen_ai.evaluation.name'), MAX_NAME);
  if (name === '') return { ignored: 'no_name' };
  if (!linked && responseId === '') return { ignored: 'no_span_context' };
  const value = asNumber(log.attributes.get('gen_ai.evaluation.score.value'));
  const row = {
    team: teamOf(log),
    ts: timeOf(log, now),
    trace_id: linked ? log.traceId : '',
    span_id: linked ? log.spanId : '',
    name,
    source: 'otlp' as const,
    value: value ?? 0,
    has_value: value !== undefined,
    label: cut(text('gen_ai.evaluation.score.label'), MAX_NAME),
    comment: cutMarked(text('gen_ai.evaluation.explanation'), MAX_COMMENT),
    response_id: responseId,
  };
  return { score: { ...row, score_id: idOf(row, log) } };
}

/** The same for the same record, so that a sender's retry replaces its first copy. */
function idOf(row: Omit<ScoreRow, 'score_id'>, log: DecodedLog): string {
  const { trace_id, span_id, response_id, name, value, label } = row;
  const parts = [trace_id, span_id, response_id, name, value, label, log.time.us, log.time.ns];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function details(log: DecodedLog, now: number): LogRows {
  if (!validContext(log)) return { ignored: 'no_span_context' };
  const content = messagesContent(log.attributes);
  if (!hasContent(content)) return { ignored: 'no_content' };
  const { system, messages, tools, output } = content;
  const row = {
    team: teamOf(log),
    ts: timeOf(log, now),
    trace_id: log.traceId,
    span_id: log.spanId,
    input: system.length + messages.length + tools.length > 0 ? inputJson(content) : '',
    output: output.length > 0 ? outputJson(output) : '',
    raw_request: '',
    raw_response: '',
    request_size: 0,
    response_size: 0,
  };
  return { io: row };
}

function teamOf({ attributes }: DecodedLog): string {
  return cut(asText(attributes.get(ATTR.TEAM) ?? ''), MAX_NAME) || 'default';
}

function timeOf({ time, observed }: DecodedLog, now: number): number {
  return clampTime(time.us || observed.us || now * 1000, now);
}
