// Whether a target is worth asking, by how its last answers were. Failures in a row, or a share of failures over a
// sliding window, eject it for a while that grows; then one call at a time tries whether it is back.

import type { BreakerConfig } from '../../schemas/config.ts';

/** Slices of the sliding window. */
const SLICES = 6;
/** Ejections of many targets at once end apart: each lasts up to a tenth more or less. */
const JITTER = 0.1;

interface Slice {
  number: number;
  calls: number;
  failures: number;
}

/** Times are microseconds (proxy/clock.ts). */
export class Breaker {
  readonly #config: BreakerConfig;
  readonly #random: () => number;
  readonly #slices: Slice[] = Array.from({ length: SLICES }, () => ({ number: -1, calls: 0, failures: 0 }));
  /** Since the start. */
  ejections = 0;
  #inRow = 0;
  #ejectedUs = 0;
  /** 0 while it is not ejected. */
  #untilUs = 0;
  /** Ejections that are not forgotten yet. */
  #times = 0;
  #recoveredUs = 0;
  #probing = false;

  constructor(config: BreakerConfig, random: () => number = Math.random) {
    this.#config = config;
    this.#random = random;
  }

  get ejected(): boolean {
    return this.#untilUs > 0;
  }

  /** Why it should be left alone now, in words; '' where it may be asked. */
  refusal(now: number): string {
    if (this.#untilUs === 0) return '';
    if (now < this.#untilUs) return `ejected for ${Math.ceil((this.#untilUs - now) / 1e6)} s`;
    return this.#probing ? 'ejected, one call is trying it' : '';
  }

  /** A call goes to it. @returns true where it is the one that tries whether the target is back */
  enter(now: number): boolean {
    if (this.#untilUs === 0 || now < this.#untilUs || this.#probing) return false;
    this.#probing = true;
    return true;
  }

  /** It answered. @param startUs of the call: one from before the ejection proves nothing */
  succeeded(startUs: number, now: number): void {
    this.#inRow = 0;
    if (this.#untilUs > 0 && startUs >= this.#ejectedUs) this.#recover(now);
    this.#slice(now).calls++;
  }

  failed(startUs: number, now: number): void {
    if (this.#untilUs > 0) {
      if (startUs >= this.#untilUs) this.#eject(now);
      return;
    }
    const slice = this.#slice(now);
    slice.calls++;
    slice.failures++;
    this.#inRow++;
    if (this.#inRow >= this.#config.failures || this.#tooMany(now)) this.#eject(now);
  }

  /** The trying call ended without telling anything: the next may. */
  released(): void {
    this.#probing = false;
  }

  #tooMany(now: number): boolean {
    const current = this.#numberOf(now);
    let calls = 0;
    let failures = 0;
    for (const slice of this.#slices) {
      if (slice.number <= current - SLICES) continue;
      calls += slice.calls;
      failures += slice.failures;
    }
    return calls >= this.#config.requests && failures >= calls * this.#config.ratio;
  }

  #eject(now: number): void {
    const { ejection, longest, window } = this.#config;
    // A target that has stayed well is forgiven one ejection for each window of it.
    if (this.#untilUs === 0) {
      this.#times = Math.max(0, this.#times - Math.floor((now - this.#recoveredUs) / (window * 1e3)));
    }
    const ms = Math.min(longest, ejection * 2 ** Math.min(this.#times, 30));
    this.#times++;
    this.ejections++;
    this.#ejectedUs = now;
    this.#untilUs = now + ms * 1e3 * (1 - JITTER + 2 * JITTER * this.#random());
    this.#probing = false;
  }

  #recover(now: number): void {
    this.#untilUs = 0;
    this.#probing = false;
    this.#recoveredUs = now;
    for (const slice of this.#slices) slice.number = -1;
  }

  #numberOf(now: number): number {
    return Math.floor((now * SLICES) / (this.#config.window * 1e3));
  }

  #slice(now: number): Slice {
    const number = this.#numberOf(now);
    const slice = this.#slices[number % SLICES] as Slice;
    if (slice.number !== number) {
      slice.number = number;
      slice.calls = 0;
      slice.failures = 0;
    }
    return slice;
  }
}
