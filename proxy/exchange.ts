// The typed state of one request on its way through the stages. No bag of unknowns: what a stage leaves for a later
// one has a field here. Times are microseconds since 1970 (proxy/clock.ts), from one monotonic clock.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DialectId, Usage } from '../schemas/call.ts';
import type { Deadlines, FallbackReason } from '../schemas/config.ts';
import type { MediaKind } from '../schemas/media/types.ts';
import type { Cost } from '../schemas/price.ts';
import type { Outcome } from '../schemas/errors.ts';
import type { UsageSource } from '../schemas/span.ts';
import type { TargetState } from './routing/state.ts';

/**
 * What the path asks for; `passthrough` forwards bytes to one provider, `models` answers here, `count` (of a prompt's
 * tokens) where the provider does not; the kinds of media are forwarded as they are and accounted for.
 */
export type Operation = 'chat' | 'embeddings' | 'count' | 'models' | 'passthrough' | 'realtime' | MediaKind;

export interface Caller {
  readonly keyId: string;
  readonly team: string;
  /** Patterns this key may use; empty means all. */
  readonly models: readonly string[];
}

/** One place a call can go to. */
export interface Target {
  /** The provider's name in the config: the deployment. */
  readonly deployment: string;
  /** The model's name at that provider. */
  readonly model: string;
  /** Of a route's target; what a caller names itself has none. */
  readonly state?: TargetState | undefined;
  /** Tokens that fit, where the config says so. */
  readonly context?: number | undefined;
  /** Instead of the route's. */
  readonly deadlines?: Deadlines | undefined;
  /** Of a fallback: the failures it is for. */
  readonly on?: ReadonlySet<FallbackReason> | undefined;
}

export interface Plan {
  readonly route: string;
  readonly strategy: string;
  /** In the order in which they are tried. */
  readonly targets: readonly Target[];
  /** Why the first target is first, in words. */
  readonly reason: string;
}

/** What the meter knows of an answer, complete or not. */
export interface Reading {
  /** 0 until a byte of content came. */
  firstTokenUs: number;
  chunks: number;
  usage: Usage | undefined;
  usageSource: UsageSource;
  model: string;
  id: string;
  finishReasons: string[];
  toolsCalled: string[];
  systemFingerprint: string;
  serviceTier: string;
  /** The dialect's terminal event, or a whole body, was seen. */
  complete: boolean;
  /** An error object inside the answer. */
  error: { readonly type: string; readonly message: string } | undefined;
  /** Data lines that were no JSON. */
  malformed: number;
}

export interface Attempt {
  /** 1 for the first. */
  readonly index: number;
  readonly spanId: string;
  readonly target: Target;
  /** What was spoken with the provider: the caller's dialect unless it was translated; '' where nobody here reads it. */
  dialect: DialectId | '';
  /** gen_ai.provider.name */
  readonly provider: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** Why this attempt was made. */
  readonly reason: string;
  readonly startUs: number;
  endUs: number;
  httpStatus: number;
  /** '' when it went well: a status, `timeout`, `connect`, `reset`, `truncated`, `cancelled` ... */
  errorType: string;
  errorMessage: string;
  upstreamRequestId: string;
  reading: Reading;
  cost: Cost | undefined;
  /** The answer as it came, up to capture.max_bytes; empty when nothing is captured. */
  responseBody: Buffer[];
  responseSize: number;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '' without a `traceparent`. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startUs: number;
  endUs: number;
  readonly method: string;
  readonly path: string;
  /** Low-cardinality: `/v1/chat/completions`, `/passthrough/{provider}/*`. */
  httpRoute: string;
  caller: Caller;
  operation: Operation;
  dialect: DialectId | '';
  /** The `model` the caller wrote. */
  modelAsked: string;
  stream: boolean;
  body: Buffer;
  /** Parsed once, by read; undefined where the body is not JSON. */
  json: Readonly<Record<string, unknown>> | undefined;
  userId: string;
  sessionId: string;
  promptName: string;
  promptVersion: string;
  tags: Readonly<Record<string, string>>;
  plan: Plan | undefined;
  readonly attempts: Attempt[];
  /** Targets that were passed over, each with its reason. */
  skipped: readonly string[];
  /** True once a byte of the answer went to the client: from then on nothing can be retried. */
  answering: boolean;
  /** The client went away. Aborts every upstream call. */
  readonly cancelled: AbortSignal;
  outcome: Outcome | '';
  /** Status the client was given; 0 when it was given none. */
  httpStatus: number;
  errorType: string;
  /** Microseconds that Signalbox itself added before the first byte of the answer; 0 when there was none. */
  overheadUs: number;
}
