// Who is calling. Keys are known by a salted SHA-256 of their text only, which is computed for every request: no table of
// secrets stands in memory. The lookup compares digests, and nobody outside can choose one: how long it takes says
// nothing about how much of a key was right, so that no comparison of constant time is needed behind it.

import { hash, randomBytes } from 'node:crypto';
import type { KeyConfig } from '../schemas/config.ts';
import type { Caller } from './exchange.ts';
import { Patterns } from './patterns.ts';

/** A caller with its patterns compiled. */
export interface KnownCaller extends Caller {
  readonly allowed: Patterns;
}

const MAX_KEY_CHARS = 4096;

export class Keyring {
  readonly #salt = randomBytes(16).toString('latin1');
  readonly #callers = new Map<string, KnownCaller>();

  constructor(keys: readonly KeyConfig[]) {
    for (const { name, key, team, models } of keys) {
      const caller = { keyId: name, team, models, allowed: new Patterns(models) };
      this.#callers.set(this.#digest(key), caller);
    }
  }

  /** Without keys everybody may call; the start refuses that on an address other machines reach. */
  get open(): boolean {
    return this.#callers.size === 0;
  }

  find(key: string): KnownCaller | undefined {
    return key === '' || key.length > MAX_KEY_CHARS ? undefined : this.#callers.get(this.#digest(key));
  }

  #digest(key: string): string {
    return hash('sha256', this.#salt + key, 'latin1');
  }
}
