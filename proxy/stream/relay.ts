// One attempt on the wire: hands the provider's answer to the client as it comes (a stream) or keeps it (anything that
// can still be replaced: a failure before the first byte, a JSON body). Client first, meter second.

import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { GatewayError, type ErrorClass } from '../../schemas/errors.ts';
import { nowUs } from '../clock.ts';
import type { Attempt } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Cancellable, Live, Outgoing } from '../live.ts';
import type { UpstreamController, UpstreamHandler } from '../providers/types.ts';
import type { Services } from '../services.ts';
import type { Watched } from '../sweep.ts';
import { isStreamOf } from '../translation.ts';
import { openClientEnd, type ClientEnd } from './client-end.ts';
import { isJson } from '../media/index.ts';
import { AnswerCapture } from './capture.ts';
import { FAILURES, failureOf, type Failure } from './failure.ts';
import { STALLED_MS, type Pace } from './outlet.ts';
import { overdue, type Phase } from './patience.ts';
import { Prelude } from './prelude.ts';
import type { AnswerNotes } from './reading.ts';
import { encodingOf, unpackStream, withoutEncoding } from './unpack.ts';

/** Bodies up to this size are kept whole, so that headers can say what they cost and failures can be replaced. */
const HOLD_BYTES = 1024 * 1024;
/** What is translated whole is kept up to this size. */
const MOST_TRANSLATED = 64 * 1024 * 1024;
/** How long a provider may keep a connection open after its stream's last event. */
const LINGER_US = 250e3;

const GONE = new Error('the attempt is over');

export class Relay implements UpstreamHandler, Watched, Cancellable, Pace {
  readonly #services: Services;
  readonly #live: Live;
  readonly #attempt: Attempt;
  readonly #outgoing: Outgoing;
  readonly #capture: AnswerCapture;
  #phase: Phase = 'connecting';
  #controller: UpstreamController | undefined;
  #headers: IncomingHttpHeaders = {};
  #held: Buffer[] = [];
  #heldBytes = 0;
  #meter: AnswerNotes | undefined;
  /** The answer is a stream of events. */
  #events = false;
  #outlet: ClientEnd['outlet'] | undefined;
  /** While the answer has not begun and could still come from elsewhere. */
  #prelude: Prelude | undefined;
  #unpacker: Transform | undefined;
  /** When the last byte came; 0: since the last look of the sweep, which is near enough and costs no clock. */
  #lastUs = 0;
  seat = -1;
  #resolve: () => void = () => {};

  // oxlint-disable-next-line max-params -- one call site
  constructor(services: Services, live: Live, attempt: Attempt, outgoing: Outgoing) {
    this.#services = services;
    this.#live = live;
    this.#attempt = attempt;
    this.#outgoing = outgoing;
    this.#capture = new AnswerCapture(services.config, attempt);
  }

  /** Resolves when the attempt is over, however it ended; what it left is in the attempt and in `live.held`. */
  run(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    this.#live.pending = this;
    this.#services.sweep.add(this);
    this.#outgoing.provider.upstream.dispatch(this.#outgoing, this);
    return promise;
  }

  onRequestStart(controller: UpstreamController): void {
    if (this.#phase === 'over') {
      controller.abort(GONE);
      return;
    }
    this.#controller = controller;
    this.#phase = 'waiting';
  }

