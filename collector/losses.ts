// What the proxies that report here had to give up, by process: each says its totals again and again.

import { LOSSES, LOSSES_EVENT, type Loss } from '../schemas/losses.ts';
import { asCount, asText } from './processors/text.ts';
import type { DecodedLog } from './receivers/model.ts';

type Totals = Readonly<Record<Loss, number>>;

/** Processes known apart; of older ones the sum is kept. */
const MAX_PROCESSES = 1_000;
const MAX_ID = 256;

export class Losses {
  readonly #processes = new Map<string, Totals>();
  #older: Totals = totals(() => 0);

  /** Takes a record that tells of losses. False for any other. */
  take({ eventName, origin, attributes }: DecodedLog): boolean {
    if (eventName !== LOSSES_EVENT) return false;
    const id = asText(origin.resource.get('service.instance.id') ?? '').slice(0, MAX_ID);
    const said = totals((loss) => asCount(attributes.get(loss) ?? 0, Number.MAX_SAFE_INTEGER) ?? 0);
    const known = this.#processes.get(id);
    // One that is late must not take anything back.
    this.#processes.set(id, known ? totals((loss) => Math.max(said[loss], known[loss])) : said);
    if (this.#processes.size > MAX_PROCESSES) this.#forgetOldest();
    return true;
  }

  /** Of all proxies together, by reason; nothing where nobody said anything. */
  get all(): Record<string, number> {
    if (this.#processes.size === 0) return {};
    const every = [this.#older, ...this.#processes.values()];
    const sum = (loss: Loss) => every.reduce((total, each) => total + each[loss], 0);
    return Object.fromEntries(LOSSES.map((loss) => [`proxy_${loss}`, sum(loss)]));
  }

  #forgetOldest(): void {
    const [oldest] = this.#processes;
    if (!oldest) return;
    const [id, said] = oldest;
    const before = this.#older;
    this.#older = totals((loss) => before[loss] + said[loss]);
    this.#processes.delete(id);
  }
}

function totals(count: (loss: Loss) => number): Totals {
  return Object.fromEntries(LOSSES.map((loss) => [loss, count(loss)])) as Record<Loss, number>;
}
