// Bills that a provider repeats with every look at them (a finished batch): the first one on this machine counts. A file
// a bill, made so that only one of several workers can make it, and a restart changes nothing.

import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Providers forget batches after 30 days. */
const KEPT_MS = 45 * 86_400_000;

export class Once {
  readonly #dir: string;

  /** @param dir made when it is needed */
  constructor(dir: string) {
    this.#dir = dir;
    this.#forget();
  }

  /** True for the first who asks for this name. */
  claim(name: string): boolean {
    mkdirSync(this.#dir, { recursive: true });
    try {
      closeSync(openSync(join(this.#dir, createHash('sha256').update(name).digest('hex')), 'wx'));
      return true;
    } catch (error) {
      // A disk that takes no file is no reason to leave a bill out.
      return (error as NodeJS.ErrnoException).code !== 'EEXIST';
    }
  }

  #forget(): void {
    try {
      for (const file of readdirSync(this.#dir)) {
        const path = join(this.#dir, file);
        if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true });
      }
    } catch {
      // There is no such folder yet, or another worker was faster.
    }
  }
}
