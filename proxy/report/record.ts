// What the data path writes down about a request, for the reporter to make spans of: a begin record before anything
// goes upstream, an end record when it is over. Both are flat JSON; bodies lie beside them in the payload spool.

import type { Attempt, Exchange } from '../exchange.ts';
import type { Position } from '../../runtime/spool/format.ts';
import type { Cost } from '../../schemas/price.ts';
import type { Usage } from '../../schemas/call.ts';
import type { UsageSource } from '../../schemas/span.ts';

/** Kinds of spool records. Another layout gets another kind; a reader passes over kinds it does not know. */
export const KIND = { BEGIN: 1, END: 2, PAYLOAD: 3 } as const;

export interface BeginRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly requestId: string;
  readonly startUs: number;
  readonly method: string;
  readonly path: string;
  readonly httpRoute: string;
  readonly address: string;
  readonly userAgent: string;
  readonly keyId: string;
  readonly team: string;
  readonly operation: string;
  readonly dialect: string;
  readonly modelAsked: string;
  readonly stream: boolean;
  readonly userId: string;
  readonly sessionId: string;
  readonly promptName: string;
  readonly promptVersion: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where the bodies of a request lie: first the request's bytes, then the answer's. */
export interface PayloadRef {
  readonly at: Position;
  readonly requestBytes: number;
}

/** Of a captured call: the original sizes, and where the bytes are unless they had to be dropped. */
export interface Capture {
  readonly requestSize: number;
  readonly responseSize: number;
  readonly payload: PayloadRef | undefined;
}

/** Parameters of the call that are attributes of their own; absent where the caller left them out. */
export interface Params {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly choices?: number | undefined;
  readonly reasoning?: string | undefined;
  readonly outputType?: string | undefined;
  readonly conversation?: string | undefined;
}

export interface AttemptRecord {
  readonly index: number;
  readonly spanId: string;
  readonly deployment: string;
  readonly model: string;
  /** Where it was not the caller's. */
  readonly dialect?: string;
  readonly provider: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly reason: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly httpStatus: number;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly upstreamRequestId: string;
  readonly firstTokenUs: number;
  readonly chunks: number;
  readonly usage: Usage | undefined;
  readonly usageSource: UsageSource;
  readonly cost: Cost | undefined;
  readonly modelReturned: string;
  readonly responseId: string;
  readonly finishReasons: readonly string[];
  readonly toolsCalled: readonly string[];
  readonly systemFingerprint: string;
  readonly serviceTier: string;
  readonly complete: boolean;
}

export interface EndRecord extends BeginRecord {
  readonly endUs: number;
  readonly outcome: string;
  readonly httpStatus: number;
  readonly errorType: string;
  readonly overheadUs: number;
  readonly route: string;
  readonly strategy: string;
  readonly reason: string;
  /** Targets that were passed over; absent where none was. */
  readonly skipped?: readonly string[];
  readonly params: Params;
  readonly attempts: readonly AttemptRecord[];
  readonly capture: Capture | undefined;
}

/** Longest texts that callers and providers can put into a record. */
const LONGEST = 512;
const LONGEST_MESSAGE = 1024;

export function beginRecord(exchange: Exchange): BeginRecord {
  const { request, caller } = exchange;
  return {
    traceId: exchange.traceId,
    spanId: exchange.spanId,
    parentSpanId: exchange.parentSpanId,
    traceState: clip(exchange.traceState),
    requestId: exchange.requestId,
    startUs: exchange.startUs,
    method: exchange.method,
    path: clip(exchange.path),
    httpRoute: exchange.httpRoute,
    address: request.socket.remoteAddress ?? '',
    userAgent: clip(request.headers['user-agent'] ?? ''),
    keyId: caller.keyId,
    team: caller.team,
    operation: exchange.operation,
    dialect: exchange.dialect,
    modelAsked: clip(exchange.modelAsked),
    stream: exchange.stream,
    userId: clip(exchange.userId),
    sessionId: clip(exchange.sessionId),
    promptName: clip(exchange.promptName),
    promptVersion: clip(exchange.promptVersion),
    tags: exchange.tags,
  };
}

