// Keeps the store's dictionaries small. A column of few values (models, routes, names) takes 10,000 different ones a
// day; a sender that writes ids into span names gets `__other__` from then on, and everybody else notices nothing.

import type { SpanRow } from '../../schemas/span.ts';
import type { Item, Processor, ProcessorOptions } from './types.ts';

const COLUMNS = [
  'team', 'name', 'op', 'service', 'env', 'provider', 'model', 'model_returned', 'deployment', 'route', 'prompt_name',
  'prompt_version', 'key_id', 'error_type', 'outcome', 'finish_reason', 'price_id',
] as const satisfies readonly (keyof SpanRow)[]; // prettier-ignore

const MAX_VALUES = 10_000;
const MAX_LENGTH = 256;
const PERIOD_MS = 86_400_000;
const OTHER = '__other__';

export const cardinality: Processor = {
  id: 'cardinality',
  summary: 'Bounds the number of different values a column takes',
  create: (options) => {
    const guard = new Guard(options);
    return (item) => guard.check(item);
  },
};

class Guard {
  readonly #options: ProcessorOptions;
  readonly #columns = COLUMNS.map(() => new Set<string>());
  readonly #keys = new Set<string>();
  readonly #tools = new Set<string>();
  #until: number;

  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#until = options.now() + PERIOD_MS;
  }

  check({ row, io }: Item): void {
    if (row.ts_received >= this.#until) this.#forget(row.ts_received);
    for (const [at, column] of COLUMNS.entries()) {
      const value = row[column];
      const seen = this.#columns[at];
      if (value !== '' && seen && !this.#admits(seen, value)) row[column] = OTHER;
    }
    if (io) io.team = row.team;
    row.attrs = this.#checkKeys(row.attrs);
    row.tags = this.#checkKeys(row.tags);
    if (row.tools_called.length > 0) {
      row.tools_called = row.tools_called.map((tool) => (this.#admits(this.#tools, tool) ? tool : OTHER));
    }
  }

  #admits(seen: Set<string>, value: string): boolean {
    if (seen.has(value)) return true;
    if (seen.size < MAX_VALUES && value.length <= MAX_LENGTH) {
      seen.add(value);
      return true;
    }
    this.#options.count('cardinality');
    return false;
  }

  /** Attributes whose names are one too many share one name; the last one's value stays. */
  #checkKeys(record: Record<string, string>): Record<string, string> {
    let refused = false;
    for (const key in record) if (!this.#admits(this.#keys, key)) refused = true;
    if (!refused) return record;
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [this.#keys.has(key) ? key : OTHER, value]));
  }

  #forget(now: number): void {
    for (const seen of [...this.#columns, this.#keys, this.#tools]) seen.clear();
    this.#until = now + PERIOD_MS;
  }
}
