// Which spans were received lately. Senders repeat a batch when its answer got lost; the second copy is left out here,
// before the queue. Two generations of open-addressing tables over typed arrays: when the young one has its fill it
// becomes the old one, so the last one to two million ids are known and memory never grows.

/** Ids a generation holds. */
const GENERATION = 1_048_576;
const PROBES = 64;

class Generation {
  readonly #mask: number;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  size = 0;

  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
  }

  has(low: number, high: number): boolean {
    for (let probe = 0, slot = low & this.#mask; probe < PROBES; probe++, slot = (slot + 1) & this.#mask) {
      if (this.#low[slot] === low && this.#high[slot] === high) return true;
      if (this.#low[slot] === 0 && this.#high[slot] === 0) return false;
    }
    return false;
  }

  /** False when there is no room near the hash's place. */
  add(low: number, high: number): boolean {
    for (let probe = 0, slot = low & this.#mask; probe < PROBES; probe++, slot = (slot + 1) & this.#mask) {
      if (this.#low[slot] !== 0 || this.#high[slot] !== 0) continue;
      this.#low[slot] = low;
      this.#high[slot] = high;
      this.size++;
      return true;
    }
    return false;
  }
}

/** Remembers ids by 64-bit hashes: among two million ids, one in ten million is taken for another. */
export class Duplicates {
  readonly #limit: number;
  readonly #seed: number;
  #young: Generation;
  #old: Generation;
  #low = 0;
  #high = 0;

  /** @param limit ids a generation holds, a power of two */
  constructor(limit = GENERATION) {
    this.#limit = limit;
    this.#seed = Math.floor(Math.random() * 2 ** 32);
    this.#young = new Generation(limit * 2);
    this.#old = new Generation(limit * 2);
  }

  has(id: string): boolean {
    this.#hash(id);
    return this.#young.has(this.#low, this.#high) || this.#old.has(this.#low, this.#high);
  }

  add(id: string): void {
    this.#hash(id);
    if (this.#young.size < this.#limit && this.#young.add(this.#low, this.#high)) return;
    this.#old = this.#young;
    this.#young = new Generation(this.#limit * 2);
    this.#young.add(this.#low, this.#high);
  }

  /** Two 32-bit multiplicative hashes with a finish; the seed keeps senders from choosing collisions. */
  #hash(id: string): void {
    let low = this.#seed ^ id.length;
    let high = ~this.#seed;
    for (let at = 0; at < id.length; at++) {
      const code = id.charCodeAt(at);
      low = Math.imul(low ^ code, 0x9e3779b1);
      low = (low << 13) | (low >>> 19);
      high = Math.imul(high ^ code, 0x85ebca77);
      high = (high << 15) | (high >>> 17);
    }
    low = Math.imul(low ^ (high >>> 15), 0xc2b2ae3d);
    high = Math.imul(high ^ (low >>> 13), 0x27d4eb2f);
    this.#low = (low ^ (low >>> 16)) >>> 0;
    // Both zero is how an empty slot looks.
    this.#high = (high ^ (high >>> 15)) >>> 0 || 1;
  }
}