  onResponseStart(_controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.#phase === 'over') return;
    const attempt = this.#attempt;
    attempt.httpStatus = status;
    attempt.upstreamRequestId = one(headers['x-request-id']) || one(headers['request-id']);
    this.#headers = headers;
    this.#lastUs = nowUs();
    if (status >= 300 || !this.#streams(one(headers['content-type']))) this.#phase = 'holding';
    else this.#beginStream();
  }

  onResponseData(_controller: UpstreamController, chunk: Buffer): void {
    if (this.#phase === 'over') return;
    this.#lastUs = 0;
    this.#attempt.responseSize += chunk.length;
    if (this.#phase === 'streaming') this.#forward(chunk);
    else this.#hold(chunk);
  }

  onResponseEnd(): void {
    if (this.#phase === 'streaming' && this.#unpacker !== undefined) this.#unpacker.end();
    else if (this.#phase === 'holding') {
      const [only] = this.#held;
      const body = this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held);
      this.#live.held = { status: this.#attempt.httpStatus, headers: this.#headers, body };
      this.#capture.add(body);
      this.#finish();
      this.#live.ownSinceUs = this.#attempt.endUs;
    } else if (this.#phase === 'streaming') this.#endStream();
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    if (this.#phase !== 'over') this.#fail(failureOf(error, this.#phase === 'connecting'));
  }

  /** The client went away: the provider is told within this turn of the event loop. */
  cancel(): void {
    if (this.#phase === 'over') return;
    // A client that hangs up after the last event has its answer.
    this.#meter?.end();
    if (!this.#attempt.reading.complete) this.#attempt.errorType = 'cancelled';
    this.#finish();
    this.#controller?.abort(GONE);
  }

  stop(): void {
    if (this.#phase === 'over') return;
    this.#fail(FAILURES.stopped);
  }

  check(now: number): void {
    if (this.#lastUs === 0) this.#lastUs = now;
    const stalledUs = this.#outlet?.stalledUs ?? 0;
    if (stalledUs > 0) {
      if (now - stalledUs > STALLED_MS * 1e3) this.#live.response.destroy();
    } else if (this.#attempt.reading.complete && now - this.#lastUs > LINGER_US) this.#endLingering();
    else this.#checkPatience(now);
  }

  #checkPatience(now: number): void {
    const waiting = { phase: this.#phase, begun: this.#prelude === undefined, lastUs: this.#lastUs };
    const what = overdue(this.#live, this.#attempt, waiting, now);
    if (what === undefined) return;
    this.#fail({ type: 'timeout', class: 'upstream_timeout', words: `kept us waiting too long for ${what}` });
  }

  #streams(contentType: string): boolean {
    // A caller who asked for no stream gets none, whatever the provider gives.
    if (isStreamOf(this.#attempt.dialect, contentType))
      return this.#live.stream || this.#live.translation === undefined;
    if (this.#live.dialect !== '') return false;
    return this.#live.operation === 'passthrough' || !isJson(contentType);
  }

  #beginStream(): void {
    const live = this.#live;
    const attempt = this.#attempt;
    this.#events = isStreamOf(attempt.dialect, one(this.#headers['content-type']));
    const encoding = live.dialect === '' ? '' : encodingOf(this.#headers);
    if (encoding !== '' && !this.#unpackFirst(encoding)) return;
    this.#phase = 'streaming';
    live.ownSinceUs = this.#lastUs;
    if (live.another && this.#events && Prelude.fits(attempt.dialect)) this.#prelude = new Prelude(attempt.dialect);
    else this.#openClient();
  }

  #openClient(): void {
    const options = { attempt: this.#attempt, headers: this.#headers, events: this.#events, pace: this };
    const end = openClientEnd(this.#live, options);
    this.#outlet = end.outlet;
    this.#meter = end.meter;
  }

  /** The bytes are packed although plain ones were asked for: they go through an unpacker on their way out. */
  #unpackFirst(encoding: string): boolean {
    const unpacker = unpackStream(encoding);
    if (unpacker === undefined) {
      this.#fail(FAILURES.packed);
      return false;
    }
    this.#headers = withoutEncoding(this.#headers);
    unpacker.on('data', (chunk: Buffer) => this.#deliver(chunk));
    unpacker.on('drain', () => this.#controller?.resume());
    unpacker.on('end', () => this.#phase === 'streaming' && this.#endStream());
    unpacker.on('error', () => {
      if (this.#phase === 'streaming') this.#fail(FAILURES.unpackable);
    });
    this.#unpacker = unpacker;
    return true;
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes <= (this.#live.translation === undefined ? HOLD_BYTES : MOST_TRANSLATED)) return;
    if (this.#attempt.httpStatus >= 300) {
      // An error page of megabytes is as useful cut here.
      this.onResponseEnd();
      this.#controller?.abort(GONE);
      return;
    }
    if (this.#live.translation !== undefined) return this.#fail(FAILURES.tooLarge);
    const held = this.#held;
    this.#held = [];
    this.#lastUs = nowUs();
    this.#beginStream();
    for (const each of held) this.#forward(each);
  }

  #forward(chunk: Buffer): void {
    if (this.#unpacker === undefined) this.#deliver(chunk);
    else if (!this.#unpacker.write(chunk)) this.#controller?.pause();
  }

  #deliver(chunk: Buffer): void {
    if (this.#phase !== 'streaming') return;
    this.#capture.add(chunk);
    if (this.#prelude === undefined) this.#outlet?.push(chunk);
    else this.#begin(this.#prelude, chunk);
  }

  /** Nothing has gone to the client yet: it gets what was kept back once that holds content. */
  #begin(prelude: Prelude, chunk: Buffer): void {
    if (prelude.push(chunk)) {
      this.#prelude = undefined;
      this.#live.ownSinceUs = nowUs();
      this.#openClient();
      for (const each of prelude.take()) this.#outlet?.push(each);
    } else if (prelude.error !== undefined) {
      const { type, message } = prelude.error;
      const words = `gave an error instead of an answer: ${message.slice(0, 512)}`;
      this.#fail({ type: type.slice(0, 64), class: 'bad_upstream', words });
    }
  }

  pause(): void {
    this.#unpacker?.pause();
    this.#controller?.pause();
  }

  resume(): void {
    this.#lastUs = 0;
    this.#unpacker?.resume();
    this.#controller?.resume();
  }

  /** The connection's own end: of a stream that said it was complete, or of one that was cut. */
  #endStream(): void {
    const { reading } = this.#attempt;
    this.#meter?.end();
    if (this.#prelude !== undefined) return this.#fail(FAILURES.notBegun);
    if (this.#meter !== undefined && !reading.complete && reading.error === undefined) {
      return this.#fail(FAILURES.truncated);
    }
    if (this.#meter === undefined) reading.complete = true;
    if (reading.error !== undefined) this.#attempt.errorType = reading.error.type.slice(0, 64);
    this.#finish();
    this.#outlet?.end();
  }

  #endLingering(): void {
    this.#endStream();
    this.#controller?.abort(GONE);
  }

  #fail(failure: Failure): void {
    const attempt = this.#attempt;
    const wasStreaming = this.#phase === 'streaming' && this.#prelude === undefined;
    // Bytes of an answer are work done and billed: what is lost then is an answer, not only a connection.
    const begun = wasStreaming || this.#phase === 'holding';
    attempt.errorType = begun && failure.type === 'reset' ? 'truncated' : failure.type;
    const message = `The provider "${this.#outgoing.provider.id}" ${failure.words}.`;
    attempt.errorMessage = failure.code ? `${message} ${failure.code}` : message;
    this.#live.failure = new GatewayError(failure.class, message);
    if (wasStreaming) this.#breakStream(failure.class, message);
    this.#finish();
    this.#controller?.abort(GONE);
  }

  /** The client has part of an answer: it gets every byte that came, then its dialect's error event, then the end. */
  #breakStream(errorClass: ErrorClass, message: string): void {
    this.#meter?.end();
    const { requestId } = this.#live;
    this.#outlet?.break(this.#events ? { class: errorClass, message, requestId } : undefined);
  }

  #finish(): void {
    if (this.#phase === 'holding' && this.#live.held === undefined) this.#attempt.responseBody = this.#held;
    this.#phase = 'over';
    this.#services.sweep.delete(this);
    this.#live.pending = undefined;
    this.#attempt.endUs = nowUs();
    this.#live.outputBytes = this.#meter?.outputBytes ?? 0;
    this.#resolve();
  }
}
