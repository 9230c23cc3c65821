// The colours of this browser's series, remembered so that a model looks the same on every page and after a reload.
import { assign } from './lib/colour.ts';
import { store } from './view.svelte.ts';

const NAME = 'colours';
let table: ReadonlyMap<string, number> | undefined;

function known(): ReadonlyMap<string, number> {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(`signalbox.${NAME}`) ?? '[]');
    return new Map(Array.isArray(saved) ? (saved as [string, number][]) : []);
  } catch {
    return new Map();
  }
}

/** CSS colours for these names, by name. */
export function coloursOf(names: readonly string[]): ReadonlyMap<string, string> {
  table ??= known();
  if (names.some((name) => !table?.has(name))) {
    table = assign(names, table);
    store(NAME, JSON.stringify([...table].slice(-200)));
  }
  return new Map(names.map((name) => [name, `var(--s-${table?.get(name) ?? 9})`]));
}
