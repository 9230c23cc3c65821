// One colour for each model, provider or route, the same on every page: a stable hash picks the slot, and a name whose
// slot is taken takes the next free one.

export const SERIES_COLOURS = 10;

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

/** Adds names to the table; those already in it keep their slot. When all slots are taken, the hash alone decides. */
export function assign(names: readonly string[], table: ReadonlyMap<string, number>): Map<string, number> {
  const next = new Map(table);
  for (const name of [...new Set(names)].sort()) {
    if (next.has(name)) continue;
    const taken = new Set(next.values());
    const first = hash(name) % SERIES_COLOURS;
    const free = Array.from({ length: SERIES_COLOURS }, (_, index) => (first + index) % SERIES_COLOURS);
    next.set(name, free.find((slot) => !taken.has(slot)) ?? first);
  }
  return next;
}
