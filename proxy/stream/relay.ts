// One attempt on the wire: hands the provider's answer to the client as it comes (a stream) or keeps it (anything that
// can still be replaced: a failure before the first byte, a JSON body). Client first, meter second.

import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../schemas/errors.ts';
import { beginAnswer } from '../answer.ts';
import { nowUs } from '../clock.ts';
import { errorEvent } from '../errors.ts';
import type { Attempt } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Cancellable, Live, Outgoing } from '../live.ts';
import type { UpstreamController, UpstreamHandler } from '../providers/types.ts';
import type { Services } from '../services.ts';
import type { Watched } from '../sweep.ts';
import { HideUsage } from './hide-usage.ts';
import { Meter } from './meter.ts';
import { failureOf, type Failure } from './failure.ts';

/** Bodies up to this size are kept whole, so that headers can say what they cost and failures can be replaced. */
const HOLD_BYTES = 1024 * 1024;
/** A client that takes nothing for this long is cut. */
const STALLED_US = 60e6;
/** How long a provider may keep a connection open after its stream's last event. */
const LINGER_US = 250e3;

type Phase = 'connecting' | 'waiting' | 'holding' | 'streaming' | 'over';

const GONE = new Error('the attempt is over');

export class Relay implements UpstreamHandler, Watched, Cancellable {
  readonly #services: Services;
  readonly #live: Live;
  readonly #attempt: Attempt;
  readonly #outgoing: Outgoing;
  readonly #captureBytes: number;
  #phase: Phase = 'connecting';
  #controller: UpstreamController | undefined;
  #headers: IncomingHttpHeaders = {};
  #held: Buffer[] = [];
  #heldBytes = 0;
  #captured = 0;
  #meter: Meter | undefined;
  #hide: HideUsage | undefined;
  /** When the last byte came; 0: since the last look of the sweep, which is near enough and costs no clock. */
  #lastUs = 0;
  /** Since when the client takes nothing; 0 while it does. */
  #stalledUs = 0;
  #wrote = false;
  #resolve: () => void = () => {};

