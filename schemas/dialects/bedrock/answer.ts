// Converse's whole answer. It names neither itself nor its model.

import type { CallError, CallOutput, OutputMessage, Part, Usage } from '../../call.ts';
import { count, fields, isFields, known, list, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { present } from '../write.ts';
import { readBlocks, writeBlock } from './blocks.ts';
import { callSealBlocks } from './thoughts.ts';

const FINISH: readonly (readonly [theirs: string, neutral: string])[] = [
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_call'],
  ['content_filtered', 'content_filter'],
  ['guardrail_intervened', 'content_filter'],
  ['malformed_model_output', 'error'],
  ['malformed_tool_use', 'error'],
];

/** `stopReason` in neutral words; `error` where there is none. */
export function readFinish(value: unknown): string {
  const reason = text(value) || 'error';
  return FINISH.find(([theirs]) => theirs === reason)?.[1] ?? reason;
}

/** A neutral finish reason as a `stopReason`. */
export function writeFinish(reason: string, stopSequence: string | undefined): string {
  if (stopSequence !== undefined) return 'stop_sequence';
  return FINISH.find(([, neutral]) => neutral === reason)?.[0] ?? reason;
}

/** Converse's `inputTokens` leaves cached tokens out; ours is the total of the three. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const cacheRead = known(usage['cacheReadInputTokens']);
  const cacheWrite = known(usage['cacheWriteInputTokens']);
  const fresh = count(usage['inputTokens']);
  const hour = list(usage['cacheDetails']).filter((detail) => fields(detail)['ttl'] === '1h');
  const kept = hour.reduce<number>((sum, detail) => sum + known(fields(detail)['inputTokens']), 0);
  return usageOf({
    input: typeof fresh === 'number' ? fresh + cacheRead + cacheWrite : usage['inputTokens'],
    output: usage['outputTokens'],
    total: usage['totalTokens'],
    cacheRead,
    cacheWrite,
    reasoning: undefined,
    units: { cacheWrite1h: Math.min(kept, cacheWrite) },
  });
}

export function writeUsage({ input, cacheRead, cacheWrite, output, units }: Usage): Fields {
  const hour = units?.cacheWrite1h ?? 0;
  const details = [
    { ttl: '1h', inputTokens: hour },
    { ttl: '5m', inputTokens: cacheWrite - hour },
  ];
  return {
    inputTokens: input - cacheRead - cacheWrite,
    outputTokens: output,
    totalTokens: input + output,
    ...(cacheRead + cacheWrite > 0 ? { cacheReadInputTokens: cacheRead, cacheWriteInputTokens: cacheWrite } : {}),
    ...(hour > 0 ? { cacheDetails: details.filter(({ inputTokens }) => inputTokens > 0) } : {}),
  };
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const message = fields(body['output'])['message'];
  const error = isFields(message) ? undefined : readFault(body);
  const tier = readTier(body);
  return {
    messages: isFields(message) ? [readMessage(message, body['stopReason'])] : [],
    usage: readUsage(body['usage']),
    model: readModel(body['trace']),
    id: '',
    ...(tier === undefined ? {} : { serviceTier: tier }),
    complete: isFields(message) || error !== undefined,
    error,
  };
}

function readMessage(message: Fields, stopReason: unknown): OutputMessage {
  const parts = readBlocks(message['content'], { paths: new WeakMap(), at: '' });
  return { role: 'assistant', parts, finish_reason: readFinish(stopReason) };
}

/** A prompt router says whom it asked. */
export function readModel(trace: unknown): string {
  return text(fields(fields(trace)['promptRouter'])['invokedModelId']);
}

export function readTier(body: Fields): string | undefined {
  return text(fields(body['serviceTier'])['type']) || undefined;
}

/** Status by the name of the exception, which comes as a header, in the body, or as the event's name. */
const STATUS: Readonly<Record<string, number>> = {
  accessdeniedexception: 403,
  internalserverexception: 500,
  modelerrorexception: 424,
  modelnotreadyexception: 429,
  modelstreamerrorexception: 424,
  modeltimeoutexception: 408,
  resourcenotfoundexception: 404,
  servicequotaexceededexception: 400,
  serviceunavailableexception: 503,
  throttlingexception: 429,
  validationexception: 400,
};

/** `{message}`, with the exception's name where the body has it. */
export function readFault(body: Fields, name = text(body['__type'])): CallError | undefined {
  const message = body['message'] ?? body['Message'] ?? body['originalMessage'];
  if (typeof message !== 'string') return undefined;
  const type = name.slice(name.indexOf('#') + 1) || 'error';
  const status = STATUS[type.toLowerCase()];
  return { type, message, ...(status === undefined ? {} : { status }) };
}

/** The exceptions that a stream may end with, by status. */
const EXCEPTIONS: readonly (readonly [status: number, name: string])[] = [
  [400, 'validationException'],
  [429, 'throttlingException'],
  [500, 'internalServerException'],
  [503, 'serviceUnavailableException'],
];

export function exceptionFor({ type, status }: CallError): string {
  const same = EXCEPTIONS.find(([of, name]) => of === status || name.toLowerCase() === type.toLowerCase());
  return same?.[1] ?? 'modelStreamErrorException';
}

/** How long the model took is not known here: `metrics` is there for clients that look into it, and is empty. */
export function writeOutput({ messages, usage, serviceTier }: CallOutput): Fields {
  const [message] = messages;
  const content = (message?.parts ?? []).flatMap(writeAnswered);
  return {
    output: { message: { role: 'assistant', content } },
    stopReason: writeFinish(message?.finish_reason ?? 'error', message?.stop_sequence),
    ...present({ usage: usage && writeUsage(usage), serviceTier: writeTier(serviceTier) }),
    metrics: {},
  };
}

function writeAnswered(part: Part): readonly Fields[] {
  const block = writeBlock(part);
  const before = part.type === 'tool_call' ? callSealBlocks(part) : [];
  return block === undefined ? [] : [...before, block];
}

export function writeTier(tier: string | undefined): Fields | undefined {
  return tier === undefined || tier === '' ? undefined : { type: tier };
}
