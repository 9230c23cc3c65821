// Rows that the store refuses for what they are: set aside in a file with the reason, for a person to look at.

import { mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncodedBatch } from '../component.ts';
import { decodeBatch } from './codec.ts';

/** Files kept; the oldest goes first. */
const MAX_FILES = 200;

export interface Poison {
  readonly rows: EncodedBatch;
  readonly reason: string;
}

export class Quarantine {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  /** One file a batch, named by its token: the same batch after a crash writes the same file. */
  keep(token: string, poison: readonly Poison[]): void {
    const lines = poison.flatMap(({ rows, reason }) =>
      Object.entries(decodeBatch(rows)).flatMap(([table, decoded]) =>
        decoded.length === 0 ? [] : [`${JSON.stringify({ table, reason, rows: linesOf(decoded) })}\n`],
      ),
    );
    writeFileSync(join(this.#dir, `${token.replaceAll(/[^\w.-]/g, '_')}.jsonl`), lines.join(''));
    const files = readdirSync(this.#dir).sort();
    for (const name of files.slice(0, Math.max(0, files.length - MAX_FILES))) unlinkSync(join(this.#dir, name));
  }
}

/** A line of JSON a row. */
function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
