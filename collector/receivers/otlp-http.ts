// The OTLP/HTTP receiver: POST /v1/traces, /v1/logs and /v1/metrics, protobuf or JSON. It answers 200 only after what
// it took is durable; every other answer is a google.rpc.Status in the request's encoding.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../runtime/log.ts';
import { messageOf } from '../../runtime/log.ts';
import { RecordTooLargeError, SpoolFullError } from '../../runtime/spool/writer.ts';
import { BodyError, BodyReader, type BodyLimits, type BodyProblem } from './body.ts';
import { DecodeError, type DecodedLog, type DecodedSpan } from './model.ts';
import * as json from './otlp-json.ts';
import * as protobuf from './otlp-protobuf.ts';
import { CONTENT_TYPES, statusBody, successBody, type Encoding, type Outcome } from './otlp-status.ts';

/** Who takes what was decoded; durable once it has answered. A SpoolFullError becomes a 503. */
export interface OtlpSink {
  spans(spans: readonly DecodedSpan[]): Promise<Refused>;
  logs(logs: readonly DecodedLog[]): Refused;
  metricsCounted(count: number): void;
  /** False while the queue is at its high-water mark. */
  readonly accepting: boolean;
}

export interface Refused {
  readonly rejected: number;
  readonly message: string;
}

export interface OtlpOptions {
  readonly sink: OtlpSink;
  readonly log: Logger;
  readonly limits: BodyLimits;
  /** Told of every answer that is not 200, by status. */
  readonly onRefused: (status: number) => void;
}

export type OtlpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

type Take = (body: Buffer, encoding: Encoding) => Promise<Outcome> | Outcome;

const DECODERS = { protobuf, json } as const;
const RETRY_AFTER_S = 2;
const TOO_LARGE = 'the request is too large for the queue (collector.queue.max_disk): send fewer spans at once';

const STATUS_OF: Readonly<Record<BodyProblem, number>> = {
  too_large: 413,
  encoding: 415,
  corrupt: 400,
  busy: 503,
  slow: 408,
  gone: 400,
};

/** @returns a handler that answers true once it has dealt with the request, false when the path is not OTLP's */
export function otlpHandler(options: OtlpOptions): OtlpHandler {
  const receiver = new Receiver(options);
  return (request, response) => receiver.handle(request, response);
}

class Receiver {
  readonly #options: OtlpOptions;
  readonly #bodies: BodyReader;
  readonly #paths: ReadonlyMap<string, Take>;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#bodies = new BodyReader(options.limits);
    this.#paths = pathsOf(options.sink);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const take = this.#paths.get(request.url?.split('?', 1)[0] ?? '');
    if (!take) return false;
    // CORS is the server's business, and so is whoever asks for it.
    if (request.method === 'OPTIONS') return false;
    const encoding = encodingOf(request);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return this.#refuse(response, encoding, [405, `${request.method} is not allowed here; POST an OTLP request`]);
    }
    if (!encoding) {
      const types = Object.values(CONTENT_TYPES).join(' or ');
      return this.#refuse(response, encoding, [415, `the content-type must be ${types}`]);
    }
    if (!this.#options.sink.accepting)
      return this.#refuse(response, encoding, [503, 'the queue is full; send again later']);
    await this.#receive(request, response, { take, encoding });
    return true;
  }

  async #receive(
    request: IncomingMessage,
    response: ServerResponse,
    { take, encoding }: { take: Take; encoding: Encoding },
  ): Promise<void> {
    try {
      const outcome = await this.#bodies.read(request, (body) => take(body, encoding));
      const body = successBody(encoding, outcome);
      response.writeHead(200, { 'content-type': CONTENT_TYPES[encoding], 'content-length': body.length });
      response.end(body);
    } catch (error) {
      if (error instanceof BodyError && error.problem === 'gone') response.destroy();
      else this.#refuse(response, encoding, this.#wordsFor(error));
    }
  }

  #wordsFor(error: unknown): readonly [status: number, message: string] {
    if (error instanceof BodyError) return [STATUS_OF[error.problem], error.message];
    if (error instanceof DecodeError) return [400, error.message];
    if (error instanceof SpoolFullError) return [503, 'the queue is full; send again later'];
    if (error instanceof RecordTooLargeError) return [413, TOO_LARGE];
    this.#options.log.error('an OTLP request failed', { error: messageOf(error) });
    return [500, 'the request could not be processed'];
  }

  /** Answers, and closes the connection where a body is left unread. */
  #refuse(
    response: ServerResponse,
    encoding: Encoding | undefined,
    [status, message]: readonly [status: number, message: string],
  ): true {
    this.#options.onRefused(status);
    const body = statusBody(encoding ?? 'json', status, message);
    const unread = !response.req.complete;
    response.writeHead(status, {
      'content-type': CONTENT_TYPES[encoding ?? 'json'],
      'content-length': body.length,
      ...(status === 503 || status === 429 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      ...(unread ? { connection: 'close' } : {}),
    });
    response.end(body, () => {
      if (unread) endUnread(response.req);
    });
    return true;
  }
}

function pathsOf(sink: OtlpSink): ReadonlyMap<string, Take> {
  return new Map<string, Take>([
    [
      '/v1/traces',
      async (body, encoding) => {
        const refused = await sink.spans(DECODERS[encoding].decodeTraces(body));
        return { name: 'rejectedSpans', ...refused };
      },
    ],
    [
      '/v1/logs',
      (body, encoding) => {
        const refused = sink.logs(DECODERS[encoding].decodeLogs(body));
        return { name: 'rejectedLogRecords', ...refused };
      },
    ],
    [
      '/v1/metrics',
      (body, encoding) => {
        sink.metricsCounted(DECODERS[encoding].countMetrics(body));
        return { name: 'rejectedDataPoints', rejected: 0, message: '' };
      },
    ],
  ]);
}

/** Lets the answer arrive, then cuts a sender that goes on sending. */
function endUnread(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.destroy(), 1000);
  timer.unref();
  request.once('end', () => clearTimeout(timer));
}

function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === CONTENT_TYPES.protobuf) return 'protobuf';
  return type === CONTENT_TYPES.json ? 'json' : undefined;
}
