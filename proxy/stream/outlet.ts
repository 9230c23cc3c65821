// The client's end of a streamed answer: takes the provider's bytes, lets them out at the client's pace, keeps back the
// usage chunk that only we asked for, and shows the meter what passed. Client first, meter second.

import type { ServerResponse } from 'node:http';
import { nowUs } from '../clock.ts';
import { errorFrame, type ErrorWords } from '../errors.ts';
import type { Live } from '../live.ts';
import { HideUsage } from './hide-usage.ts';
import type { AnswerMeter } from './reading.ts';

/** Told when the client takes nothing more, and when it does again. */
export interface Pace {
  pause(): void;
  resume(): void;
}

/** A client that takes nothing for this long is cut. */
export const STALLED_MS = 60_000;

/** For the rest of an answer that nobody watches any more: it may not wait for its client for ever. */
export function cutIfStalled({ socket }: ServerResponse): void {
  socket?.setTimeout(STALLED_MS, () => socket.destroy());
}

export interface OutletOptions {
  readonly live: Live;
  /** undefined: nobody here reads these bytes. */
  readonly meter: AnswerMeter | undefined;
  readonly hideUsage: boolean;
  readonly pace: Pace;
}

export class Outlet {
  readonly #live: Live;
  readonly #response: ServerResponse;
  readonly #meter: AnswerMeter | undefined;
  readonly #hide: HideUsage | undefined;
  readonly #pace: Pace;
  #wrote = false;
  /** Since when the client takes nothing; 0 while it does. */
  #stalledUs = 0;

  constructor({ live, meter, hideUsage, pace }: OutletOptions) {
    this.#live = live;
    this.#response = live.response;
    this.#meter = meter;
    this.#hide = hideUsage ? new HideUsage() : undefined;
    this.#pace = pace;
    // Headers and a first event that came in one packet leave in one packet; headers alone do not wait.
    process.nextTick(() => {
      if (!this.#wrote && !this.#response.writableEnded) this.#response.flushHeaders();
    });
  }

  get stalledUs(): number {
    return this.#stalledUs;
  }

  push(chunk: Buffer): void {
    const latin1 = this.#meter === undefined ? '' : chunk.toString('latin1');
    const out = this.#hide === undefined ? chunk : this.#hide.push(chunk, latin1);
    if (out.length > 0) this.#write(out);
    this.#meter?.push(latin1);
  }

  /** Bytes that nobody here reads. */
  send(bytes: Buffer): void {
    if (bytes.length > 0) this.#write(bytes);
  }

  /** The end of a good stream. */
  end(): void {
    this.#flush();
    this.#response.end();
    if (this.#stalledUs > 0) cutIfStalled(this.#response);
  }

  /** The end of a broken one: what came, then these last words, or a cut connection where nobody could read them. */
  break(words: ErrorWords | undefined): void {
    const { dialect } = this.#live;
    if (words === undefined || dialect === '') {
      this.#response.destroy();
      return;
    }
    this.#flush();
    this.#response.end(errorFrame(dialect, words));
  }

  #write(bytes: Buffer): void {
    const flows = this.#response.write(bytes);
    if (!this.#wrote) {
      this.#wrote = true;
      this.#live.overheadUs += nowUs() - this.#live.ownSinceUs;
    }
    if (flows || this.#stalledUs > 0) return;
    this.#stalledUs = nowUs();
    this.#pace.pause();
    this.#response.once('drain', () => {
      this.#stalledUs = 0;
      this.#pace.resume();
    });
  }

  #flush(): void {
    const rest = this.#hide?.end();
    if (rest !== undefined && rest.length > 0) this.#response.write(rest);
  }
}
