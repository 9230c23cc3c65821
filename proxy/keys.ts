// Who is calling. Keys are known by the SHA-256 of their text only; the digest is computed for every request, so that no
// table of secrets stands in memory and the time of a lookup says nothing about how much of a key was right.

import { hash, timingSafeEqual } from 'node:crypto';
import type { KeyConfig } from '../schemas/config.ts';
import type { Caller } from './exchange.ts';
import { Patterns } from './patterns.ts';

interface Entry {
  readonly digest: Buffer;
  readonly caller: KnownCaller;
}

/** A caller with its patterns compiled. */
export interface KnownCaller extends Caller {
  readonly allowed: Patterns;
}

const MAX_KEY_CHARS = 4096;

export class Keyring {
  readonly #entries = new Map<string, Entry>();

  constructor(keys: readonly KeyConfig[]) {
    for (const { name, key, team, models } of keys) {
      const digest = digestOf(key);
      const caller = { keyId: name, team, models, allowed: new Patterns(models) };
      this.#entries.set(digest.toString('latin1'), { digest, caller });
    }
  }

  /** Without keys everybody may call; the start refuses that on an address other machines reach. */
  get open(): boolean {
    return this.#entries.size === 0;
  }

  find(key: string): KnownCaller | undefined {
    if (key === '' || key.length > MAX_KEY_CHARS) return undefined;
    const digest = digestOf(key);
    const entry = this.#entries.get(digest.toString('latin1'));
    return entry !== undefined && timingSafeEqual(entry.digest, digest) ? entry.caller : undefined;
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