  // oxlint-disable-next-line max-params -- one call site
  constructor(services: Services, live: Live, attempt: Attempt, outgoing: Outgoing) {
    this.#services = services;
    this.#live = live;
    this.#attempt = attempt;
    this.#outgoing = outgoing;
    const { content, max_bytes: max } = services.config.capture;
    this.#captureBytes = content === 'none' ? 0 : max;
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
    if (this.#captured < this.#captureBytes) this.#capture(chunk);
    if (this.#phase === 'streaming') this.#forward(chunk);
    else this.#hold(chunk);
  }

  onResponseEnd(): void {
    if (this.#phase === 'holding') {
      this.#live.held = {
        status: this.#attempt.httpStatus,
        headers: this.#headers,
        body: this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held),
      };
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
    if (this.#meter !== undefined) this.#meter.end();
    if (!this.#attempt.reading.complete) this.#attempt.errorType = 'cancelled';
    this.#finish();
    this.#controller?.abort(GONE);
  }

  stop(): void {
    if (this.#phase === 'over') return;
    this.#fail({ type: 'reset', class: 'overload', words: 'was still answering when this worker had to stop' });
  }

  check(now: number): void {
    if (this.#lastUs === 0) this.#lastUs = now;
    if (this.#stalledUs > 0) {
      if (now - this.#stalledUs > STALLED_US) this.#live.response.destroy();
    } else if (now > this.#live.deadlineUs) this.#timeout('the whole call');
    else if (this.#phase === 'connecting' || this.#phase === 'waiting') this.#checkStart(now - this.#attempt.startUs);
    else this.#checkSilence(now - this.#lastUs);
  }

  #checkStart(waitedUs: number): void {
    const { deadlines, another } = this.#live;
    if (deadlines === undefined) return;
    if (this.#phase === 'connecting' && waitedUs > deadlines.connect * 1e3) this.#timeout('a connection');
    // A slow first byte is a reason to go elsewhere only while there is an elsewhere.
    else if (another && waitedUs > deadlines.first_token * 1e3) this.#timeout('the first byte');
  }

  #checkSilence(silentUs: number): void {
    const { deadlines } = this.#live;
    if (this.#attempt.reading.complete && silentUs > LINGER_US) this.#endLingering();
    else if (deadlines !== undefined && silentUs > deadlines.idle * 1e3) this.#timeout('the next byte');
  }

  #timeout(what: string): void {
    this.#fail({ type: 'timeout', class: 'upstream_timeout', words: `kept us waiting too long for ${what}` });
  }

  #streams(contentType: string): boolean {
    if (contentType.startsWith('text/event-stream')) return true;
    return this.#live.operation === 'passthrough' && this.#live.dialect === '';
  }

  #beginStream(): void {
    const live = this.#live;
    const isEvents = one(this.#headers['content-type']).startsWith('text/event-stream');
    if (live.dialect !== '' && isEvents) this.#meter = new Meter(live.dialect, this.#attempt.reading);
    if (this.#outgoing.hideUsage && isEvents) this.#hide = new HideUsage();
    this.#phase = 'streaming';
    live.ownSinceUs = this.#lastUs;
    beginAnswer(live, this.#attempt.httpStatus, this.#headers);
    // Headers and a first event that came in one packet leave in one packet; headers alone do not wait.
    process.nextTick(() => {
      if (!this.#wrote && this.#phase === 'streaming') live.response.flushHeaders();
    });
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes <= HOLD_BYTES) return;
    if (this.#attempt.httpStatus >= 300) {
      // An error page of megabytes is as useful cut here.
      this.onResponseEnd();
      this.#controller?.abort(GONE);
      return;
    }
    const held = this.#held;
    this.#held = [];
    this.#lastUs = nowUs();
    this.#beginStream();
    for (const each of held) this.#forward(each);
  }

  #forward(chunk: Buffer): void {
    const { response } = this.#live;
    const latin1 = this.#meter === undefined ? '' : chunk.toString('latin1');
    const out = this.#hide === undefined ? chunk : this.#hide.push(chunk, latin1);
    if (out.length > 0) this.#write(out);
    this.#meter?.push(latin1);
    if (response.destroyed) this.cancel();
  }

  #write(bytes: Buffer | string): void {
    const { response } = this.#live;
    const flows = response.write(bytes);
    if (!this.#wrote) {
      this.#wrote = true;
      this.#live.overheadUs += nowUs() - this.#live.ownSinceUs;
    }
    if (flows || this.#stalledUs > 0) return;
    this.#stalledUs = nowUs();
    this.#controller?.pause();
    response.once('drain', () => {
      this.#stalledUs = 0;
      this.#lastUs = 0;
      this.#controller?.resume();
    });
  }

  #capture(chunk: Buffer): void {
    const rest = this.#captureBytes - this.#captured;
    this.#attempt.responseBody.push(chunk.length <= rest ? chunk : chunk.subarray(0, rest));
    this.#captured += Math.min(rest, chunk.length);
  }

  /** The connection's own end: of a stream that said it was complete, or of one that was cut. */
  #endStream(): void {
    const { reading } = this.#attempt;
    this.#meter?.end();
    if (this.#meter !== undefined && !reading.complete && reading.error === undefined) {
      this.#fail({ type: 'truncated', class: 'bad_upstream', words: 'ended its stream before its last event' });
      return;
    }
    this.#flushHidden();
    if (this.#meter === undefined) reading.complete = true;
    if (reading.error !== undefined) this.#attempt.errorType = reading.error.type;
    this.#finish();
    this.#live.response.end();
  }

  #endLingering(): void {
    this.#endStream();
    this.#controller?.abort(GONE);
  }

  #flushHidden(): void {
    const rest = this.#hide?.end();
    if (rest !== undefined && rest.length > 0) this.#live.response.write(rest);
  }

  #fail(failure: Failure): void {
    const attempt = this.#attempt;
    const wasStreaming = this.#phase === 'streaming';
    attempt.errorType = wasStreaming && failure.type === 'reset' ? 'truncated' : failure.type;
    attempt.errorMessage = `The provider "${this.#outgoing.provider.id}" ${failure.words}.`;
    this.#live.failure = new GatewayError(failure.class, attempt.errorMessage);
    if (wasStreaming) this.#breakStream(failure);
    this.#finish();
    this.#controller?.abort(GONE);
  }

  /** The client has part of an answer: it gets every byte that came, then its dialect's error event, then the end. */
  #breakStream(failure: Failure): void {
    const { response, dialect, requestId } = this.#live;
    this.#meter?.end();
    if (this.#meter === undefined || dialect === '') {
      response.destroy();
      return;
    }
    this.#flushHidden();
    const words = { class: failure.class, message: this.#attempt.errorMessage, requestId };
    response.end(`\n\n${errorEvent(dialect, words)}`);
  }

  #finish(): void {
    this.#phase = 'over';
    this.#services.sweep.delete(this);
    this.#live.pending = undefined;
    this.#attempt.endUs = nowUs();
    this.#live.outputBytes = this.#meter?.outputBytes ?? 0;
    this.#resolve();
  }
}
