// A mean that jumps up at once and comes down slowly (Finagle's peak-EWMA): a target that turned slow is known after one
// answer, and one that nobody asks is forgotten its slowness with time, so that it is tried again.

/** After this time a value counts for e^-1 of itself. */
const DECAY_US = 10e6;

export class PeakEwma {
  #value = 0;
  #atUs = 0;
  #measured = false;

  /** False until the first observation. */
  get measured(): boolean {
    return this.#measured;
  }

  observe(value: number, now: number): void {
    const kept = Math.exp(-Math.max(0, now - this.#atUs) / DECAY_US);
    this.#value = value > this.#value ? value : this.#value * kept + value * (1 - kept);
    this.#atUs = now;
    this.#measured = true;
  }

  /** What it is now: less, the longer nobody observed anything. */
  at(now: number): number {
    return this.#value * Math.exp(-Math.max(0, now - this.#atUs) / DECAY_US);
  }
}
