// An exchange while it is under way: what stages hand to each other and the report does not need.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Attempt, Caller, Exchange, Operation, Plan } from './exchange.ts';
import type { Duplex } from 'node:stream';
import type { BodyScan } from './json/scan.ts';
import type { Form } from './media/form.ts';
import type { Provider } from './providers/types.ts';
import type { Surface } from './surface.ts';
import type { Translation } from './translation.ts';
import type { Deadlines } from '../schemas/config.ts';
import type { Call, DialectId, EmbeddingsCall } from '../schemas/call.ts';
import { ERRORS, GatewayError, type ErrorClass, type Outcome } from '../schemas/errors.ts';
import { nowUs } from './clock.ts';
import type { Patterns } from './patterns.ts';
import { newRequestId, newSpanId, newTraceId } from './ids.ts';

/** What goes to a provider in one attempt; made by adapt, sent by send. */
export interface Outgoing {
  readonly provider: Provider;
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
  readonly body: Buffer | undefined;
  /** We asked for the usage chunk, the client did not: it stays here. */
  readonly hideUsage: boolean;
}

/** An answer kept back whole: it can still be replaced by a better one, or get headers that its body decides. */
export interface Held {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What may still happen to a call while it waits; `cancel` when the client went away. */
export interface Cancellable {
  cancel(): void;
  /** The worker ends. */
  stop(): void;
}

/** For calls that had no answer yet when their worker had to stop: the next worker has one. */
export function stopping(): GatewayError {
  return new GatewayError('overload', 'This worker is stopping; try again in a moment.', { retryAfterMs: 1_000 });
}

const NO_TAGS: Readonly<Record<string, string>> = {};
const NONE: readonly string[] = [];
const EMPTY = Buffer.alloc(0);
const ANYBODY: Caller = { keyId: '', team: 'default', models: [] };

export interface Trace {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
}

export class Live implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly surface: Surface;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startUs: number;
  endUs = 0;
  readonly method: string;
  /** Without the query: callers put keys there. */
  readonly path: string;
  /** With its question mark, or ''. */
  readonly query: string;
  httpRoute: string;
  caller: Caller = ANYBODY;
  operation: Operation;
  dialect: DialectId | '';
  modelAsked = '';
  stream = false;
  body: Buffer = EMPTY;
  json: Readonly<Record<string, unknown>> | undefined;
  userId = '';
  sessionId = '';
  promptName = '';
  promptVersion = '';
  tags = NO_TAGS;
  plan: Plan | undefined;
  readonly attempts: Attempt[] = [];
  skipped: readonly string[] = NONE;
  answering = false;
  outcome: Outcome | '' = '';
  httpStatus = 0;
  errorType = '';
  overheadUs = 0;
  /** Among the open ones. */
  seat = -1;

  /** Of a multipart body. */
  form: Form | undefined;
  /** A connection that is to become a WebSocket. */
  upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** Where `model` and `stream_options` stand in the body's bytes. */
  scan: BodyScan | undefined;
  /** Of the route, or the defaults. */
  deadlines: Deadlines | undefined;
  /** Tries at one target. */
  tries = 1;
  /** The last moment at which this call may still run; the caller's own deadline included. */
  deadlineUs = Number.POSITIVE_INFINITY;
  /** True while another target remains: then a slow beginning is a reason to go on to it. */
  another = false;
  outgoing: Outgoing | undefined;
  /** The request in neutral words, once somebody needed it. */
  call: Call | undefined;
  vectors: EmbeddingsCall | undefined;
  /** Of this attempt, where its provider speaks another dialect than the caller. */
  translation: Translation | undefined;
  held: Held | undefined;
  /** What is waited for: the body, an attempt, the pause before the next. */
  pending: Cancellable | undefined;
  /** Since when the time that passes is ours: not while a client sends, a provider thinks or a retry waits. */
  ownSinceUs: number;
  /** Why the last attempt got no answer. */
  failure: GatewayError | undefined;
  /** The connection itself was answered, with this: what came on it was no request any more, or came too slowly. */
  unreadable: ErrorClass | undefined;
  /** Bytes of text that the last attempt streamed. */
  outputBytes = 0;
  /** Bytes of the body that are counted against the worker's budget. */
  budgeted = 0;
  allowed: Patterns | undefined;
  #abort = new AbortController();

  // oxlint-disable-next-line max-params -- made in one place, for every request
  constructor(request: IncomingMessage, response: ServerResponse, surface: Surface, trace: Trace | undefined) {
    this.request = request;
    this.response = response;
    this.surface = surface;
    this.startUs = nowUs();
    this.ownSinceUs = this.startUs;
    this.requestId = newRequestId();
    this.traceId = trace?.traceId ?? newTraceId();
    this.spanId = newSpanId();
    this.parentSpanId = trace?.parentSpanId ?? '';
    this.traceState = trace?.traceState ?? '';
    const url = request.url ?? '';
    const at = url.indexOf('?');
    this.method = request.method ?? '';
    this.path = at < 0 ? url : url.slice(0, at);
    this.query = at < 0 ? '' : url.slice(at);
    this.httpRoute = surface.route;
    this.operation = surface.operation;
    this.dialect = surface.dialect;
  }

  get cancelled(): AbortSignal {
    return this.#abort.signal;
  }

  /** The client went away. */
  cancel(): void {
    this.#abort.abort();
    this.pending?.cancel();
  }

  /** What the client sends cannot be read on: it was told so on its connection, below this request. */
  refuse(errorClass: ErrorClass, status: number = ERRORS[errorClass].status): void {
    this.unreadable = errorClass;
    this.httpStatus = status;
    this.cancel();
  }

  /** The worker ends: what is under way ends as broken, what waits does not start again. */
  stop(): void {
    this.deadlineUs = 0;
    this.another = false;
    this.pending?.stop();
  }
}