export function endRecord(exchange: Exchange, capture: Capture | undefined): EndRecord {
  const { plan } = exchange;
  return {
    ...beginRecord(exchange),
    endUs: exchange.endUs,
    outcome: exchange.outcome,
    httpStatus: exchange.httpStatus,
    errorType: exchange.errorType,
    overheadUs: exchange.overheadUs,
    route: plan?.route ?? '',
    strategy: plan?.strategy ?? '',
    reason: plan?.reason ?? '',
    ...(exchange.skipped.length === 0 ? {} : { skipped: exchange.skipped.map((each) => clip(each)) }),
    params: exchange.json ? paramsOf(exchange.json) : {},
    attempts: exchange.attempts.map((attempt) => attemptRecord(attempt, exchange.dialect)),
    capture,
  };
}

function attemptRecord(attempt: Attempt, asked: string): AttemptRecord {
  const { reading, dialect } = attempt;
  return {
    index: attempt.index,
    spanId: attempt.spanId,
    deployment: attempt.target.deployment,
    model: clip(attempt.target.model),
    ...(dialect === asked || dialect === '' ? {} : { dialect }),
    provider: attempt.provider,
    serverAddress: attempt.serverAddress,
    serverPort: attempt.serverPort,
    reason: attempt.reason,
    startUs: attempt.startUs,
    endUs: attempt.endUs,
    httpStatus: attempt.httpStatus,
    errorType: clip(attempt.errorType),
    errorMessage: clip(attempt.errorMessage, LONGEST_MESSAGE),
    upstreamRequestId: clip(attempt.upstreamRequestId),
    firstTokenUs: reading.firstTokenUs,
    chunks: reading.chunks,
    usage: reading.usage,
    usageSource: reading.usageSource,
    cost: attempt.cost,
    modelReturned: clip(reading.model),
    responseId: clip(reading.id),
    finishReasons: reading.finishReasons,
    toolsCalled: reading.toolsCalled,
    systemFingerprint: clip(reading.systemFingerprint),
    serviceTier: clip(reading.serviceTier),
    complete: reading.complete,
  };
}

type Json = Readonly<Record<string, unknown>>;

/** Where Google, Bedrock and Ollama keep what others say at the top. */
const SECTIONS = ['generationConfig', 'generation_config', 'inferenceConfig', 'options'] as const;

const MAX_TOKENS = [
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'maxOutputTokens',
  'maxTokens',
  'num_predict',
] as const;

/** Reads the parameters under the names that the chat dialects give them. */
export function paramsOf(request: Json): Params {
  const section = SECTIONS.find((name) => typeof request[name] === 'object');
  const body = section === undefined ? request : { ...request, ...(request[section] as Json | null) };
  const format = inside(body.response_format, 'type') ?? inside(inside(body.text, 'format'), 'type');
  return {
    temperature: numberOr(body.temperature),
    topP: numberOr(body.top_p ?? body.topP),
    maxTokens: numberOr(MAX_TOKENS.map((name) => body[name]).find((value) => value !== undefined)),
    seed: numberOr(body.seed),
    choices: numberOr(body.n ?? body.candidateCount),
    reasoning: textOr(
      body.reasoning_effort ?? inside(body.reasoning, 'effort') ?? inside(body.output_config, 'effort'),
    ),
    outputType: typeof format === 'string' && format.startsWith('json') ? 'json' : textOr(format),
    conversation: textOr(inside(body.conversation, 'id') ?? body.conversation),
  };
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? clip(value) : undefined;
}

function inside(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[key] : undefined;
}

function clip(text: string, longest = LONGEST): string {
  return text.length <= longest ? text : text.slice(0, longest);
}

export function encodeRecord(record: BeginRecord | EndRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** Reads a record of this process's making back; undefined when it is none. */
export function decodeBegin(data: Buffer): BeginRecord | undefined {
  return decode(data) as BeginRecord | undefined;
}

export function decodeEnd(data: Buffer): EndRecord | undefined {
  const record = decode(data);
  return record && Array.isArray(record.attempts) ? (record as unknown as EndRecord) : undefined;
}

const BEFORE_SPAN_ID = JSON.stringify({ traceId: '0'.repeat(32), spanId: '' }).length - '"}'.length;

/** Its span id by its place alone: cheap, and some other text where the record is not as it is written above. */
export function peekSpanId(data: Buffer): string {
  return data.toString('latin1', BEFORE_SPAN_ID, BEFORE_SPAN_ID + 16);
}

function decode(data: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    const { traceId, spanId, startUs } = value as Json;
    const good = isHex(traceId, 32) && isHex(spanId, 16) && typeof startUs === 'number';
    return good ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function isHex(value: unknown, length: number): boolean {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value);
}
