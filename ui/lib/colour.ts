// One colour for each model, provider or route, the same on every page: a stable hash picks the slot, and a name whose
// slot is taken takes the next one that fewest others have.

export const SERIES_COLOURS = 10;

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

/** Adds names to the table, in their order; those already in it keep their slot. */
export function assign(names: readonly string[], table: ReadonlyMap<string, number>): Map<string, number> {
  const next = new Map(table);
  const taken = Array.from({ length: SERIES_COLOURS }, () => 0);
  for (const slot of next.values()) taken[slot] = (taken[slot] ?? 0) + 1;
  for (const name of names) {
    if (next.has(name)) continue;
    const first = hash(name) % SERIES_COLOURS;
    const slots = Array.from({ length: SERIES_COLOURS }, (_, index) => (first + index) % SERIES_COLOURS);
    const least = Math.min(...taken);
    const slot = slots.find((one) => taken[one] === least) ?? first;
    taken[slot] = (taken[slot] ?? 0) + 1;
    next.set(name, slot);
  }
  return next;
}
