// Where records end that the collector will never take: a bounded file of JSON lines, for a person to look at.

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LARGEST = 32 * 1024 * 1024;

export class Quarantine {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Returns the file's path; '' when not even that could be written. */
  keep(entry: Readonly<Record<string, unknown>>): string {
    const path = join(this.#dir, 'spans.jsonl');
    try {
      mkdirSync(this.#dir, { recursive: true });
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGEST) renameSync(path, `${path}.old`);
      appendFileSync(path, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
      return path;
    } catch {
      return '';
    }
  }
}
